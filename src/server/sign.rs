//! Whether the clinic takes its calls, as its door reads it: what the store and the gates say, unless the clinic was switched off by hand.
//!
//! The switch is a file ([`Switch`]), and is looked at by itself: a database that is away, or stands still, keeps nobody from closing a clinic.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::store::clinics::State;
use crate::store::clinics::switch::{Position, Switch};

/// The file is looked for this often.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Sign {
    clinic: String,
    switch: Switch,
    /// By the store and the gates.
    told: Mutex<State>,
    shown: watch::Sender<State>,
}

impl Sign {
    /// Of a clinic that waits for its gates. `records` is its folder.
    pub(super) fn of(clinic: &str, records: &Path) -> Self {
        let (told, shown) = (Mutex::new(State::Waiting), watch::Sender::new(State::Waiting));
        Self { clinic: clinic.to_owned(), switch: Switch::of(records), told, shown }
    }

    pub(super) fn reader(&self) -> watch::Receiver<State> {
        self.shown.subscribe()
    }

    pub(super) const fn switch(&self) -> &Switch {
        &self.switch
    }

    pub(super) fn told(&self) -> State {
        *self.told.lock()
    }

    pub(super) fn shown(&self) -> State {
        *self.shown.borrow()
    }

    /// What the store and the gates say from now on.
    pub(super) fn say(&self, told: State) {
        *self.told.lock() = told;
        self.show();
    }

    /// Shows what holds now, if it is something else than before.
    pub(super) fn look(&self) {
        if self.state() != self.shown() {
            self.show();
        }
    }

    /// Until `stop`.
    pub(super) async fn follow(&self, stop: &CancellationToken) {
        let mut due = interval(LOOK);
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            self.look();
        }
    }

    fn state(&self) -> State {
        match self.switch.position() {
            Position::Off => State::Disabled,
            Position::On => self.told(),
        }
    }

    fn show(&self) {
        let (clinic, state) = (self.clinic.as_str(), self.state());
        let takes = if state == State::Active { 1.0 } else { 0.0 };
        metrics::gauge!("clinic_takes_calls", "clinic" => clinic.to_owned()).set(takes);
        let is_new = self.shown.send_if_modified(|before| std::mem::replace(before, state) != state);
        match state {
            State::Active if is_new => tracing::info!(clinic, "the clinic takes its calls"),
            State::Disabled if is_new => {
                tracing::warn!(clinic, "the clinic is disabled: calls are passed on to its own line");
            }
            State::Waiting => tracing::error!(
                clinic,
                "the clinic has not passed its gates: calls are passed on to its own line; `attendant clinic check` says what to mend"
            ),
            State::Active | State::Disabled => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clinic_is_closed_by_a_file_within_a_second_and_is_as_the_store_says_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let sign = Arc::new(Sign::of("harbour-street", folder.path()));
        let mut shown = sign.reader();
        sign.say(State::Active);
        let (stop, followed) = (CancellationToken::new(), sign.clone());
        let until = stop.clone();
        let following = tokio::spawn(async move { followed.follow(&until).await });
        sign.switch().turn(Position::Off, "harbour-street", "user jane").unwrap();
        let soon = tokio::time::timeout(LOOK * 2, shown.wait_for(|state| *state == State::Disabled));
        assert!(soon.await.is_ok());
        sign.say(State::Active);
        assert_eq!(sign.shown(), State::Disabled, "whatever the store says");
        sign.switch().turn(Position::On, "harbour-street", "user jane").unwrap();
        let soon = tokio::time::timeout(LOOK * 2, shown.wait_for(|state| *state == State::Active));
        assert!(soon.await.is_ok());
        stop.cancel();
        following.await.unwrap();
    }
}
