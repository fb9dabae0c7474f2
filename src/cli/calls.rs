//! `attendant calls`: past calls, from the store and from journals that are not in it yet.

mod costs;
mod list;
mod waterfall;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::origin::Origin;
use super::{Exit, Failure};
use crate::records::Past;
use crate::store::History;
use crate::store::audit::{Action, Note};

/// List past calls, or show one: what was said, where the time of each turn went, and what it cost.
#[derive(Debug, Args)]
pub(super) struct Calls {
    #[command(flatten)]
    origin: Origin,
    /// Folder of journals to read, and no store.
    #[arg(long, global = true, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    /// List at most so many calls, newest first.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    #[command(subcommand)]
    command: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show one call.
    Show {
        /// The call's id, or how it begins or ends.
        id: String,
    },
}

impl Calls {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        super::runtime()?.block_on(async {
            let (history, place) = super::past::history(&self.origin, self.records.as_deref()).await?;
            match self.command {
                None => list(&history, &place, self.limit, self.json).await,
                Some(What::Show { id }) => show(&history, &place, &id, self.json).await,
            }
        })
    }
}

async fn list(history: &History, place: &str, limit: usize, json: bool) -> Result<Exit, Failure> {
    let calls = history.newest(limit).await.map_err(super::past::failure)?;
    let rows: Vec<list::Row> = calls.iter().map(list::Row::of).collect();
    if json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        println!("no calls in {place}");
    } else {
        print!("{}", list::table(&rows));
    }
    Ok(Exit::Done)
}

async fn show(history: &History, place: &str, id: &str, json: bool) -> Result<Exit, Failure> {
    let found = history.find(id).await.map_err(super::past::failure)?;
    let past: &Past = match found.as_slice() {
        [one] => one,
        [] => return Err(Failure::usage(anyhow!("no call `{id}` in {place}; `attendant calls` lists them"))),
        many => {
            return Err(Failure::usage(anyhow!("{} calls begin or end with `{id}`; give more of the id", many.len())));
        }
    };
    // Nobody reads what is not noted.
    if let Some(store) = history.store() {
        let note = Note::new(&super::actor(), Action::CallRead, &past.call, "done");
        store.note(&note).await.map_err(super::store_failure)?;
    }
    if json {
        print_json(&past.entries)?;
    } else {
        print!("{}", waterfall::call(past, usize::from(console::Term::stdout().size().1).clamp(60, 120)));
    }
    Ok(Exit::Done)
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Failure::internal)?);
    Ok(())
}
