//! A server of FHIR R4 behind the EMR's contract: Schedule, Slot, Appointment and Patient, and `$find`, `$hold` and `$book` of the Argonaut
//! scheduling guide where it offers them.
//!
//! Decides nothing that the clinic's file and the standard do not: its modules hold a decision each. Instants become the clinic's wall clock at the
//! edge; slots are kept for minutes to know what a day looks like, and asked anew to know what is free. What is written is written once. No
//! patient's data is in an error, a log or an address.

mod account;
mod answer;
mod assertion;
mod bundle;
mod chart;
mod client;
mod concept;
mod config;
mod day;
mod health;
mod instant;
mod new_chart;
mod offer;
mod operation;
mod proposal;
mod reference;
mod row;
mod slots;
mod unanswered;
mod wish;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::ahead::{days_ahead, none_coded, none_proposed};
use super::days::Days;
use super::failure::Failure;
use super::finish::finish;
use super::hours::{Unlike, unlike};
use super::identity::identity;
use super::kept::Kept;
use super::unsettled::Unsettled;
use super::{
    Appointment, Capabilities, DaySchedule, Emr, EmrError, Finding, Held, NewAppointment, NewPatient, Number, Patient,
    PatientRef, Place, Provider, ProviderRef, Registrations, Sought, TemplateCode, in_order,
};
use crate::clinic::Clinic;
use crate::state::Shared;
use client::Client;
use offer::Offer;

pub use config::{ClientConfig, FhirConfig};

/// Days of providers that are kept: sixty providers for a month and more.
const MOST_DAYS: usize = 4_096;

/// See the module header. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fhir(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    zone: TimeZone,
    /// Hours of days unlike their weekday.
    unlike: Unlike,
    /// Whom callers may book, with the name as said.
    providers: BTreeMap<ProviderRef, String>,
    /// What a slot must say to have this code.
    types: BTreeMap<char, Vec<String>>,
    /// What each code allows.
    codes: BTreeMap<char, TemplateCode>,
    /// Schedules of each of `providers` who has one.
    schedules: Kept<(), Arc<BTreeMap<ProviderRef, Vec<String>>>>,
    /// What a day looks like, whoever is booked on it.
    looks: Kept<(ProviderRef, Date), Option<DaySchedule>>,
    offer: Kept<(), Offer>,
    /// Held by whoever asks what the server offers.
    asking: tokio::sync::Mutex<()>,
    days: Days,
    unsettled: Unsettled,
    registrations: Registrations,
    /// From sending a write until it is given up looking for: within the 20 s that a call waits for a tool.
    settle: Duration,
}

impl Fhir {
    /// One of several that share locks and what is not settled. Asks nobody yet. The configuration has been checked; an error is `key: what is
    /// wrong; what to write instead`.
    pub fn sharing(clinic: &Clinic, shared: &Shared) -> Result<Self, String> {
        let missing = || "emr.fhir: missing; write [emr.fhir], as in docs/fhir.md".to_owned();
        let emr = clinic.config.emr.as_ref().ok_or_else(missing)?;
        let fhir = emr.fhir.as_ref().ok_or_else(missing)?;
        Ok(Self(Arc::new(Inner {
            client: Client::new(fhir, &clinic.config.id)?,
            zone: clinic.zone.clone(),
            unlike: unlike(clinic),
            providers: fhir.providers.clone(),
            types: fhir.slots.clone(),
            codes: emr.codes.clone(),
            schedules: Kept::new(1),
            looks: Kept::new(MOST_DAYS),
            offer: Kept::new(1),
            days: Days::new(&identity(clinic), shared.all().clone()),
            unsettled: Unsettled::new(&identity(clinic), shared),
            registrations: emr.registrations,
            asking: tokio::sync::Mutex::default(),
            settle: Duration::from_millis(fhir.read_ms + fhir.settle_ms),
        })))
    }
}

#[async_trait::async_trait]
impl Emr for Fhir {
    fn capabilities(&self) -> Capabilities {
        Capabilities { creates_patients: true, refuses_double_booking: false }
    }

    async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError> {
        let codes: BTreeSet<char> = self.0.types.keys().copied().collect();
        let mut findings = self.0.health().await?;
        let none = if self.0.proposes() { none_proposed } else { none_coded };
        findings.extend(days_ahead(self, &self.0.providers, &codes, now, none).await);
        Ok(findings)
    }

    async fn providers(&self) -> Result<Vec<Provider>, EmrError> {
        let schedules = self.0.schedules().await.map_err(Failure::of_read)?;
        let listed = self.0.providers.iter().filter(|(id, _)| schedules.contains_key(id));
        Ok(listed.map(|(id, name)| Provider { id: id.clone(), name: name.trim().to_owned() }).collect())
    }

    async fn day_schedule(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, EmrError> {
        self.0.look(provider, day).await.map_err(Failure::of_read)
    }

    async fn appointments_for_provider(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Appointment>, EmrError> {
        // Whoever asks what is free will book soon.
        if !self.0.offer.is_young(&()) {
            let inner = self.0.clone();
            tokio::spawn(async move { inner.warm_offer().await });
        }
        self.0.taken(provider, day).await.map_err(Failure::of_read)
    }

    async fn appointments_for_patient(
        &self,
        patient: &PatientRef,
        from: DateTime,
    ) -> Result<Vec<Appointment>, EmrError> {
        let rows = self.0.rows_of_patient(patient, from).await?;
        let theirs = rows.iter().filter(|row| row.is_active() && row.start >= Some(from));
        Ok(in_order(theirs.filter_map(|row| row.appointment(|id| self.0.providers.contains_key(id))).collect()))
    }

    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError> {
        self.0.client.find(sought).await.map_err(Failure::of_read)
    }

    async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, EmrError> {
        self.0.client.find_by(number).await.map_err(Failure::of_read)
    }

    async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        let inner = self.0.clone();
        finish(async move { inner.book(wanted).await }).await
    }

    async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        let inner = self.0.clone();
        finish(async move { inner.reschedule(held, to).await }).await
    }

    async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        let inner = self.0.clone();
        finish(async move { inner.cancel(held).await }).await
    }

    async fn create_patient(&self, new: NewPatient) -> Result<PatientRef, EmrError> {
        let inner = self.0.clone();
        finish(async move { inner.create_patient(&new).await }).await
    }
}
