//! Whether the server's clinic takes its calls: decided at the start, and again while it runs.
//!
//! The made-up clinic that answers without a configured one has no patients and takes calls at once. Any other must have passed its gates
//! ([`crate::onboarding`]) with the file it is served from: once, for a file that has passed is served at every start, whatever the EMR does that day. What the
//! store said last stands in the folder of records, so that a store that is down neither closes a clinic nor opens a disabled one. Whoever disables a clinic
//! meanwhile does so by a file ([`super::sign`]), which the store takes over when it is back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::sign::Sign;
use crate::agent::graph::Graph;
use crate::clinic::Clinic;
use crate::clock;
use crate::config::Config;
use crate::onboarding::{self, About, Finding, Gate, Outcome, Seen, have_passed};
use crate::server::Speech;
use crate::store::clinics::switch::Held;
use crate::store::clinics::{Put, State, fingerprint};
use crate::store::{Store, StoreError};

/// A clinic that was disabled takes no call after this time.
pub(super) const ASK: Duration = Duration::from_secs(2);

/// Gates that failed are looked at again so soon, then twice as late each time, to the longest.
pub(super) const FIRST_LOOK: Duration = Duration::from_secs(60);
pub(super) const LONGEST_LOOK: Duration = Duration::from_secs(16 * 60);

/// What the store said last, in the folder of records.
const FILE: &str = "clinic.json";

/// Who looks, for the audit.
const ACTOR: &str = "attendant";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    clinic: String,
    facts: String,
    state: State,
}

/// The clinic that is served, its gates and what is known of them.
pub(super) struct Standing {
    clinic: Clinic,
    facts: String,
    config: Config,
    graph: Arc<Graph>,
    speech: Option<Speech>,
    store: Option<Store>,
    remembered: PathBuf,
    findings: Vec<Finding>,
    file_is: Served,
    sign: Arc<Sign>,
}

/// The file that is served goes into the store once: what a command imports afterwards stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Served {
    NotPut,
    Put,
}

impl Standing {
    /// `None`: the made-up clinic, which takes calls.
    pub(super) fn of(
        config: &Config,
        clinic: &Clinic,
        graph: impl Into<Arc<Graph>>,
        speech: Option<Speech>,
        store: Option<&Store>,
    ) -> Option<Self> {
        config.clinic.file.as_ref()?;
        Some(Self {
            clinic: clinic.clone(),
            facts: fingerprint(clinic.text()),
            config: config.clone(),
            graph: graph.into(),
            speech,
            store: store.cloned(),
            remembered: config.records.folder().join(FILE),
            findings: Vec::new(),
            file_is: Served::NotPut,
            sign: Arc::new(Sign::of(&clinic.config.id, &config.records.folder())),
        })
    }

