//! `attendant clinic disable` and `enable`: by the store, and while that is away by a file beside it, which a server of this machine follows within a second.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;

use super::{known, told};
use crate::cli::{Exit, Failure, actor, runtime, store_failure};
use crate::config::Config;
use crate::server;
use crate::store::clinics::State;
use crate::store::clinics::switch::{Position, Switch};

/// A database that says nothing for so long is away: whoever switches a clinic off does not wait for it.
const AWAY: Duration = Duration::from_secs(8);

/// What came of switching a clinic.
struct Switched {
    changed: bool,
    /// `None`: the store says what it is, and is away.
    state: Option<State>,
    /// The store takes it over when it is back.
    by_file: Option<PathBuf>,
}

pub(super) fn switch(config: &Config, id: &str, to: Position, json: bool) -> Result<Exit, Failure> {
    let of = here(config, id);
    let Switched { changed, state, by_file } = runtime()?.block_on(async {
        let by_store = tokio::time::timeout(AWAY, by_store(config, id, to, of.as_ref())).await;
        let why = match by_store {
            Ok(Err(failure)) if matches!(failure.exit, Exit::Unavailable) => failure,
            Ok(done) => return done,
            Err(_) => Failure::unavailable(anyhow!("the database said nothing for {} s", AWAY.as_secs())),
        };
        match &of {
            Some(switch) => by_file(switch, id, to, why),
            None => Err(why),
        }
    })?;
    if json {
        println!("{}", serde_json::json!({ "clinic": id, "changed": changed, "state": state, "file": by_file }));
        return Ok(Exit::Done);
    }
    let already = if changed { "" } else { "nothing was changed: " };
    match (by_file, to) {
        (None, _) => println!("{already}{}", told::next(id, state.unwrap_or(State::Waiting))),
        (Some(file), Position::Off) => println!(
            "{already}{id} is disabled by {}, and its calls are passed on to its own line, by the server of this folder alone until the store is back and takes it over: `attendant clinic enable {id}` undoes that",
            file.display()
        ),
        (Some(file), Position::On) => println!(
            "{already}{id} is not disabled by {} any more, and is as the store says; that is away, and takes this over when it is back",
            file.display()
        ),
    }
    Ok(Exit::Done)
}

/// The switch beside the store, of a clinic of this configuration.
fn here(config: &Config, id: &str) -> Option<Switch> {
    server::one(config, Some(id)).ok().map(|served| Switch::of(&served.config.records.folder()))
}

async fn by_store(config: &Config, id: &str, to: Position, of: Option<&Switch>) -> Result<Switched, Failure> {
    let (store, known) = known(config, id).await?;
    if let Some(switch) = of
        && let Some(held) = store.take_over(switch).await.map_err(store_failure)?
    {
        held.done().map_err(|error| not_switched(switch, &error))?;
    }
    let changed = match to {
        Position::Off => store.disable_clinic(&actor()).await,
        Position::On => store.enable_clinic(&actor()).await,
    }
    .map_err(store_failure)?;
    let state = store.clinic_state(&known.facts).await.map_err(store_failure)?.unwrap_or(State::Waiting);
    store.close().await;
    Ok(Switched { changed, state: Some(state), by_file: None })
}

/// While the store is away. `why` it is.
fn by_file(switch: &Switch, id: &str, to: Position, why: Failure) -> Result<Switched, Failure> {
    let changed = switch.turn(to, id, &actor()).map_err(|error| not_switched(switch, &error))?;
    eprintln!("attendant: {:#}", why.why);
    match (to, changed) {
        (Position::On, false) => Err(Failure::unavailable(anyhow!(
            "{id} is not disabled by {}, and only the store can enable what it has disabled",
            switch.file().display()
        ))),
        (Position::Off, _) => {
            Ok(Switched { changed, state: Some(State::Disabled), by_file: Some(switch.file().into()) })
        }
        (Position::On, true) => Ok(Switched { changed, state: None, by_file: Some(switch.file().into()) }),
    }
}

fn not_switched(switch: &Switch, error: &std::io::Error) -> Failure {
    Failure::unavailable(anyhow!(
        "{} cannot be made or taken away: {error}; see to the folder",
        switch.file().display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_store_a_file_disables_and_only_what_a_file_disabled_can_be_enabled() {
        let folder = tempfile::tempdir().unwrap();
        let switch = Switch::of(folder.path());
        let by_file = |to| by_file(&switch, "harbour-street", to, Failure::unavailable(anyhow!("away")));
        let refused = by_file(Position::On).err().unwrap();
        assert!(refused.why.to_string().contains("only the store can enable"), "{:#}", refused.why);
        for (to, changed, state) in [
            (Position::Off, true, Some(State::Disabled)),
            (Position::Off, false, Some(State::Disabled)),
            (Position::On, true, None),
        ] {
            let done = by_file(to).unwrap_or_else(|failure| panic!("{:#}", failure.why));
            assert_eq!((done.changed, done.state, switch.position()), (changed, state, to));
        }
    }
}
