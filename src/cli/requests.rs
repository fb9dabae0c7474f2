//! `attendant requests`: who waits to be registered or for an appointment, and which writes to the book nobody is sure of.

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::messages::{one, read, told};
use super::origin::Whose;
use super::{Exit, Failure, actor, runtime, store_failure};
use crate::clock;
use crate::store::Store;
use crate::store::requests::{Moved, Request, State, Which};

/// Print what somebody at the clinic has to do for a person, who waits longest first, and say how far it is: registrations, the waiting list, and bookings that are
/// not certain. That it was read is written down in the audit, and so is each step.
#[derive(Debug, Args)]
pub(super) struct Requests {
    #[command(flatten)]
    whose: Whose,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
    /// Those too that are over: registered, settled, cancelled.
    #[arg(long)]
    all: bool,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the requests: what happens without a command.
    List,
    /// Say how far a request is.
    Set {
        /// The request's id, or how it begins.
        id: String,
        /// Bookings that are not certain are settled, all others registered.
        state: State,
    },
}

impl Requests {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        runtime()?.block_on(async {
            let (history, _) = super::past::history(&self.whose, None).await?;
            let none = || {
                Failure::usage(anyhow!(
                    "there is no store yet, or store.enabled is false: nothing is known of requests"
                ))
            };
            let store = history.store().cloned().ok_or_else(none)?;
            let done = match &self.command {
                None | Some(What::List) => self.list(&store).await,
                Some(What::Set { id, state }) => self.set(&store, id, *state).await,
            };
            store.close().await;
            done
        })
    }

    async fn list(&self, store: &Store) -> Result<Exit, Failure> {
        let which = if self.all { Which::All } else { Which::Open };
        let (requests, closed) = store.requests(which, self.limit).await.map_err(store_failure)?;
        // Nobody reads what is not noted.
        if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
            read(store, &format!("requests {} to {}", first.message.id, last.message.id)).await?;
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&requests).map_err(Failure::internal)?);
        } else if requests.is_empty() {
            println!("nobody waits for anything");
        } else {
            requests.iter().for_each(|request| print!("{}", line(request)));
        }
        closed.iter().for_each(|what| eprintln!("not shown: {what}"));
        Ok(if closed.is_empty() { Exit::Done } else { Exit::Found })
    }

    async fn set(&self, store: &Store, id: &str, to: State) -> Result<Exit, Failure> {
        let message = one(store, id).await?;
        let moved = store.move_request(&message.id, to, &actor(), clock::now().as_millisecond()).await;
        let moved = moved.map_err(store_failure)?;
        let (said, exit) = match moved {
            Moved::Now => (format!("is {}", to.word()), Exit::Done),
            Moved::Before => (format!("was {} before, or somebody else was quicker", to.word()), Exit::Done),
            Moved::Unknown => ("is no request: see `attendant messages`".to_owned(), Exit::Found),
            Moved::Unfit => {
                let kind = message.kind.word();
                return Err(Failure::usage(anyhow!(
                    "{}: {kind} is never {}; write another state",
                    message.id,
                    to.word()
                )));
            }
        };
        if self.json {
            println!("{}", serde_json::json!({ "request": message.id, "now": moved == Moved::Now }));
        } else {
            println!("{} {said}", message.id);
        }
        Ok(exit)
    }
}

/// What it is and how far, then who it is about and what is to be done.
fn line(Request { message, state, said }: &Request) -> String {
    let said =
        said.as_ref().map_or_else(String::new, |(at, by)| format!(", {} UTC by {by}", told::minute(&told::stamp(*at))));
    let (kind, at, text) =
        (message.kind.word(), told::minute(&message.at), message.text.reveal().replace('\n', "\n    "));
    let (name, number) = (message.name.reveal(), message.number.reveal());
    format!(
        "{at} UTC  {kind}  {}{said}\n    {name}  {number}  {}  (call {})\n    {text}\n\n",
        state.word(),
        message.id,
        message.call
    )
}
