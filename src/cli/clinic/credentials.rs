//! `attendant clinic credentials`: the account at a clinic's EMR, kept sealed in the store. Neither name nor password is ever an argument, nor printed.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Subcommand;

use super::super::{Exit, Failure, actor, start_failure, store_failure};
use super::{known, runtime};
use crate::clinic::Clinic;
use crate::config::{Config, Secret, SecretSource};
use crate::emr::Login;
use crate::server;

#[derive(Debug, Subcommand)]
pub(super) enum Credentials {
    /// Keep the name and the password of the clinic's account at its EMR, sealed by the store's keys. Running servers take it up when they are started again.
    ///
    /// They are read from standard input, a line each, unless a source is named for one or both.
    Set {
        /// The clinic's id.
        id: String,
        /// Where the name is: env:VARIABLE or file:PATH.
        #[arg(long, value_name = "SOURCE")]
        user: Option<String>,
        /// Where the password is: env:VARIABLE or file:PATH.
        #[arg(long, value_name = "SOURCE")]
        password: Option<String>,
    },
    /// Say where the account is kept, and who set it.
    Show {
        /// The clinic's id.
        id: String,
    },
    /// Take the account out of the store.
    Remove {
        /// The clinic's id.
        id: String,
    },
}

/// Of `env:NAME` or `file:PATH`. Not the command line's own parser's business, which would show what it refuses.
fn source(text: &str) -> Result<SecretSource, String> {
    match text.split_once(':') {
        Some(("env", name)) => Ok(SecretSource { env: Some(name.to_owned()), file: None }),
        Some(("file", path)) => Ok(SecretSource { env: None, file: Some(PathBuf::from(path)) }),
        // It may be the secret itself, and is not shown.
        Some(_) | None => Err("write env:VARIABLE or file:PATH; the secret itself is no argument".to_owned()),
    }
}

pub(super) fn run(config: &Config, command: Credentials, json: bool) -> Result<Exit, Failure> {
    match command {
        Credentials::Set { id, user, password } => set(config, &id, user, password),
        Credentials::Show { id } => show(config, &id, json),
        Credentials::Remove { id } => remove(config, &id),
    }
}

fn set(config: &Config, id: &str, user: Option<String>, password: Option<String>) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let (store, known) = known(config, id).await?;
        let clinic = super::read(&known)?;
        let named = is_named(&clinic, id)?;
        let login = Login { user: secret("user", user)?, password: secret("password", password)? };
        if let Some(why) = login.weakness() {
            return Err(Failure::usage(anyhow!("the password is no protection: {why}")));
        }
        store.set_login(&login, &actor()).await.map_err(store_failure)?;
        // What cannot be opened again is worth nothing.
        let kept = store.login().await.map_err(store_failure)?;
        let kept = kept.ok_or_else(|| Failure::internal(anyhow!("the account is not in the store")))?;
        if store.open_login(&kept.sealed).map_err(store_failure)? != login {
            return Err(Failure::internal(anyhow!("the store gives back another account than it was given")));
        }
        println!("{id}: the account at the EMR is in the store, sealed by key {}", kept.key);
        if named {
            println!("the clinic's file names user and password as well, and those count: take them out of it, and import it again");
        }
        store.close().await;
        Ok(Exit::Done)
    })
}

fn show(config: &Config, id: &str, json: bool) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let (store, known) = known(config, id).await?;
        let clinic = super::read(&known)?;
        is_named(&clinic, id)?;
        let found = server::login(&clinic, Some(&store), &server::config_of(config, id).records.folder())
            .await
            .map_err(start_failure)?;
        let place = found.map(|(_, place)| place.to_string()).unwrap_or_default();
        if json {
            println!("{}", serde_json::json!({ "clinic": id, "account": place }));
        } else {
            println!("{id}: {place}");
        }
        store.close().await;
        Ok(Exit::Done)
    })
}

fn remove(config: &Config, id: &str) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let (store, _) = known(config, id).await?;
        let was_there = store.remove_login(&actor()).await.map_err(store_failure)?;
        println!("{id}: {}", if was_there { "the account is out of the store" } else { "there was none in the store" });
        store.close().await;
        Ok(Exit::Done)
    })
}

/// Whether the clinic's file says where its account is; only one with an EMR across a network has an account at all.
fn is_named(clinic: &Clinic, id: &str) -> Result<bool, Failure> {
    let oscar = clinic.config.emr.as_ref().and_then(|emr| emr.oscar.as_ref());
    let none = || anyhow!("the file of clinic `{id}` has no [emr.oscar], so it has no account; see docs/oscar.md");
    Ok(oscar.ok_or_else(|| Failure::usage(none()))?.user.is_some())
}

/// From its source, or the next line of standard input; typed passwords are not shown.
fn secret(what: &str, named: Option<String>) -> Result<Secret, Failure> {
    if let Some(named) = named {
        let read = source(&named).and_then(|source| source.read());
        return read.map_err(|why| Failure::usage(anyhow!("{what}: {why}")));
    }
    let typed = if std::io::stdin().is_terminal() {
        eprint!("{what}: ");
        let terminal = console::Term::stderr();
        if what == "password" { terminal.read_secure_line() } else { terminal.read_line() }
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    let typed = typed.map_err(|error| Failure::usage(anyhow!("{what}: standard input cannot be read: {error}")))?;
    let typed = typed.trim();
    if typed.is_empty() {
        let why = "write the account's name and its password to standard input, a line each, or name a source";
        return Err(Failure::usage(anyhow!("{what}: empty; {why}")));
    }
    Ok(Secret::new(typed.to_owned()))
}
