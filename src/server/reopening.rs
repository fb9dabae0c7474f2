//! When a clinic whose calls are passed on is started again, while the server runs: one that could not be started, and one that waits for its gates with a file
//! that was changed since.
//!
//! One that could not be started after 1 minute, 2, ... 16, and at once when `attendant clinic check` finds nothing wrong with its file; either of them when its
//! file is changed. One clinic after the other, beside the calls of the others. What leads calls to a clinic stays as it was at the server's start; a clinic
//! that takes its calls, or that a person has disabled, is left alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::clinics::Served;
use super::house::{self, Grounds, House, contained, started};
use super::shelf::Shelf;
use super::standing::{ASK, FIRST_LOOK, LONGEST_LOOK};
use super::street::{Calls, Lot, Street};
use super::{StartError, check_clinic};
use crate::call::desk::Hall;
use crate::clock;
use crate::config::Config;
use crate::emr;
use crate::onboarding::have_passed;
use crate::state::Emrs;
use crate::store::clinics::fingerprint;

/// What a clinic is started with.
pub(super) struct Reopening {
    /// The server's.
    pub config: Config,
    pub street: Arc<Street>,
    pub grounds: Grounds,
    /// None before the first clinic could be started.
    pub hall: Option<Hall>,
    /// This server's name among several.
    pub instance: Option<String>,
    pub emrs: Emrs,
    /// Ends what goes on for clinics.
    pub stop: CancellationToken,
}

/// What is known of the last time that a clinic was started.
struct Trial {
    served: Served,
    /// The text of its file then.
    text: String,
    at: jiff::Timestamp,
    next: Instant,
    wait: Duration,
}

impl Reopening {
    /// Until `closing`: then no clinic is opened any more. `clinics` are those of the street, as they were started.
    pub(super) async fn run(mut self, clinics: Vec<Served>, closing: CancellationToken) {
        let mut trials: Vec<Trial> = clinics.into_iter().map(Trial::new).collect();
        let street = self.street.clone();
        let mut due = interval(ASK);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while closing.run_until_cancelled(due.tick()).await.is_some() {
            for (lot, trial) in street.lots().iter().zip(&mut trials) {
                if closing.run_until_cancelled(trial.is_due(lot)).await == Some(true) {
                    Box::pin(self.start(lot, trial, &closing)).await;
                }
            }
        }
    }

    async fn start(&mut self, lot: &Lot, trial: &mut Trial, closing: &CancellationToken) {
        trial.begins().await;
        let again = trial.served.again(&self.config).map_err(StartError::from);
        let served = match again.and_then(|served| check_clinic(&served).map(|()| served)) {
            Ok(served) => served,
            Err(error) => return trial.failed(&error, lot.calls()),
        };
        // Its gates may have passed this moment, with the file before.
        let Some(stood) = lot.clear(house::line(&served.clinic, &served.config)) else { return };
        // It has the clinic's folder and its book.
        stood.finish().await;
        trial.served = served.clone();
        let starting = contained(Box::pin(started(served.clone(), &self.grounds, self.hall.as_ref())));
        match closing.run_until_cancelled(starting).await {
            None => {}
            Some(Ok(house)) => self.open(lot, &served, house),
            Some(Err(error)) => {
                trial.failed(&error, Calls::Broken);
                let mut shelf = Shelf::after(&error, served, &self.grounds.shared).await;
                if let Some(shelf) = &mut shelf {
                    shelf.follow(&self.stop);
                }
                lot.keep(shelf);
            }
        }
    }

    fn open(&mut self, lot: &Lot, served: &Served, mut house: House) {
        self.hall.get_or_insert_with(|| house.desk.hall());
        self.emrs.add(emr::identity(&served.clinic));
        house.follow(&self.grounds.shared, self.instance.as_deref(), &self.stop);
        lot.build(house);
        tracing::info!(
            clinic = served.clinic.config.id,
            "the clinic could be started now; its gates decide about its calls"
        );
    }
}

impl Trial {
    fn new(served: Served) -> Self {
        let text = served.clinic.text().to_owned();
        Self { served, text, at: clock::now(), next: Instant::now() + FIRST_LOOK, wait: FIRST_LOOK }
    }

    async fn is_due(&mut self, lot: &Lot) -> bool {
        let calls = lot.calls();
        if calls == Calls::Taken {
            return false;
        }
        if self.file().await.is_some_and(|text| text != self.text) {
            // The first wait comes next.
            self.wait = FIRST_LOOK / 2;
            return true;
        }
        calls == Calls::Broken && (Instant::now() >= self.next || self.has_passed(lot).await)
    }

