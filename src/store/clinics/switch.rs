//! A clinic's switch beside the database: while the file `disabled` is in its folder of records, the clinic takes no calls.
//!
//! So a clinic can be taken off the telephone while the database is away: `attendant clinic disable` makes the file then, and anybody may by hand. Once the
//! database answers it takes over what was switched, with who did it and when for the audit; then the file is gone, and the database's word alone counts.
//! Never opens a clinic that the database has disabled.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::super::audit::{Action, Note, word};
use super::super::{Store, StoreError, commit, execute, rollback, rows};
use super::DISABLE;
use crate::records::{Lines, private_folder};

/// In the folder of records.
const FILE: &str = "disabled";

/// What was switched and is not in the database yet, a note a line. Locked by whoever switches, or takes over.
const LOG: &str = "disabled.jsonl";

/// Who made the file, if nobody says so.
const BY_HAND: &str = "the file disabled";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The database says whether the clinic takes calls.
    On,
    Off,
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct Switch {
    file: PathBuf,
    log: PathBuf,
}

/// What the database has taken over, and nobody else is at. Dropped, it is taken over again, and noted once all the same.
#[derive(Debug)]
pub struct Held {
    switch: Switch,
    log: File,
    notes: Vec<Note>,
    position: Position,
}

impl Switch {
    /// Of the clinic whose folder of records this is.
    pub fn of(records: &Path) -> Self {
        Self { file: records.join(FILE), log: records.join(LOG) }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn position(&self) -> Position {
        if self.file.exists() { Position::Off } else { Position::On }
    }

    /// By whom it was switched off, and when; `None`: it is not.
    pub fn off(&self, clinic: &str) -> Option<Note> {
        let by_hand = self.by_hand(clinic)?;
        let logged = self.notes().ok().and_then(|notes| notes.into_iter().next_back());
        Some(logged.filter(|note| note.action == Action::ClinicDisabled).unwrap_or(by_hand))
    }

    /// Returns when it is on the disk; `false`: it stood so already. Blocks, also while another is at it.
    pub fn turn(&self, to: Position, clinic: &str, actor: &str) -> io::Result<bool> {
        if let Some(folder) = self.log.parent() {
            private_folder(folder)?;
        }
        let log = self.opened()?;
        log.lock()?;
        if self.position() == to {
            return Ok(false);
        }
        let mut lines = Lines::over(log);
        match to {
            Position::Off => {
                // Before anything else that may fail.
                OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.file)?.sync_all()?;
                lines.add_json(&Note::new(actor, Action::ClinicDisabled, clinic, "done"))?;
            }
            Position::On => {
                if let Some(unlogged) = self.unlogged(&self.notes()?, clinic) {
                    lines.add_json(&unlogged)?;
                }
                lines.add_json(&Note::new(actor, Action::ClinicEnabled, clinic, "done"))?;
                std::fs::remove_file(&self.file)?;
            }
        }
        lines.sync()?;
        Ok(true)
    }

    /// `None`: nothing was switched, or another is at it.
    fn held(&self, clinic: &str) -> io::Result<Option<Held>> {
        let is_used = || self.position() == Position::Off || self.log.metadata().is_ok_and(|log| log.len() > 0);
        if !is_used() {
            return Ok(None);
        }
        let log = self.opened()?;
        match log.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (mut notes, position) = (self.notes()?, self.position());
        notes.extend(self.unlogged(&notes, clinic));
        Ok(Some(Held { switch: self.clone(), log, notes, position }))
    }

