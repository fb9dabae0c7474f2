//! `attendant calls`: past calls from their records.

mod costs;
mod list;
mod waterfall;

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};

use super::origin::Origin;
use super::{Exit, Failure};
use crate::records::{Library, Past};

/// List past calls, or show one: what was said, where the time of each turn went, and what it cost.
#[derive(Debug, Args)]
pub(super) struct Calls {
    #[command(flatten)]
    origin: Origin,
    /// Folder of records, instead of the configured one.
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
        let root = match self.records {
            Some(folder) => folder,
            None => self.origin.load()?.records.folder(),
        };
        let library = Library::new(root);
        match self.command {
            None => list(&library, self.limit, self.json),
            Some(What::Show { id }) => show(&library, &id, self.json),
        }
    }
}

fn list(library: &Library, limit: usize, json: bool) -> Result<Exit, Failure> {
    let calls = if library.root().exists() {
        library.newest(limit).with_context(|| unreadable(library)).map_err(Failure::unavailable)?
    } else {
        Vec::new()
    };
    let rows: Vec<list::Row> = calls.iter().map(list::Row::of).collect();
    if json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        println!("no calls in {}", library.root().display());
    } else {
        print!("{}", list::table(&rows));
    }
    Ok(Exit::Done)
}

fn show(library: &Library, id: &str, json: bool) -> Result<Exit, Failure> {
    let found = library.find(id).with_context(|| unreadable(library)).map_err(Failure::unavailable)?;
    let past: &Past = match found.as_slice() {
        [one] => one,
        [] => {
            return Err(Failure::usage(anyhow!(
                "no call `{id}` in {}; `attendant calls` lists them",
                library.root().display()
            )));
        }
        many => {
            return Err(Failure::usage(anyhow!("{} calls begin or end with `{id}`; give more of the id", many.len())));
        }
    };
    if json {
        print_json(&past.entries)?;
    } else {
        print!("{}", waterfall::call(past, usize::from(console::Term::stdout().size().1).clamp(60, 120)));
    }
    Ok(Exit::Done)
}

fn unreadable(library: &Library) -> String {
    format!("the records in {} cannot be read", library.root().display())
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Failure::internal)?);
    Ok(())
}
