//! `attendant clinic`: from a clinic's file to a clinic that takes calls.

mod credentials;
mod switching;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::origin::Origin;
use super::{Exit, Failure, actor, runtime, start_failure, store_failure};
use crate::clinic::{Clinic, ClinicError, Tenant};
use crate::clock;
use crate::config::Config;
use crate::onboarding::{self, About, Gate, Outcome};
use crate::server::{self, Speech};
use crate::store::Store;
use crate::store::clinics::switch::{Position, Switch};
use crate::store::clinics::{Known, State, fingerprint};

/// Put clinics into the store, look whether they may take calls, and take them off the telephone.
#[derive(Debug, Args)]
pub(super) struct Clinics {
    #[command(flatten)]
    origin: Origin,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put a new clinic's file into the store. It takes calls once it has passed its gates: `check` looks at them, and so does `serve`.
    Add {
        /// The clinic's TOML file, as agents/sample-clinic.toml.
        file: PathBuf,
    },
    /// Put files of clinics into the store, new ones and in place of those that are there. A file that was changed has to pass anew.
    Import {
        /// TOML files. One that cannot be used hinders all.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the clinics in the store.
    List,
    /// Show what the store knows of a clinic, and what was seen last at each of its gates.
    Show {
        /// The clinic's id.
        id: String,
    },
    /// Look at every gate of a clinic: what was seen, and how to mend what is wrong. Takes some seconds.
    ///
    /// Each of its languages is spoken and listened to, and its EMR is logged in to and asked; nothing is written there. Hosted providers charge for three words in
    /// each language. Once all gates have passed, the clinic takes calls, and goes on to: what fails later is told and closes nothing.
    Check {
        /// The clinic's id.
        id: String,
    },
    /// Pass all calls of a clinic on to its own line, from the next one on, until it is enabled. Calls going on are left alone.
    ///
    /// While the database is away a file in the clinic's folder of records says so, and the database takes it over when it is back.
    Disable {
        /// The clinic's id.
        id: String,
    },
    /// Undo `disable`.
    Enable {
        /// The clinic's id.
        id: String,
    },
    /// Keep the account at a clinic's EMR in the store, sealed.
    Credentials {
        #[command(subcommand)]
        command: credentials::Credentials,
    },
}

impl Clinics {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.origin.load()?;
        match self.command {
            What::Add { file } => add(&config, &file, self.json),
            What::Import { files } => import(&config, &files, self.json),
            What::List => list(&config, self.json),
            What::Show { id } => show(&config, &id, self.json),
            What::Check { id } => check(&config, &id, self.json),
            What::Disable { id } => switching::switch(&config, &id, Position::Off, self.json),
            What::Enable { id } => switching::switch(&config, &id, Position::On, self.json),
            What::Credentials { command } => credentials::run(&config, command, self.json),
        }
    }
}

/// A clinic's store, made ready.
async fn open(config: &Config, clinic: &Tenant) -> Result<Store, Failure> {
    let store = server::store_of(config, clinic).map_err(start_failure)?.ok_or_else(|| {
        Failure::usage(anyhow!(
            "store.enabled is false, and clinics are kept in the store: set it to true, or leave it out"
        ))
    })?;
    store.make_ready().await.map_err(store_failure)?;
    Ok(store)
}

/// Every clinic that the store knows, whatever has become of its file.
async fn all(config: &Config) -> Result<Vec<Known>, Failure> {
    let store = open(config, &Tenant::nobody()).await?;
    let mut all = store.roster().all().await.map_err(store_failure)?;
    store.close().await;
    for served in server::served(config).unwrap_or_default() {
        let id = &served.clinic.config.id;
        let off = Switch::of(&served.config.records.folder()).off(id);
        // Before the store has taken it over.
        if let (Some(note), Some(known)) = (off, all.iter_mut().find(|known| known.id == *id)) {
            known.state = State::Disabled;
            known.disabled.get_or_insert((note.at_ms, note.actor));
        }
    }
    Ok(all)
}

