//! A simulated OSCAR that listens here, the adapter that asks it, and a caller who talks to the tools.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use attendant::agent::tools::{self, Dealings, Messages, Session, ToolName, messages};
use attendant::agent::{CallFacts, Line, Who};
use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::emr::oscar::Oscar;
use attendant::emr::{Appointment, Emr, EmrError, NewAppointment, PatientRef, Place, ProviderRef, Refusal, VisitKind};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::sim::oscar::{self as sim, Clock, Dialect, Fault, Knob};
use attendant::state::Shared;
use futures_util::future::join_all;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::clinic::Settings;

/// Sunday morning in Vancouver: Monday is the first working day of 101 and 102.
pub const NOW: &str = "2026-11-22T18:00:00Z";

pub const MONDAY: Date = date(2026, 11, 23);

/// Dr. Singh, whose Monday has a bit of everything, and Dr. Chen, whose Monday is all but free.
pub const SINGH: &str = "101";
pub const CHEN: &str = "102";

/// Jane Roe, who calls from the number in her chart.
pub const JANE: &str = "1001";

pub const PROVIDERS: &str = "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"";

pub struct House {
    pub sim: sim::Oscar,
    base_url: String,
    address: SocketAddr,
    dialect: Dialect,
    zone: &'static str,
    _stop: DropGuard,
}

impl House {
    pub async fn open() -> Self {
        Self::with(Dialect::Mcmaster, None).await
    }

    /// `java_zone`: the server's, if it is not the clinic's.
    pub async fn with(dialect: Dialect, java_zone: Option<&str>) -> Self {
        Self::at(dialect, java_zone, "America/Vancouver", NOW).await
    }

    pub async fn at(dialect: Dialect, java_zone: Option<&str>, zone: &'static str, now: &str) -> Self {
        let now: Timestamp = now.parse().expect("as the test has it");
        let mut settings =
            sim::Settings::new(dialect, TimeZone::get(zone).expect("as the test has it"), Clock::new(move || now));
        if let Some(java) = java_zone {
            settings.java_zone = TimeZone::get(java).expect("as the test has it");
        }
        let sim = sim::Oscar::new(settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("as the test has it");
        let address = listener.local_addr().expect("as the test has it");
        let base_url = sim.base_url(address);
        let stop = CancellationToken::new();
        let serving = sim.clone();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { serving.serve(listener, stopped).await });
        Self { sim, base_url, address, dialect, zone, _stop: stop.drop_guard() }
    }

    /// Another process that works the same book: it shares no lock with the others.
    pub fn adapter(&self) -> (Clinic, Oscar) {
        self.as_user(&self.sim.login().user, &self.sim.login().password)
    }

    pub fn as_user(&self, user: &str, password: &str) -> (Clinic, Oscar) {
        self.settings(user, password).oscar()
    }

    /// A process that shares its locks and what is not settled with those of the same state.
    pub fn sharing(&self, shared: &Shared) -> (Clinic, Oscar) {
        self.settings(&self.sim.login().user, &self.sim.login().password).sharing(shared)
    }

    /// The same, which waits for an answer as long as a call would.
    pub fn patient(&self, shared: &Shared) -> (Clinic, Oscar) {
        let login = self.sim.login();
        Settings { read_ms: 4_000, settle_ms: 4_000, ..self.settings(&login.user, &login.password) }.sharing(shared)
    }

    /// The same of another clinic whose appointments are in this OSCAR too.
    pub fn sharing_as(&self, id: &str, shared: &Shared) -> (Clinic, Oscar) {
        let login = self.sim.login();
        Settings { id, ..self.settings(&login.user, &login.password) }.sharing(shared)
    }

    fn settings<'a>(&'a self, user: &'a str, password: &'a str) -> Settings<'a> {
        Settings {
            id: "harbour-street",
            base_url: &self.base_url,
            dialect: self.dialect.name(),
            user,
            password,
            providers: PROVIDERS,
            timezone: self.zone,
            connect_ms: 1_000,
            read_ms: 400,
            settle_ms: 1_000,
        }
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn turn(&self, operation: &str, fault: Fault, times: u32) {
        self.sim.turn(Knob::times(operation, fault, times)).expect("as the test has it");
    }

    /// Requests for this operation so far.
    pub fn asked(&self, operation: &str) -> usize {
        self.sim.envelopes().iter().filter(|envelope| envelope.operation == operation).count()
    }

    /// Active rows of this patient at this provider and time.
    pub fn active(&self, provider: &str, start: DateTime, patient: &str) -> usize {
        let patient: i64 = patient.parse().expect("as the test has it");
        let rows = self.sim.appointments(provider, start.date());
        rows.iter().filter(|row| row.is_active() && row.start == start.time() && row.patient == patient).count()
    }
}

pub fn place(provider: &str, start: DateTime, minutes: i64) -> Place {
    Place { provider: ProviderRef(provider.to_owned()), start, end: start.saturating_add(minutes.minutes()) }
}

/// A quarter of an hour for that patient.
pub fn wanted(provider: &str, start: DateTime, patient: &str) -> NewAppointment {
    NewAppointment {
        patient: PatientRef(Pii::new(patient.to_owned())),
        place: place(provider, start, 15),
        kind: VisitKind::FollowUp,
        reason: None,
        key: format!("{patient} {provider} {start}"),
    }
}