    /// Its file as it is now, if it can be read.
    async fn file(&self) -> Option<String> {
        tokio::fs::read_to_string(self.served.config.clinic.file.as_ref()?).await.ok()
    }

    /// Whether somebody has looked at all gates since.
    async fn has_passed(&self, lot: &Lot) -> bool {
        let Some(store) = lot.left() else { return false };
        let seen = store.gates(&fingerprint(&self.text)).await;
        seen.is_ok_and(|seen| have_passed(&seen) && seen.iter().any(|finding| finding.at > self.at))
    }

    async fn begins(&mut self) {
        if let Some(text) = self.file().await {
            self.text = text;
        }
        self.at = clock::now();
    }

    fn failed(&mut self, error: &StartError, calls: Calls) {
        self.wait = (self.wait * 2).min(LONGEST_LOOK);
        self.next = Instant::now() + self.wait;
        let (clinic, seconds) = (&self.served.clinic.config.id, self.wait.as_secs());
        match calls {
            Calls::Broken => shut(clinic, error, seconds),
            Calls::Waiting | Calls::Taken => tracing::error!(
                clinic,
                %error,
                "the clinic cannot be started with the file that was changed; the one before goes on waiting for its gates"
            ),
        }
    }
}

/// Tells that a clinic takes no calls, for so long at most if nothing else happens.
pub(super) fn shut(clinic: &str, error: &StartError, seconds: u64) {
    metrics::gauge!("clinic_takes_calls", "clinic" => clinic.to_owned()).set(0.0);
    tracing::error!(
        clinic,
        %error,
        seconds,
        "the clinic cannot be started: its calls are passed on to its own line; mend this: it is tried again after so long, and at once when its file is changed or `attendant clinic check` passes"
    );
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::super::door::Line;
    use super::super::providers::Crew;
    use super::super::street::Stands;
    use super::super::{Kind, one};
    use super::*;
    use crate::call::registry::{Arriving, FrontDesk, Transport};
    use crate::privacy::Pii;
    use crate::state::Shared;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_clinic_that_takes_its_calls_by_now_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.providers.kind = Kind::Scripted;
        config.records.path = Some(folder.path().to_owned());
        let grounds = Grounds {
            crew: Arc::new(Crew::open(&config).unwrap()),
            graph: Arc::new(config.agents.graph().unwrap()),
            shared: Shared::default(),
            kept: None,
        };
        let house = Box::pin(started(one(&config, None).unwrap(), &grounds, None)).await.unwrap();
        let (lot, line) = (Lot::of(house), || Line { clinic: "harbour-street".to_owned(), to: None });
        assert!(lot.clear(line()).is_none());
        let caller = Pii::new("anonymous".to_owned());
        let arriving = Arriving { dialled: "100".to_owned(), addressed: None, caller, transport: Transport::Sip };
        assert!(lot.entrance.admit(&arriving).is_ok(), "its door is open as before");
        assert_eq!(lot.calls(), Calls::Taken);
        let shut = Lot::shut(line(), None);
        assert!(matches!(shut.clear(line()), Some(Stands::Nothing)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clinic_that_could_not_be_started_is_due_later_each_time_and_at_once_when_its_file_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clinic.toml");
        let sample = include_str!("../../agents/sample-clinic.toml");
        std::fs::write(&file, sample).unwrap();
        let mut config = Config::default();
        config.clinic.file = Some(file.clone());
        config.providers.kind = Kind::Scripted;
        let mut trial = Trial::new(one(&config, None).unwrap());
        let lot = Lot::shut(Line { clinic: "harbour-street".to_owned(), to: None }, None);
        for minutes in [1, 2, 4, 8, 16, 16] {
            advance(60 * minutes * SECOND - SECOND).await;
            assert!(!trial.is_due(&lot).await, "{minutes}");
            advance(SECOND).await;
            assert!(trial.is_due(&lot).await, "{minutes}");
            trial.begins().await;
            trial.failed(&StartError::Fault, lot.calls());
        }
        std::fs::write(&file, format!("{sample}\n# mended\n")).unwrap();
        assert!(trial.is_due(&lot).await);
        trial.begins().await;
        trial.failed(&StartError::Fault, lot.calls());
        assert!(!trial.is_due(&lot).await, "it is the same file");
        advance(60 * SECOND).await;
        assert!(trial.is_due(&lot).await);
    }
}
