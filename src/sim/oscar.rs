//! A simulated OSCAR: the SOAP services of a clinic's EMR over one store, as true to the wire as is known, faults included.
//!
//! For tests in this process ([`Oscar`] with its assertions) and for people (`attendant sim oscar`). Everyone in it is made up. It
//! shares no code with whatever calls it, so that a mistake cannot be made twice. It never leaves this machine's loopback.

mod accounts;
mod bind;
mod contract;
mod dialect;
mod envelope;
mod fault;
mod http;
mod oauth;
mod operations;
mod processing;
mod refusal;
mod render;
mod rest;
mod security;
mod seed;
mod settings;
mod store;
mod times;
mod value;
mod wsdl;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::net::TcpListener;

use accounts::Account;
use contract::Contract;
use envelope::Envelopes;
use rest::grants::Grants;
use store::Store;

pub use dialect::Dialect;
pub use envelope::Envelope;
pub use fault::{Fault, Knob};
pub use settings::Settings;

use super::hold::{Held, Holds, When};

pub use super::clock::Clock;
pub use super::knob::NotAKnob;
pub use store::Appointment;

/// The simulator. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Oscar(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    contract: Contract,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: Store,
    accounts: Vec<Account>,
    grants: Grants,
    java_started: Timestamp,
    knobs: Vec<Knob>,
    holds: Holds,
    envelopes: Envelopes,
}

/// What somebody needs to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
    /// What the security header calls the user.
    pub security_id: i64,
}

/// The same for the REST interface (OAuth 1.0a, HMAC-SHA1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestLogin {
    pub key: String,
    pub secret: String,
    pub token: String,
    pub token_secret: String,
}

impl Oscar {
    /// The sample clinic, on the day that the clock of `settings` says.
    pub fn new(settings: Settings) -> Self {
        let now = settings.clock.now();
        let today = now.to_zoned(settings.zone.clone()).date();
        let (store, accounts, client) = seed::clinic(today, settings.java_now());
        let contract = Contract::of(settings.dialect);
        let (knobs, holds, envelopes) = (Vec::new(), Holds::default(), Envelopes::default());
        let state = State { store, accounts, grants: Grants::new(client), java_started: now, knobs, holds, envelopes };
        Self(Arc::new(Inner { settings, contract, state: Mutex::new(state) }))
    }

    /// Serves until `stop` resolves. The listener must be bound to a loopback address.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        http::serve(self.clone(), listener, stop).await
    }

    /// What clients are configured with when it listens there.
    pub fn base_url(&self, listening: SocketAddr) -> String {
        format!("http://{listening}{}", self.base_path())
    }

    fn base_path(&self) -> String {
        format!("/{}/ws", self.0.settings.dialect.context())
    }

    /// The login that has every right an answering service needs.
    pub fn login(&self) -> Login {
        let state = self.0.state.lock();
        let account = state.accounts.first().expect("the sample has accounts");
        Login { user: account.user.clone(), password: account.password.clone(), security_id: account.security_id }
    }

    /// What somebody needs to use the REST interface: a client of the clinic's, and a token that it was granted.
    pub fn rest_login(&self) -> RestLogin {
        let client = self.0.state.lock().grants.client.clone();
        RestLogin { key: client.key, secret: client.secret, token: client.token, token_secret: client.token_secret }
    }

    /// Turns a knob, in addition to those turned already. An operation that there is not is a mistake.
    pub fn turn(&self, knob: Knob) -> Result<(), NotAKnob> {
        if knob.operation().is_some_and(|operation| !self.has(operation)) {
            return Err(NotAKnob::unknown_operation(&knob));
        }
        self.0.state.lock().knobs.push(knob);
        Ok(())
    }

    fn has(&self, operation: &str) -> bool {
        if !self.0.settings.dialect.serves_soap() {
            return rest::OPERATIONS.contains(&operation);
        }
        self.0.contract.services.values().any(|service| service.operations.contains_key(operation))
    }

    /// Everything works again.
    pub fn mend(&self) {
        self.0.state.lock().knobs.clear();
    }

    /// One request stands still, after so many more have come.
    pub fn hold(&self, spared: usize, when: When) -> Held {
        self.0.state.lock().holds.hold(spared, when)
    }

    /// Java starts again: every token is another one. Rows stay.
    pub fn restart(&self) {
        let mut state = self.0.state.lock();
        let now = self.0.settings.clock.now();
        // A clock that stands still must not give the same tokens again.
        let later = state.java_started.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now);
        state.java_started = now.max(later);
    }

    /// A provider's rows of a day, by time, whatever their status.
    pub fn appointments(&self, provider: &str, day: Date) -> Vec<Appointment> {
        let state = self.0.state.lock();
        let mut rows: Vec<_> =
            state.store.of_range(provider, day, day.tomorrow().unwrap_or(day)).into_iter().cloned().collect();
        rows.sort_by_key(|row| (row.start, row.id));
        rows
    }

    pub fn appointment(&self, id: u32) -> Option<Appointment> {
        self.0.state.lock().store.appointments.get(&id).cloned()
    }

    /// Rows of a patient, newest first.
    pub fn appointments_of(&self, patient: i64) -> Vec<Appointment> {
        self.0.state.lock().store.of_patient(patient).into_iter().cloned().collect()
    }

    /// Pairs of active appointments of one provider that overlap: double bookings.
    pub fn active_overlaps(&self) -> Vec<(u32, u32)> {
        self.0.state.lock().store.overlaps()
    }

    /// Rows as they were before each time they were overwritten, oldest first.
    pub fn archive(&self) -> Vec<Appointment> {
        self.0.state.lock().store.archive.clone()
    }

    /// Every request and what was answered, oldest first.
    pub fn envelopes(&self) -> Vec<Envelope> {
        self.0.state.lock().envelopes.all()
    }

    /// The front desk books on the web pages: no check, and the end is the last minute.
    pub fn desk_books(&self, provider: &str, start: DateTime, minutes: u16, patient: i64) -> u32 {
        let mut state = self.0.state.lock();
        let now = self.0.settings.java_now();
        state.store.desk_books(provider, start, minutes, patient, now)
    }

    /// The front desk sets a status; false if there is no such row.
    pub fn desk_sets_status(&self, id: u32, status: &str) -> bool {
        let mut state = self.0.state.lock();
        let now = self.0.settings.java_now();
        state.store.desk_sets_status(id, status, now)
    }
}
