//! `attendant messages`: what callers asked to be told to somebody, and writes to the book of which the staff are to make sure.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::origin::Origin;
use super::{Exit, Failure};
use crate::agent::tools::Message;
use crate::store::audit::{Action, Note};

/// Print the messages that callers left for the staff, newest first. That they were read is written down in the audit.
#[derive(Debug, Args)]
pub(super) struct Messages {
    #[command(flatten)]
    origin: Origin,
    /// Folder of records to read, and no store.
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Messages {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        super::runtime()?.block_on(async {
            let (history, place) = super::past::history(&self.origin, self.records.as_deref()).await?;
            let (messages, closed) = history.messages(self.limit).await.map_err(super::past::failure)?;
            // Nobody reads what is not noted.
            if let (Some(store), false) = (history.store(), messages.is_empty()) {
                let (newest, oldest) = (&messages[0].id, &messages[messages.len() - 1].id);
                let note = Note::new(&super::actor(), Action::MessagesRead, &format!("{oldest} to {newest}"), "done");
                store.note(&note).await.map_err(super::store_failure)?;
            }
            if self.json {
                println!("{}", serde_json::to_string_pretty(&messages).map_err(Failure::internal)?);
            } else if messages.is_empty() {
                println!("no messages in {place}");
            } else {
                messages.iter().for_each(|message| print!("{}", told(message)));
            }
            closed.iter().for_each(|what| eprintln!("not shown: {what}"));
            Ok(if closed.is_empty() { Exit::Done } else { Exit::Found })
        })
    }
}

/// A message as a clinic's own staff read it.
fn told(message: &Message) -> String {
    let at: String = message.at.chars().take(16).collect::<String>().replace('T', " ");
    let mut out = String::new();
    // Writing to a String cannot fail.
    writeln!(out, "{at} UTC  {}  {}  (call {})", message.name.reveal(), message.number.reveal(), message.call)
        .and_then(|()| writeln!(out, "    {}\n", message.text.reveal()))
        .unwrap_or_default();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::privacy::Pii;

    #[test]
    fn a_message_says_who_is_to_be_called_back_and_why() {
        let pii = |text: &str| Pii::new(text.to_owned());
        let message = Message {
            id: "a1".to_owned(),
            at: "2026-11-21T18:00:00.250Z".to_owned(),
            call: CallId(uuid::Uuid::nil()),
            clinic: "c".to_owned(),
            caller: pii("+16045550177"),
            name: pii("Jane Roe"),
            number: pii("+16045550123"),
            text: pii("please call me"),
        };
        let wanted = "2026-11-21 18:00 UTC  Jane Roe  +16045550123  (call 00000000-0000-0000-0000-000000000000)\n    please call me\n\n";
        assert_eq!(told(&message), wanted);
    }
}