/// What the store knows of the clinic of this id, and its own store.
async fn known(config: &Config, id: &str) -> Result<(Store, Known), Failure> {
    let found = all(config).await?.into_iter().find(|known| known.id == id);
    let known = found.ok_or_else(|| {
        Failure::usage(anyhow!(
            "no clinic `{id}` in the store; `attendant clinic list` lists them, `attendant clinic add FILE` adds one"
        ))
    })?;
    Ok((open(config, &known.tenant).await?, known))
}

/// The clinic of the file in the store.
fn read(known: &Known) -> Result<Clinic, Failure> {
    Clinic::of(&known.file, &format!("the file of {} in the store", known.id)).map_err(Failure::usage)
}

fn add(config: &Config, file: &Path, json: bool) -> Result<Exit, Failure> {
    let clinic = Clinic::load(file).map_err(Failure::usage)?;
    runtime()?.block_on(async {
        let store = open(config, clinic.tenant()).await?;
        let all = store.roster().all().await.map_err(store_failure)?;
        if all.iter().any(|known| known.id == clinic.config.id) {
            return Err(Failure::usage(anyhow!(
                "clinic `{}` is in the store already; `attendant clinic import {}` puts this file in its place",
                clinic.config.id,
                file.display()
            )));
        }
        put(&store, &clinic, json).await
    })
}

fn import(config: &Config, files: &[PathBuf], json: bool) -> Result<Exit, Failure> {
    let clinics = loaded(files).map_err(Failure::usage)?;
    runtime()?.block_on(async {
        for clinic in &clinics {
            let store = open(config, clinic.tenant()).await?;
            put(&store, clinic, json).await?;
            store.close().await;
        }
        Ok(Exit::Done)
    })
}

/// All of them, or everything that is wrong with any.
fn loaded(files: &[PathBuf]) -> Result<Vec<Clinic>, ClinicError> {
    let (mut clinics, mut wrong): (Vec<Clinic>, Vec<String>) = (Vec::new(), Vec::new());
    let mut whose: BTreeMap<String, &Path> = BTreeMap::new();
    for file in files {
        match Clinic::load(file) {
            Ok(clinic) => {
                let id = clinic.config.id.clone();
                // The later one would take the place of the other without a word.
                if let Some(other) = whose.insert(id.clone(), file) {
                    let (file, other) = (file.display(), other.display());
                    wrong.push(format!("{file}: id: `{id}` is that of {other} too; give each clinic an id of its own"));
                }
                clinics.push(clinic);
            }
            Err(ClinicError(lines)) => wrong.extend(lines),
        }
    }
    if wrong.is_empty() { Ok(clinics) } else { Err(ClinicError(wrong)) }
}

async fn put(store: &Store, clinic: &Clinic, json: bool) -> Result<Exit, Failure> {
    let put = store.put_clinic(clinic, &actor()).await.map_err(store_failure)?;
    let facts = fingerprint(clinic.text());
    let state = store.clinic_state(&facts).await.map_err(store_failure)?.unwrap_or(State::Waiting);
    let id = &clinic.config.id;
    if json {
        println!("{}", serde_json::json!({ "clinic": id, "put": told::word(put), "state": state, "facts": facts }));
    } else {
        println!("{id} {}; {}", told::put(put), told::next(id, state));
    }
    Ok(Exit::Done)
}

fn list(config: &Config, json: bool) -> Result<Exit, Failure> {
    let all = runtime()?.block_on(all(config))?;
    if json {
        let rows: Vec<_> = all.iter().map(told::row).collect();
        println!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::internal)?);
    } else if all.is_empty() {
        println!("no clinics in the store; `attendant clinic add FILE` adds one");
    } else {
        print!("{}", told::list(&all));
    }
    // Of a configuration that cannot be read nobody knows whose it has.
    if let Ok(served) = server::served(config) {
        let configured: Vec<String> = served.into_iter().map(|one| one.clinic.config.id).collect();
        let ids: Vec<&str> = all.iter().map(|known| known.id.as_str()).collect();
        if let Some(warning) = told::left_out(&ids, &configured) {
            eprintln!("{warning}");
        }
    }
    Ok(Exit::Done)
}