    /// Follows the clinic's state.
    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.sign.reader()
    }

    /// Asks the store. If this file has not passed its gates yet, [`Self::follow`] looks at them first of all: that may take minutes.
    pub(super) async fn decide(&mut self) {
        let state = match self.put().await {
            Ok(state) => state,
            Err(error) => {
                let state = self.recall();
                tracing::error!(%error, state = state.name(), "the store does not say whether the clinic takes calls; what it said last counts");
                state
            }
        };
        if state == State::Waiting {
            metrics::gauge!("clinic_takes_calls", "clinic" => self.clinic.config.id.clone()).set(0.0);
            tracing::info!(
                clinic = self.clinic.config.id,
                "the clinic's gates are looked at; until they have passed, calls are passed on to its own line"
            );
        } else {
            self.set(state);
        }
    }

    /// Takes over what the store says now; while it is away, all stays as it is.
    async fn ask(&mut self) -> Result<(), StoreError> {
        let Some(store) = self.store.clone() else { return Ok(()) };
        let switched = store.take_over(self.sign.switch()).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "what was switched while the store was away is not taken over yet");
            None
        });
        let told = match store.clinic_state(&self.facts).await? {
            Some(state @ (State::Active | State::Disabled)) => state,
            // What was seen while the store was away is written now.
            known @ (None | Some(State::Waiting)) => {
                if known.is_none() || self.file_is == Served::NotPut {
                    self.put().await?;
                }
                if have_passed(&self.findings) {
                    store.record_gates(&self.facts, &self.findings, ACTOR).await?
                } else {
                    State::Waiting
                }
            }
        };
        if told != self.sign.told() {
            self.set(told);
        }
        if let Some(Err(error)) = switched.map(Held::done) {
            tracing::error!(%error, path = %self.sign.switch().file().display(), "the clinic stays disabled by this file, which cannot be taken away; see to the folder of records");
        }
        Ok(())
    }

    /// Puts the file into the store; the clinic's state there.
    async fn put(&mut self) -> Result<State, StoreError> {
        let Some(store) = &self.store else { return Ok(State::Waiting) };
        let clinic = self.clinic.config.id.as_str();
        match store.put_clinic(&self.clinic, ACTOR).await? {
            Put::Added => tracing::info!(clinic, "the clinic's file is in the store now"),
            Put::Changed => tracing::info!(clinic, "the clinic's file in the store is this one now"),
            Put::Same => {}
        }
        self.file_is = Served::Put;
        Ok(store.clinic_state(&self.facts).await?.unwrap_or(State::Waiting))
    }

    /// Looks at these gates and decides by all that were looked at.
    async fn look(&mut self, gates: &[Gate]) {
        let about = About {
            clinic: &self.clinic,
            config: &self.config,
            graph: &self.graph,
            speech: self.speech.as_ref(),
            store: self.store.as_ref(),
        };
        let seen = onboarding::look(&about, gates, clock::now).await;
        self.findings.retain(|finding| !gates.contains(&finding.gate));
        self.findings.extend(seen);
        self.tell();
        let decided = if have_passed(&self.findings) { State::Active } else { State::Waiting };
        let state = match &self.store {
            Some(store) => store.record_gates(&self.facts, &self.findings, ACTOR).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what was seen at the clinic's gates is not in the store");
                decided
            }),
            None => decided,
        };
        self.set(state);
    }

    fn failed(&self) -> Vec<Gate> {
        let failed = self.findings.iter().filter(|finding| finding.outcome() == Outcome::Failed);
        failed.map(|finding| finding.gate).collect()
    }

    fn tell(&self) {
        for finding in &self.findings {
            for seen in &finding.evidence {
                if let Seen::Wrong { what, mend } = seen {
                    tracing::error!(clinic = self.clinic.config.id, gate = finding.gate.name(), mend, "{what}");
                }
            }
        }
    }

    fn set(&self, state: State) {
        self.sign.say(state);
        let clinic = self.clinic.config.id.clone();
        let now = Remembered { clinic, facts: self.facts.clone(), state };
        if let Err(error) = remember(&self.remembered, &now) {
            tracing::warn!(%error, path = %self.remembered.display(), "whether the clinic takes calls cannot be noted; see to the folder of records");
        }
    }

    fn recall(&self) -> State {
        let text = std::fs::read(&self.remembered).unwrap_or_default();
        match serde_json::from_slice::<Remembered>(&text) {
            Ok(told) if told.clinic == self.clinic.config.id && told.state == State::Disabled => State::Disabled,
            Ok(told) if told.clinic == self.clinic.config.id && told.facts == self.facts => told.state,
            Ok(_) | Err(_) => State::Waiting,
        }
    }

    /// Follows what the store says, and looks again at gates that failed, until `stop`.
    pub(super) async fn follow(self, stop: CancellationToken) {
        let sign = self.sign.clone();
        tokio::join!(sign.follow(&stop), self.follow_store(&stop));
    }

    async fn follow_store(mut self, stop: &CancellationToken) {
        let mut due = interval(ASK);
        let mut wait = FIRST_LOOK;
        let mut look = Instant::now();
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            if let Err(error) = self.ask().await {
                // Whoever moves records tells of a store that is away.
                tracing::debug!(%error, "the store does not say whether the clinic takes calls");
            }
            let is_waiting = self.sign.shown() == State::Waiting;
            if is_waiting && Instant::now() >= look {
                // None were looked at yet at the start, or if the store only now says that this file has not passed.
                let failed = if self.findings.is_empty() { Gate::ALL.to_vec() } else { self.failed() };
                if stop.run_until_cancelled(self.look(&failed)).await.is_none() {
                    return;
                }
                look = Instant::now() + wait;
                wait = (wait * 2).min(LONGEST_LOOK);
            }
        }
    }
}

/// Whole, or as it was.
fn remember(path: &Path, now: &Remembered) -> std::io::Result<()> {
    let text = serde_json::to_vec(now).map_err(std::io::Error::other)?;
    if std::fs::read(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let beside = path.with_extension("json.new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests;