pub fn held(booked: &Appointment) -> attendant::emr::Held {
    attendant::emr::Held {
        id: booked.id.clone(),
        patient: booked.patient.clone().expect("as the test has it"),
        provider: booked.provider.clone(),
        start: booked.start,
    }
}

/// A caller whose agent passes on what the tools say, word by word.
pub struct Caller {
    pub session: Session,
    pub folder: tempfile::TempDir,
}

impl Caller {
    pub fn new(house: &House) -> Self {
        let (clinic, oscar) = house.adapter();
        Self::at(clinic, Arc::new(oscar), NOW)
    }

    pub fn at(clinic: Clinic, emr: Arc<dyn Emr>, now: &str) -> Self {
        let folder = tempfile::tempdir().expect("as the test has it");
        let session = Session {
            call: CallFacts {
                call: CallId::new(),
                clinic: clinic.config.id.clone(),
                caller: Pii::new("+16045550177".to_owned()),
                language: Language::English,
            },
            clinic: Arc::new(clinic),
            language: Language::English,
            now: now.parse().expect("as the test has it"),
            said: Arc::from([]),
            messages: Arc::new(Messages::new(folder.path().join("messages"))),
            emr: Some(emr),
            dealings: Arc::new(Dealings::default()),
            shared: Shared::default(),
        };
        Self { session, folder }
    }

    fn hears(&mut self, who: Who, text: &str) {
        let line = Line { who, text: Pii::new(text.to_owned()), cut: false };
        self.session.said = self.session.said.iter().cloned().chain([line]).collect();
    }

    pub async fn call(&self, tool: ToolName, arguments: Value) -> Value {
        tools::run(tool, &Pii::new(arguments.to_string()), &self.session).await.result
    }

    /// Jane Roe makes herself known and wishes for Dr. Chen's first time.
    pub async fn janes_wish(&self) -> Value {
        let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
        let patient = self.call(ToolName::SearchPatient, jane).await["patient"].clone();
        let find = json!({ "visit_kind": "follow_up", "provider": "Chen" });
        let slots = self.call(ToolName::FindEarliestAppointment, find).await;
        json!({ "patient": patient, "slot": slots["slots"][0]["slot"] })
    }

    /// Asks, hears the question and says yes to it.
    pub async fn agree(&mut self, tool: ToolName, arguments: &Value) -> Value {
        let asked = self.call(tool, arguments.clone()).await;
        assert_eq!(asked["code"], "not_confirmed", "{asked}");
        self.hears(Who::Agent, asked["say"].as_str().expect("as the test has it"));
        self.hears(Who::Caller, "yes please");
        self.call(tool, arguments.clone()).await
    }
}

/// Free quarters of Dr. Chen's Monday.
pub fn quarters() -> Vec<DateTime> {
    vec![MONDAY.at(9, 0, 0, 0), MONDAY.at(9, 15, 0, 0), MONDAY.at(9, 30, 0, 0)]
}

/// So many callers, each of one of these charts, for few times of Dr. Chen's, through these adapters in turn. Tells who was told yes, and
/// how often; nobody hears anything but yes and that the time was taken, and no two charts are told yes of one time.
pub async fn race(
    emrs: &[Arc<dyn Emr>],
    charts: &[&'static str],
    callers: usize,
) -> BTreeMap<(DateTime, &'static str), usize> {
    let all = (0..callers).map(|n| {
        let (start, chart) = (quarters()[n % 3], charts[n % charts.len()]);
        let emr = emrs[n % emrs.len()].clone();
        tokio::spawn(async move { ((start, chart), emr.book(wanted(CHEN, start, chart)).await) })
    });
    let mut told = BTreeMap::new();
    for outcome in join_all(all).await {
        let (who, outcome) = outcome.expect("as the test has it");
        match outcome {
            Ok(booked) => {
                assert_eq!(booked.start, who.0);
                *told.entry(who).or_insert(0) += 1;
            }
            Err(EmrError::Refused(Refusal::SlotTaken)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    for start in quarters() {
        let yes: Vec<_> = told.keys().filter(|(at, _)| *at == start).collect();
        assert!(yes.len() <= 1, "two charts were told yes at {start}: {yes:?}");
    }
    told
}

/// What the staff find in this folder of records, a line each.
pub fn left(folder: &Path) -> String {
    let files = messages::waiting(folder).expect("as the test has it");
    files.iter().map(|file| std::fs::read_to_string(file).expect("as the test has it")).collect()
}

/// What came of it, for a table of expectations.
pub fn code<T>(outcome: &Result<T, EmrError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(EmrError::Refused(_)) => "refused",
        Err(EmrError::Unavailable(_)) => "unavailable",
        Err(EmrError::Timeout(_)) => "timeout",
        Err(EmrError::Auth(_)) => "auth",
        Err(EmrError::Forbidden(_)) => "forbidden",
        Err(EmrError::Invalid(_)) => "invalid",
        Err(EmrError::Unknown(_)) => "unknown",
    }
}
