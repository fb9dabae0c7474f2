//! A simulated server of FHIR R4: schedules, slots, appointments and patients of a sample clinic, strict in what it takes, faults included.
//!
//! For tests in this process ([`Fhir`] with its assertions) and for people (`attendant sim fhir`). Everyone in it is made up. It shares no code
//! with whatever calls it, so that a mistake cannot be made twice. It never leaves this machine's loopback.

mod appointments;
mod check;
mod exchange;
mod fault;
mod grants;
mod http;
mod metadata;
mod operations;
mod patients;
mod proposals;
mod reply;
mod route;
mod search;
mod seed;
mod store;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::clock::Clock;
use super::hold::{Held, Holds, When};
use super::knob::NotAKnob;
use grants::Grants;
use store::Store;

pub use fault::{Fault, Knob};
pub use store::Booked;

/// Exchanges that are kept.
const KEPT: usize = 10_000;

/// The service base.
const BASE: &str = "/fhir";

/// How a server deals with bookings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Conduct {
    /// Creates whatever it is told, twice if it is told twice, and leaves slots as they are.
    #[default]
    Blind,
    /// Refuses a second appointment in a time that is taken, and keeps its slots in step.
    Strict,
    /// The same, by `$hold` and `$book` of the Argonaut scheduling guide; it takes no create.
    Argonaut,
    /// As argonaut, and with `$find` for what is free: no Schedule or Slot is found.
    Finder,
    /// As blind, and it writes over whatever version an update names.
    Careless,
}

impl Conduct {
    /// Whether it looks what stands there, and keeps its slots in step.
    const fn looks(self) -> bool {
        match self {
            Self::Blind | Self::Careless => false,
            Self::Strict | Self::Argonaut | Self::Finder => true,
        }
    }

    /// Whether this kind of resource is created.
    fn creates(self, kind: &str) -> bool {
        match kind {
            "Appointment" => !self.operates(),
            "Patient" => self != Self::Careless,
            _ => false,
        }
    }

    /// Whether appointments are booked by operations alone.
    const fn operates(self) -> bool {
        match self {
            Self::Blind | Self::Careless | Self::Strict => false,
            Self::Argonaut | Self::Finder => true,
        }
    }
}

/// What a simulated server is told when it is made.
#[derive(Clone, Debug)]
pub struct Settings {
    pub conduct: Conduct,
    pub zone: TimeZone,
    pub clock: Clock,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// As faults name it: `Appointment.create`.
    pub operation: String,
    /// Method and target.
    pub line: String,
    /// Headers that matter, as `name: value`, without the token.
    pub headers: Vec<String>,
    pub body: String,
    /// Of the answer; None while there is none.
    pub status: Option<u16>,
    /// What was wrong with the request.
    pub refused: Option<String>,
    /// The faults that struck.
    pub struck: Vec<String>,
}

/// The simulator. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Fhir(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: Store,
    grants: Grants,
    knobs: Vec<Knob>,
    holds: Holds,
    exchanges: VecDeque<Exchange>,
    /// Of the first that is kept, counted from 0.
    dropped: u64,
}

impl Fhir {
    /// The sample clinic, on the day that the clock of `settings` says.
    pub fn new(settings: Settings) -> Self {
        let today = settings.clock.now().to_zoned(settings.zone.clone()).date();
        let store = seed::clinic(today, &settings);
        let (knobs, holds, exchanges) = (Vec::new(), Holds::default(), VecDeque::new());
        let state = State { store, grants: Grants::default(), knobs, holds, exchanges, dropped: 0 };
        Self(Arc::new(Inner { settings, state: Mutex::new(state) }))
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
        format!("http://{listening}{BASE}")
    }

    pub fn token_url(&self, listening: SocketAddr) -> String {
        format!("http://{listening}/token")
    }

    /// A token that holds as long as the simulator runs.
    pub fn token(&self) -> String {
        grants::STANDING.to_owned()
    }

    /// The client that may ask for tokens, and its secret.
    pub fn client(&self) -> (&'static str, &'static str) {
        (grants::CLIENT, grants::SECRET)
    }

    /// Takes what the client signs with this key of P-384: its public half, uncompressed.
    pub fn register_key(&self, key_id: &str, public: Vec<u8>) {
        self.0.state.lock().grants.register(key_id, public);
    }

    /// Every token that was given out is refused from now on.
    pub fn expire_tokens(&self) {
        self.0.state.lock().grants.expire();
    }

    /// Turns a knob, in addition to those turned already. An operation that there is not is a mistake.
    pub fn turn(&self, knob: Knob) -> Result<(), NotAKnob> {
        if knob.operation().is_some_and(|operation| !route::OPERATIONS.contains(&operation)) {
            return Err(NotAKnob::unknown_operation(&knob));
        }
        self.0.state.lock().knobs.push(knob);
        Ok(())
    }

    /// Everything works again.
    pub fn mend(&self) {
        self.0.state.lock().knobs.clear();
    }

    /// One request stands still, after so many more have come.
    pub fn hold(&self, spared: usize, when: When) -> Held {
        self.0.state.lock().holds.hold(spared, when)
    }

    /// Every request and what was answered, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.state.lock().exchanges.iter().cloned().collect()
    }

    /// Appointments as they stand, whatever their status, by time.
    pub fn appointments(&self) -> Vec<Booked> {
        self.0.state.lock().store.booked(&self.0.settings.zone)
    }

    /// The whole resource.
    pub fn resource(&self, kind: &str, id: &str) -> Option<Value> {
        self.0.state.lock().store.get(kind, id).cloned()
    }

    /// Pairs of appointments that hold one time of one practitioner: double bookings.
    pub fn overlaps(&self) -> Vec<(String, String)> {
        self.0.state.lock().store.overlaps(&self.0.settings.zone)
    }

    /// The front desk books, and asks nobody.
    pub fn desk_books(&self, practitioner: &str, start: DateTime, minutes: i64, patient: &str) -> String {
        let mut state = self.0.state.lock();
        appointments::desk_books(&mut state.store, &self.0.settings, practitioner, start, minutes, patient)
    }

    /// The front desk opens a slot in this schedule, for visits of this type.
    pub fn desk_opens(&self, schedule: &str, start: DateTime, minutes: i64, kind: &str) -> String {
        let mut state = self.0.state.lock();
        let slot = seed::slot(&self.0.settings, schedule, start, minutes, kind);
        state.store.insert(slot, None)["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The front desk changes one of the fields of a resource; false if there is no such resource.
    pub fn desk_sets(&self, kind: &str, id: &str, field: &str, value: Value) -> bool {
        self.0.state.lock().store.change(kind, id, |resource| resource[field] = value)
    }
}