fn show(config: &Config, id: &str, json: bool) -> Result<Exit, Failure> {
    let (known, gates) = runtime()?.block_on(async {
        let (store, known) = known(config, id).await?;
        let gates = store.gates(&known.facts).await.map_err(store_failure)?;
        Ok::<_, Failure>((known, gates))
    })?;
    if json {
        let mut row = told::row(&known);
        row["gates"] = told::gates(&gates);
        row["file"] = known.file.clone().into();
        println!("{}", serde_json::to_string_pretty(&row).map_err(Failure::internal)?);
        return Ok(Exit::Done);
    }
    let clinic = read(&known)?;
    print!("{}", told::clinic(&known, &clinic, clinic.local(clock::now()).date()));
    if gates.is_empty() {
        println!("\nNobody has looked at its gates yet.");
    } else {
        print!("\n{}", told::table(&gates));
    }
    Ok(Exit::Done)
}

fn check(config: &Config, id: &str, json: bool) -> Result<Exit, Failure> {
    let graph = config.agents.graph().map_err(Failure::usage)?;
    // Recognisers and voices work beside the one who asks them.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::internal)?;
    let (findings, state) = runtime.block_on(async {
        let (store, known) = known(config, id).await?;
        let clinic = read(&known)?;
        eprintln!("looking at {} gates of {id}", Gate::ALL.len());
        let own = server::config_of(config, id);
        let loading = own.clone();
        let loaded = tokio::task::spawn_blocking(move || Speech::load(&loading)).await.map_err(Failure::internal)?;
        let speech = loaded.map_err(start_failure)?;
        // Without an account the gates say so.
        let clinic = server::with_login(clinic.clone(), Some(&store), &own.records.folder()).await.unwrap_or(clinic);
        let about =
            About { clinic: &clinic, config: &own, graph: &graph, speech: speech.as_ref(), store: Some(&store) };
        let findings = onboarding::look(&about, &Gate::ALL, clock::now).await;
        let state = store.record_gates(&known.facts, &findings, &actor()).await.map_err(store_failure)?;
        store.close().await;
        Ok::<_, Failure>((findings, state))
    })?;
    let failed = findings.iter().filter(|finding| finding.outcome() == Outcome::Failed).count();
    if json {
        let told = serde_json::json!({ "clinic": id, "state": state, "gates": told::gates(&findings) });
        println!("{}", serde_json::to_string_pretty(&told).map_err(Failure::internal)?);
    } else {
        print!("{}\n{}\n", told::table(&findings), told::verdict(id, state, failed));
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_tells_of_every_file_what_is_wrong_and_of_two_that_are_one_clinic() {
        let folder = tempfile::tempdir().unwrap();
        let sample = include_str!("../../agents/sample-clinic.toml");
        let file = |name: &str, from: &str, to: &str| {
            let path = folder.path().join(name);
            assert!(sample.contains(from), "{from}");
            std::fs::write(&path, sample.replace(from, to)).unwrap();
            path
        };
        let good = file("good.toml", "id = \"harbour-street\"", "id = \"harbour-street\"");
        let same = file("same.toml", "V6B 1A1", "V6B 1A2");
        let lost = file("lost.toml", "America/Vancouver", "America/Nowhere");
        let local = file("local.toml", "numbers = [\"+16045550100\"]", "numbers = [\"5550100\"]");
        assert_eq!(loaded(std::slice::from_ref(&good)).unwrap().len(), 1);
        let ClinicError(told) = loaded(&[good, same, lost, local]).unwrap_err();
        for part in
            ["same.toml: id: `harbour-street` is that of", "lost.toml: timezone:", "local.toml: numbers: `5550100`"]
        {
            assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:?}");
        }
    }
}
