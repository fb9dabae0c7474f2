//! A simulated server of FHIR that listens here, and the adapter that asks it.

use std::path::Path;
use std::sync::Arc;

use attendant::clinic::Clinic;
use attendant::emr::{self, Emr};
use attendant::sim::Clock;
use attendant::sim::fhir::{Conduct, Fault, Fhir, Knob, Settings};
use attendant::state::Shared;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::wire::oscar::house::NOW;

pub const ALL: [Conduct; 3] = [Conduct::Blind, Conduct::Strict, Conduct::Argonaut];

const PROVIDERS: &str = "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"";

pub struct House {
    pub sim: Fhir,
    pub base_url: String,
    pub token_url: String,
    _stop: DropGuard,
}

/// The clinic of the sample whose EMR is there: `account` is the line or section that says as whom to ask, `times` those of `[emr.fhir]`.
pub fn clinic(folder: &Path, base_url: &str, account: &str, times: [u64; 3]) -> Clinic {
    rustls::crypto::ring::default_provider().install_default().ok();
    let file = folder.join("clinic.toml");
    std::fs::write(&file, text(base_url, account, PROVIDERS, times)).expect("as the test has it");
    Clinic::load(&file).expect("as the test has it")
}

pub fn text(base_url: &str, account: &str, providers: &str, [connect, read, settle]: [u64; 3]) -> String {
    let sample = include_str!("../../../agents/sample-clinic.toml").replace("kind = \"book\"", "kind = \"fhir\"");
    let (line, section) = if account.starts_with('[') { ("", account) } else { (account, "") };
    format!(
        "{sample}\n[emr.fhir]\nbase_url = \"{base_url}\"\n{line}\nconnect_ms = {connect}\nread_ms = {read}\nsettle_ms = {settle}\n\
         {section}\n[emr.fhir.providers]\n{providers}\n[emr.fhir.slots]\n1 = [\"visit\"]\nP = [\"urn:oid:1.2.3.4.5|phone\"]\ns = [\"same-day\"]\n"
    )
}

fn across(clinic: Clinic, shared: &Shared) -> (Clinic, Arc<dyn Emr>) {
    let emr = emr::across(&clinic, shared).expect("as the test has it").expect("as the test has it");
    (clinic, emr)
}

impl House {
    pub async fn open(conduct: Conduct) -> Self {
        let now: Timestamp = NOW.parse().expect("as the test has it");
        let zone = TimeZone::get("America/Vancouver").expect("as the test has it");
        let sim = Fhir::new(Settings { conduct, zone, clock: Clock::new(move || now) });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("as the test has it");
        let bound = listener.local_addr().expect("as the test has it");
        let (base_url, token_url) = (sim.base_url(bound), sim.token_url(bound));
        let stop = CancellationToken::new();
        let (serving, stopped) = (sim.clone(), stop.clone().cancelled_owned());
        tokio::spawn(async move { serving.serve(listener, stopped).await });
        Self { sim, base_url, token_url, _stop: stop.drop_guard() }
    }

    /// Another process that works the same book: it shares no lock with the others. It waits for nothing for long.
    pub fn adapter(&self) -> (Clinic, Arc<dyn Emr>) {
        self.waiting([1_000, 400, 1_000])
    }

    /// One that waits so long: for a connection, an answer, and what became of a write.
    pub fn waiting(&self, times: [u64; 3]) -> (Clinic, Arc<dyn Emr>) {
        self.sharing(&Shared::default(), times)
    }

    /// One that shares its locks and what is not settled with those of the same state.
    pub fn sharing(&self, shared: &Shared, times: [u64; 3]) -> (Clinic, Arc<dyn Emr>) {
        let folder = tempfile::tempdir().expect("as the test has it");
        let token = folder.path().join("token");
        std::fs::write(&token, self.sim.token()).expect("as the test has it");
        let account = format!("token = {{ file = \"{}\" }}", token.display());
        across(clinic(folder.path(), &self.base_url, &account, times), shared)
    }

    pub fn as_whom(&self, folder: &Path, account: &str, times: [u64; 3]) -> (Clinic, Arc<dyn Emr>) {
        across(clinic(folder, &self.base_url, account, times), &Shared::default())
    }

    pub fn turn(&self, operation: &str, fault: Fault, times: u32) {
        self.sim.turn(Knob::times(operation, fault, times)).expect("as the test has it");
    }

    /// Requests for this operation so far.
    pub fn asked(&self, operation: &str) -> usize {
        self.sim.exchanges().iter().filter(|exchange| exchange.operation == operation).count()
    }

    /// Appointments of this patient that hold this provider's time from there on.
    pub fn active(&self, provider: &str, start: DateTime, patient: &str) -> usize {
        let is_it = |row: &&attendant::sim::fhir::Booked| {
            row.is_active()
                && row.status != "pending"
                && row.practitioner == provider
                && row.start == start
                && row.patient.as_deref() == Some(patient)
        };
        self.sim.appointments().iter().filter(is_it).count()
    }
}
