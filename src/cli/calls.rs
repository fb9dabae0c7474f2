//! `attendant calls`: past calls, from the store and from journals that are not in it yet.

mod costs;
mod list;
mod waterfall;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::origin::Whose;
use super::recording::Sound;
use super::{Exit, Failure};
use crate::records::Past;
use crate::records::sealed::Ending;
use crate::store::History;
use crate::store::audit::{Action, Note};

/// List past calls, or show one: what was said, where the time of each turn went, and what it cost.
#[derive(Debug, Args)]
pub(super) struct Calls {
    #[command(flatten)]
    whose: Whose,
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
    /// Write a call's recording to a WAV file (16 kHz, the caller left and the attendant right).
    Audio {
        /// The call's id, or how it begins or ends.
        id: String,
        /// A file that does not exist yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Calls {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        super::runtime()?.block_on(async {
            let (history, place) = super::past::history(&self.whose, self.records.as_deref()).await?;
            match self.command {
                None => list(&history, &place, self.limit, self.json).await,
                Some(What::Show { id }) => show(&history, &place, &id, self.json).await,
                Some(What::Audio { id, out }) => audio(&history, &place, &id, &out).await,
            }
        })
    }
}

async fn list(history: &History, place: &str, limit: usize, json: bool) -> Result<Exit, Failure> {
    let calls = history.newest(limit).await.map_err(super::past::failure)?;
    let mut rows: Vec<list::Row> = calls.iter().map(list::Row::of).collect();
    if let (Some(store), Some(oldest)) = (history.store(), rows.iter().map(|row| row.call.clone()).min()) {
        match store.in_bucket(Some(&oldest)).await {
            Ok(there) => rows.iter_mut().for_each(|row| row.recorded |= there.contains(&row.call)),
            Err(error) => eprintln!("recordings that are not on the disk are not told: {error}"),
        }
    }
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
    let past = one(history, place, id).await?;
    note(history, Action::CallRead, &past).await?;
    let sound = Sound::of(history.store(), &past).await;
    if json {
        print_json(&past.entries)?;
        past.closed.iter().for_each(|what| eprintln!("not shown: {what}"));
    } else {
        print!("{}", waterfall::call(&past, usize::from(console::Term::stdout().size().1).clamp(60, 120)));
        match sound {
            Ok(Some(Sound::Bucket)) => println!("recording  {}", Sound::Bucket.place()),
            // That on the disk is told with the call.
            Ok(Some(Sound::Disk(_)) | None) => {}
            Err(error) => eprintln!("a recording that is not on the disk is not told: {error}"),
        }
    }
    Ok(if past.closed.is_empty() { Exit::Done } else { Exit::Found })
}

async fn audio(history: &History, place: &str, id: &str, out: &Path) -> Result<Exit, Failure> {
    let past = one(history, place, id).await?;
    let sound = Sound::of(history.store(), &past).await.map_err(super::store_failure)?;
    let Some(sound) = sound else {
        return Err(Failure::usage(anyhow!("there is no recording of call {} on this server", past.call)));
    };
    note(history, Action::RecordingRead, &past).await?;
    let given = sound.give_out(history.store(), &past.call, out).await.map_err(|error| {
        let place = sound.place();
        Failure::unavailable(anyhow!("the recording ({place}) cannot be written to {}: {error}", out.display()))
    })?;
    println!("{}", out.display());
    Ok(match given {
        Ending::Whole => Exit::Done,
        Ending::BrokenOff => {
            println!("it breaks off: its call goes on, or its server ended before it did, or somebody cut it");
            Exit::Found
        }
    })
}

/// The one call whose id begins or ends so.
async fn one(history: &History, place: &str, id: &str) -> Result<Past, Failure> {
    let mut found = history.find(id).await.map_err(super::past::failure)?;
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(Failure::usage(anyhow!("no call `{id}` in {place}; `attendant calls` lists them"))),
        (Some(_), more) => {
            Err(Failure::usage(anyhow!("{} calls begin or end with `{id}`; give more of the id", more + 1)))
        }
    }
}

/// Nobody reads what is not noted.
async fn note(history: &History, action: Action, past: &Past) -> Result<(), Failure> {
    let Some(store) = history.store() else { return Ok(()) };
    store.note(&Note::new(&super::actor(), action, &past.call, "done")).await.map_err(super::store_failure)
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Failure::internal)?);
    Ok(())
}
