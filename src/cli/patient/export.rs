//! Everything held about a person as a folder that can be handed to them.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Serialize;

use super::super::recording::Sound;
use super::super::{Exit, Failure, actor, store_failure};
use crate::clock;
use crate::records::{private_file, private_folder};
use crate::store::Store;
use crate::store::audit::{Action, Note};
use crate::store::person::Held;

/// export.json.
#[derive(Serialize)]
struct Export<'a> {
    clinic: &'a str,
    /// RFC 3339.
    at: String,
    /// As in the audit.
    request: &'a str,
    #[serde(flatten)]
    held: &'a Held,
}

pub(super) async fn write(
    store: &Store,
    clinic: &str,
    mut held: Held,
    request: &str,
    out: &Path,
) -> Result<Exit, Failure> {
    empty(out).map_err(Failure::usage)?;
    let counts = super::counts(&held);
    // Nobody gets what is not noted.
    let note = Note::new(&actor(), Action::PersonExported, request, &counts);
    store.note(&note).await.map_err(store_failure)?;
    for call in &mut held.calls {
        let sound = match (call.past.recording.take(), call.in_bucket) {
            (Some(path), _) => Sound::Disk(path),
            (None, true) => Sound::Bucket,
            (None, false) => continue,
        };
        let name = format!("{}.wav", call.past.call);
        match sound.give_out(Some(store), &call.past.call, &out.join(&name)).await {
            Ok(_) => call.past.recording = Some(PathBuf::from(name)),
            // Everything else is theirs all the same.
            Err(error) => {
                println!("the recording of call {} ({}) is not in it: {error}", call.past.call, sound.place());
                call.unreadable = Some(error.to_string());
            }
        }
    }
    let export = Export { clinic, at: clock::stamp(clock::wall()), request, held: &held };
    let text = serde_json::to_vec_pretty(&export).map_err(Failure::internal)?;
    let written = private_file(&out.join("export.json")).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    written.map_err(|error| unwritable(out, error))?;
    println!("{}: {counts}; request {request}", out.display());
    let is_whole =
        held.closed.is_empty() && held.unclear_charts == 0 && held.calls.iter().all(|call| call.unreadable.is_none());
    Ok(if is_whole { Exit::Done } else { Exit::Found })
}

/// Makes the folder, or takes one in which there is nothing; nobody else may look into it.
fn empty(out: &Path) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be written to; name a folder that does not exist yet", out.display());
    private_folder(out).with_context(cannot)?;
    if fs::read_dir(out).with_context(cannot)?.next().is_some() {
        return Err(anyhow!("{} is not empty; name a folder that does not exist yet", out.display()));
    }
    fs::set_permissions(out, Permissions::from_mode(0o700)).with_context(cannot)
}

fn unwritable(out: &Path, error: io::Error) -> Failure {
    Failure::unavailable(
        anyhow!(error).context(format!("{} is not whole; see to the disk and export again", out.display())),
    )
}
