//! `attendant messages`: what callers asked to be told to somebody, and writes to the book of which the staff are to make sure.

pub(super) mod told;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::origin::Whose;
use super::{Exit, Failure, actor, runtime, store_failure};
use crate::agent::tools::Message;
use crate::clock;
use crate::store::Store;
use crate::store::acknowledged::{Acknowledged, Acknowledging};
use crate::store::audit::{Action, Note};

/// Print the messages that callers left for the staff, newest first, and acknowledge them. That they were read is written down in the audit.
#[derive(Debug, Args)]
pub(super) struct Messages {
    #[command(flatten)]
    whose: Whose,
    /// Folder of records to read, and no store.
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the newest messages: what happens without a command.
    List,
    /// Print a message, and who was told of it.
    Show {
        /// The message's id, or how it begins.
        id: String,
    },
    /// Say that somebody sees to these messages: nobody else is told of them.
    Ack {
        /// Ids of messages, or how they begin.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// A message as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    message: &'a Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<told::By>,
}

impl Messages {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        runtime()?.block_on(async {
            match &self.command {
                None | Some(What::List) => self.list().await,
                Some(What::Show { id }) => self.show(id).await,
                Some(What::Ack { ids }) => self.acknowledge(ids).await,
            }
        })
    }

    async fn list(&self) -> Result<Exit, Failure> {
        let (history, place) = super::past::history(&self.whose, self.records.as_deref()).await?;
        let (messages, closed) = history.messages(self.limit).await.map_err(super::past::failure)?;
        let mut acknowledged = std::collections::BTreeMap::new();
        // Nobody reads what is not noted.
        if let (Some(store), false) = (history.store(), messages.is_empty()) {
            let (newest, oldest) = (&messages[0].id, &messages[messages.len() - 1].id);
            read(store, &format!("{oldest} to {newest}")).await?;
            let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
            acknowledged = store.acknowledgements(&ids).await.map_err(store_failure)?;
        }
        if self.json {
            let listed = messages
                .iter()
                .map(|message| Listed { message, acknowledged: acknowledged.get(&message.id).map(told::by) });
            let all: Vec<Listed<'_>> = listed.collect();
            println!("{}", serde_json::to_string_pretty(&all).map_err(Failure::internal)?);
        } else if messages.is_empty() {
            println!("no messages in {place}");
        } else {
            messages.iter().for_each(|message| print!("{}", told::message(message, acknowledged.get(&message.id))));
        }
        closed.iter().for_each(|what| eprintln!("not shown: {what}"));
        Ok(if closed.is_empty() { Exit::Done } else { Exit::Found })
    }

    async fn show(&self, id: &str) -> Result<Exit, Failure> {
        let store = self.store().await?;
        let message = one(&store, id).await?;
        read(&store, &message.id).await?;
        let acknowledged = store.acknowledgements(&[&message.id]).await.map_err(store_failure)?.remove(&message.id);
        let notices = store.notices_of(&message.id).await.map_err(store_failure)?;
        if self.json {
            let listed = Listed { message: &message, acknowledged: acknowledged.as_ref().map(told::by) };
            let mut all = serde_json::to_value(&listed).map_err(Failure::internal)?;
            all["notices"] = notices.iter().map(told::notice_json).collect();
            println!("{}", serde_json::to_string_pretty(&all).map_err(Failure::internal)?);
        } else {
            print!("{}{}", told::message(&message, acknowledged.as_ref()), told::notices(&notices));
        }
        store.close().await;
        Ok(Exit::Done)
    }

    async fn acknowledge(&self, ids: &[String]) -> Result<Exit, Failure> {
        let store = self.store().await?;
        let mut exit = Exit::Done;
        for id in ids {
            let message = one(&store, id).await?;
            let by = actor();
            let done = store.acknowledge(&message.id, &by, clock::now().as_millisecond()).await;
            let done = done.map_err(store_failure)?;
            let said = match &done {
                Acknowledging::Now => "acknowledged".to_owned(),
                Acknowledging::Before(Acknowledged { at_ms, by }) => {
                    format!("was acknowledged before, at {} by {by}", told::stamp(*at_ms))
                }
                Acknowledging::Unknown => {
                    exit = Exit::Found;
                    "is gone".to_owned()
                }
            };
            if self.json {
                println!("{}", serde_json::json!({ "message": message.id, "now": done == Acknowledging::Now }));
            } else {
                println!("{} {said}", message.id);
            }
        }
        store.close().await;
        Ok(exit)
    }

    /// What is acknowledged, and who was told, is in the store alone.
    async fn store(&self) -> Result<Store, Failure> {
        if self.records.is_some() {
            let why = "--records reads files, and who was told of a message is in the store: leave it out";
            return Err(Failure::usage(anyhow!(why)));
        }
        let (history, _) = super::past::history(&self.whose, None).await?;
        let none = || {
            let why = "there is no store yet, or store.enabled is false: messages are files, and are not acknowledged";
            Failure::usage(anyhow!(why))
        };
        history.store().cloned().ok_or_else(none)
    }
}

pub(super) async fn read(store: &Store, subject: &str) -> Result<(), Failure> {
    let note = Note::new(&actor(), Action::MessagesRead, subject, "done");
    store.note(&note).await.map_err(store_failure)
}

/// The one message whose id begins so.
pub(super) async fn one(store: &Store, id: &str) -> Result<Message, Failure> {
    let mut found = store.messages_like(id).await.map_err(store_failure)?;
    match (found.pop(), found.is_empty()) {
        (Some(message), true) => Ok(message),
        (Some(_), false) => Err(Failure::usage(anyhow!("several messages begin with `{id}`; write more of the id"))),
        (None, _) => Err(Failure::usage(anyhow!(
            "no message begins with `{id}` in the store; one that was left this minute may still be on its way there"
        ))),
    }
}