    fn opened(&self) -> io::Result<File> {
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.log)
    }

    /// Half a line that a full disk left costs itself alone.
    fn notes(&self) -> io::Result<Vec<Note>> {
        let text = match std::fs::read_to_string(&self.log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The file is there, and these notes do not say who made it.
    fn unlogged(&self, notes: &[Note], clinic: &str) -> Option<Note> {
        let is_logged = notes.last().is_some_and(|note| note.action == Action::ClinicDisabled);
        self.by_hand(clinic).filter(|_| !is_logged)
    }

    fn by_hand(&self, clinic: &str) -> Option<Note> {
        let made = self.file.metadata().ok()?.modified().ok();
        let at = made.and_then(|made| Timestamp::try_from(made).ok());
        let note = Note::new(BY_HAND, Action::ClinicDisabled, clinic, "done");
        Some(Note { at_ms: at.map_or(note.at_ms, Timestamp::as_millisecond), ..note })
    }
}

impl Held {
    /// The file goes: whoever asks the database now is told the same.
    pub fn done(self) -> io::Result<()> {
        match self.position {
            Position::Off => std::fs::remove_file(&self.switch.file)?,
            Position::On => {}
        }
        self.log.set_len(0)
    }
}

impl Store {
    /// Takes over what was switched while the database was away; `None`: nothing was, another is at it, or the store does not know the clinic. The file
    /// stays until [`Held::done`].
    pub async fn take_over(&self, switch: &Switch) -> Result<Option<Held>, StoreError> {
        let fault = |error| StoreError::File { file: switch.log.display().to_string(), error };
        let Some(held) = switch.held(&self.clinic).map_err(fault)? else { return Ok(None) };
        let transaction = self.begin().await?;
        if self.state(&transaction, "").await?.is_none() {
            rollback(transaction).await?;
            return Ok(None);
        }
        for note in &held.notes {
            if !self.is_noted(&transaction, note).await? {
                self.append(&transaction, note).await?;
            }
        }
        if let (Position::Off, Some(note)) = (held.position, held.notes.last()) {
            let values = vec![self.own(), note.at_ms.into(), note.actor.clone().into()];
            execute(&transaction, DISABLE, values).await?;
        }
        commit(transaction).await?;
        Ok(Some(held))
    }

    /// Whether it was taken over before, and the file could not be taken away.
    async fn is_noted(&self, on: &impl ConnectionTrait, note: &Note) -> Result<bool, StoreError> {
        let sql = "SELECT seq FROM audit WHERE clinic = $1 AND action = $2 AND at_ms = $3 AND actor = $4 LIMIT 1";
        let values = vec![self.own(), word(note.action).into(), note.at_ms.into(), note.actor.clone().into()];
        Ok(!rows(on, sql, values).await?.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clinic::Clinic;
    use crate::store::StoreConfig;
    use crate::store::clinics::{State, fingerprint};

    struct Bench {
        folder: tempfile::TempDir,
        store: Store,
        clinic: Clinic,
    }

    impl Bench {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clinic = Clinic::sample();
            let store = Store::open(&StoreConfig::default(), folder.path(), clinic.tenant()).unwrap();
            store.make_ready().await.unwrap();
            Self { folder, store, clinic }
        }

        fn switch(&self) -> Switch {
            Switch::of(self.folder.path())
        }

        async fn state(&self) -> Option<State> {
            self.store.clinic_state(&fingerprint(self.clinic.text())).await.unwrap()
        }

        /// What is in the audit, oldest first: what was done, and by whom.
        async fn audited(&self) -> Vec<(Action, String)> {
            let rows = self.store.audited(9).await.unwrap();
            rows.into_iter().map(|(_, _, note)| (note.action, note.actor)).collect()
        }
    }

    #[tokio::test]
    async fn what_was_switched_without_the_database_is_in_it_once_it_is_back_with_who_did_it() {
        let bench = Bench::new().await;
        let switch = bench.switch();
        assert!(switch.turn(Position::Off, "harbour-street", "user jane").unwrap());
        assert!(!switch.turn(Position::Off, "harbour-street", "user joe").unwrap());
        assert!(bench.store.take_over(&switch).await.unwrap().is_none(), "a clinic that the store does not know");
        assert_eq!(switch.position(), Position::Off);
        bench.store.put_clinic(&bench.clinic, "user jane").await.unwrap();
        // Broken off before the file went: noted once.
        assert!(bench.store.take_over(&switch).await.unwrap().is_some());
        bench.store.take_over(&switch).await.unwrap().unwrap().done().unwrap();
        assert_eq!((switch.position(), bench.state().await), (Position::On, Some(State::Disabled)));
        assert!(bench.store.take_over(&switch).await.unwrap().is_none());
        let jane = "user jane".to_owned();
        let wanted = [(Action::ClinicAdded, jane.clone()), (Action::ClinicDisabled, jane)];
        assert_eq!(bench.audited().await, wanted);
        assert!(bench.store.verify_audit().await.unwrap().iter().all(|chain| chain.broken.is_empty()));
        assert!(bench.store.enable_clinic("user jane").await.unwrap());
    }

    #[tokio::test]
    async fn what_was_undone_before_the_database_was_back_closes_nothing_and_is_in_the_audit() {
        let bench = Bench::new().await;
        let switch = bench.switch();
        bench.store.put_clinic(&bench.clinic, "user jane").await.unwrap();
        std::fs::write(switch.file(), "").unwrap();
        assert_eq!(switch.off("harbour-street").unwrap().actor, BY_HAND);
        assert!(switch.turn(Position::On, "harbour-street", "user joe").unwrap());
        assert!(!switch.turn(Position::On, "harbour-street", "user joe").unwrap());
        bench.store.take_over(&switch).await.unwrap().unwrap().done().unwrap();
        assert_eq!(bench.state().await, Some(State::Waiting));
        let done: Vec<(Action, String)> = bench.audited().await.split_off(1);
        let wanted = [(Action::ClinicDisabled, BY_HAND.to_owned()), (Action::ClinicEnabled, "user joe".to_owned())];
        assert_eq!(done, wanted);
    }

    #[tokio::test]
    async fn nobody_takes_over_what_another_is_at() {
        let bench = Bench::new().await;
        let switch = bench.switch();
        bench.store.put_clinic(&bench.clinic, "user jane").await.unwrap();
        switch.turn(Position::Off, "harbour-street", "user jane").unwrap();
        let held = bench.store.take_over(&switch).await.unwrap().unwrap();
        assert!(bench.store.take_over(&switch).await.unwrap().is_none());
        held.done().unwrap();
    }
}
