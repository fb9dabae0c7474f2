//! OSCAR behind the EMR's contract, by its SOAP services: McMaster's own, Open-O, and Juno.
//!
//! Decides nothing that the clinic's file and the contract of OSCAR do not: its modules hold a decision each. Times are the clinic's
//! digits; templates are kept for minutes, appointments never; what is written is written once. No patient's data is in an error or a log.

mod account;
mod chart;
mod config;
mod envelope;
mod fault;
mod health;
mod http;
mod late;
mod operations;
mod row;
mod soap;
mod templates;
mod wall;
mod write;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime};

use super::ahead::{days_ahead, none_coded};
use super::days::Days;
use super::failure::Failure;
use super::finish::finish;
use super::identity::identity;
use super::kept::Kept;
use super::unsettled::Unsettled;
use super::{
    Appointment, Capabilities, DaySchedule, Emr, EmrError, Finding, Held, NewAppointment, Number, Patient, PatientRef,
    Place, Provider, ProviderRef, Sought, in_order,
};
use crate::clinic::Clinic;
use crate::state::Shared;
use soap::Soap;
use templates::Templates;

pub use config::{Dialect, OscarConfig};

/// See the module header. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Oscar(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    soap: Soap,
    templates: Templates,
    /// Whom callers may book, and hear of; with the name as said.
    providers: BTreeMap<ProviderRef, String>,
    /// Template codes that have a meaning.
    codes: BTreeSet<char>,
    /// Those of `providers` who are active.
    active: Kept<(), Vec<Provider>>,
    days: Days,
    unsettled: Unsettled,
    /// From sending a write until it is given up looking for: within the 20 s that a call waits for a tool.
    settle: Duration,
}

impl Oscar {
    /// One of several that share locks and what is not settled. Asks nobody yet. The configuration has been checked; an error is `key: what is
    /// wrong; what to write instead`.
    pub fn sharing(clinic: &Clinic, shared: &Shared) -> Result<Self, String> {
        let missing = || "emr.oscar: missing; write [emr.oscar], as in docs/emr.md".to_owned();
        let emr = clinic.config.emr.as_ref().ok_or_else(missing)?;
        let oscar = emr.oscar.as_ref().ok_or_else(missing)?;
        Ok(Self(Arc::new(Inner {
            soap: Soap::new(oscar, &clinic.config.id, clinic.emr_login()?)?,
            templates: Templates::new(clinic),
            providers: oscar.providers.clone(),
            codes: emr.codes.keys().copied().collect(),
            active: Kept::new(1),
            days: Days::new(&identity(clinic), shared.all().clone()),
            unsettled: Unsettled::new(&identity(clinic), shared),
            settle: Duration::from_millis(oscar.read_ms + oscar.settle_ms),
        })))
    }
}

impl Inner {
    async fn bookable(&self) -> Result<Vec<Provider>, EmrError> {
        match self.active.get(&()) {
            Some(providers) => Ok(providers),
            None => self.ask_bookable().await,
        }
    }

    /// Asks, and keeps what is answered.
    async fn ask_bookable(&self) -> Result<Vec<Provider>, EmrError> {
        let active = self.soap.active_providers().await.map_err(Failure::of_read)?;
        let listed = self.providers.iter().filter(|(id, _)| active.contains(id));
        let providers: Vec<_> =
            listed.map(|(id, name)| Provider { id: id.clone(), name: name.trim().to_owned() }).collect();
        self.active.put((), providers.clone());
        Ok(providers)
    }
}

#[async_trait::async_trait]
impl Emr for Oscar {
    fn capabilities(&self) -> Capabilities {
        Capabilities { creates_patients: false, refuses_double_booking: false }
    }

    async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError> {
        let mut findings = self.0.health(now).await?;
        findings.extend(days_ahead(self, &self.0.providers, &self.0.codes, now, none_coded).await);
        Ok(findings)
    }

    async fn providers(&self) -> Result<Vec<Provider>, EmrError> {
        self.0.bookable().await
    }

    async fn day_schedule(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, EmrError> {
        self.0.templates.of(&self.0.soap, provider, day).await.map_err(Failure::of_read)
    }

    async fn appointments_for_provider(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Appointment>, EmrError> {
        let rows = self.0.soap.day_rows(provider, day).await.map_err(Failure::of_read)?;
        Ok(rows.iter().filter(|row| row.is_active()).map(row::Row::appointment).collect())
    }

    async fn appointments_for_patient(
        &self,
        patient: &PatientRef,
        from: DateTime,
    ) -> Result<Vec<Appointment>, EmrError> {
        let number = write::chart_number(patient)?;
        let rows = self.0.soap.patient_rows(number, from).await.map_err(Failure::of_read)?;
        let theirs = rows.iter().filter(|row| row.is_active() && row.patient == Some(number) && row.start >= from);
        let listed = theirs.filter(|row| self.0.providers.contains_key(&row.provider));
        Ok(in_order(listed.map(row::Row::appointment).collect()))
    }

    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError> {
        self.0.soap.find(sought).await.map_err(Failure::of_read)
    }

    async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, EmrError> {
        self.0.soap.find_by(number).await.map_err(Failure::of_read)
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

    async fn settle_late(&self) -> Result<usize, EmrError> {
        self.0.settle_late().await
    }
}
