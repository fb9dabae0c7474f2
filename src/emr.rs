//! The clinic's book: patients, providers, schedules and appointments, behind one contract whatever keeps them.
//!
//! Decides what every EMR must answer and what its errors tell: above all whether a write may have happened. Times are the clinic's
//! wall clock without a zone; whoever needs an instant takes the zone from [`crate::clinic::Clinic`]. Nothing here talks, holds a
//! caller's consent or knows who is calling: that is for the tools.

mod ahead;
pub mod book;
pub mod card;
mod config;
mod days;
mod failure;
pub mod fhir;
mod finish;
mod hours;
mod http;
mod identity;
mod kept;
mod late;
mod login;
mod looks;
pub mod oscar;
mod phone;
mod ready;
mod server;
pub mod slot;
mod token;
mod unsettled;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clinic::Clinic;
use crate::language::Language;
use crate::privacy::Pii;
use crate::state::Shared;
use crate::tokens::tokens;

pub use config::{EmrConfig, EmrKind, ForOthers, Registrations, TemplateCode};
pub use identity::identity;
pub use late::look_after;
pub use login::Login;

/// A chart in the EMR. It tells who was here, so it is shown to no model and no log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PatientRef(pub Pii<String>);

/// A provider in the EMR: its number there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderRef(pub String);

/// An appointment in the EMR: its number there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppointmentRef(pub String);

/// What a visit is for, as far as the book must know: how long it takes and which slots allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitKind {
    Checkup,
    FollowUp,
    SickVisit,
    Consultation,
    Phone,
}

impl VisitKind {
    /// As the staff read it in the EMR.
    const fn title(self) -> &'static str {
        match self {
            Self::Checkup => "Check-up",
            Self::FollowUp => "Follow-up",
            Self::SickVisit => "Sick visit",
            Self::Consultation => "Consultation",
            Self::Phone => "Phone visit",
        }
    }

    /// As in files and arguments.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkup => "checkup",
            Self::FollowUp => "follow_up",
            Self::SickVisit => "sick_visit",
            Self::Consultation => "consultation",
            Self::Phone => "phone",
        }
    }
}

/// Someone who can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub id: ProviderRef,
    /// As said: "Dr. Wei Chen".
    pub name: String,
}

/// Whose chart is looked for. The birth date decides; the rest only narrows the search where too many were born that day.
#[derive(Clone, Debug)]
pub struct Sought {
    pub birth_date: Pii<Date>,
    /// As the caller spells them, perhaps in the other order.
    pub first_name: Pii<String>,
    pub last_name: Pii<String>,
    /// Ten digits.
    pub calling_from: Option<Pii<String>>,
}

/// A number by which charts are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// Ten digits.
    Telephone(Pii<String>),
    /// Of a health card: capital letters and digits alone.
    HealthCard(Pii<String>),
}

/// What of a chart serves to tell that a caller is its owner. Nothing else of it leaves the EMR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    pub id: PatientRef,
    pub first_name: Pii<String>,
    pub last_name: Pii<String>,
    pub birth_date: Pii<Date>,
    /// Ten digits each.
    pub phones: Vec<Pii<String>>,
    /// Six signs, upper case, no space.
    pub postal_code: Option<Pii<String>>,
    /// Of the health card's number.
    pub card_last4: Option<Pii<String>>,
}

/// One day of a provider's template: slots in order of time, all of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySchedule {
    /// Slots of a holiday are there and closed.
    pub holiday: bool,
    pub slot_minutes: u16,
    pub slots: Vec<TemplateSlot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateSlot {
    pub start: DateTime,
    /// Meaningless before the clinic's configuration gives it a meaning.
    pub code: char,
}

/// An appointment that holds its time: never a cancelled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub id: AppointmentRef,
    /// None: nobody may be booked then ("Do_Not_Book").
    pub patient: Option<PatientRef>,
    pub provider: ProviderRef,
    pub start: DateTime,
    /// As stored: see [`slot::exclusive_end`].
    pub end: DateTime,
}

/// Soonest first, each once: a list that grows while its pages are read has some twice.
fn in_order(mut found: Vec<Appointment>) -> Vec<Appointment> {
    found.sort_by_key(|appointment| appointment.start);
    let mut seen = BTreeSet::new();
    found.retain(|appointment| seen.insert(appointment.id.clone()));
    found
}

/// Where an appointment goes: the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub provider: ProviderRef,
    pub start: DateTime,
    pub end: DateTime,
}

/// In a booked appointment, so that the staff see where it came from.
const BY_TELEPHONE: &str = "Booked by telephone (attendant)";

/// What is to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppointment {
    pub patient: PatientRef,
    pub place: Place,
    pub kind: VisitKind,
    /// What the caller said that it is about, in a few words.
    pub reason: Option<Pii<String>>,
    /// The same for the same wish: while the appointment of a key stands at its time, asking again returns it.
    pub key: String,
}

impl NewAppointment {
    /// As the staff read it in the EMR.
    fn about(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}: {}", self.kind.title(), reason.reveal()),
            None => self.kind.title().to_owned(),
        }
    }
}

/// As charts and health cards have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    Female,
    Male,
    Other,
    Unknown,
}

/// Whose chart is to be made: what they said of themselves, checked, and said yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPatient {
    pub first_name: Pii<String>,
    pub last_name: Pii<String>,
    pub birth_date: Pii<Date>,
    pub sex: Sex,
    /// Ten digits.
    pub phone: Pii<String>,
    pub card: Option<NewCard>,
    /// Street and city.
    pub address: Option<Pii<String>>,
    /// Six signs, upper case, no space.
    pub postal_code: Option<Pii<String>>,
    pub email: Option<Pii<String>>,
}

/// A health card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCard {
    /// Two letters.
    pub province: String,
    /// Capital letters and digits alone.
    pub number: Pii<String>,
}

impl NewPatient {
    /// The same for the same person however their name is written, and whichever call asks: one chart is made of it.
    fn key(&self) -> String {
        format!("{}|{}", self.names().join("|"), self.birth_date.reveal())
    }

    fn names(&self) -> [String; 2] {
        [&self.first_name, &self.last_name].map(|name| folded(name.reveal()))
    }

    /// Whether somebody born that day may be the same person: one of the names in either place, or the number. Who is asked about here may be a twin, or
    /// have been misheard: that is for people to see.
    fn may_be(&self, names: [&str; 2], mut phones: impl Iterator<Item = String>) -> bool {
        let (own, kept) = (self.names(), names.map(folded));
        let has_one = kept.iter().any(|name| !name.is_empty() && own.contains(name));
        has_one || kept.concat() == own.concat() || phones.any(|phone| phone == *self.phone.reveal())
    }
}

/// A name without accents, capitals and blanks.
pub(crate) fn folded(name: &str) -> String {
    tokens(name, Language::English).concat()
}

/// An appointment as its owner was told of it: moved or cancelled only while it is still so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: AppointmentRef,
    pub patient: PatientRef,
    pub provider: ProviderRef,
    pub start: DateTime,
}

/// What went wrong, told by whether anything was written. Neither text nor Debug names a patient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmrError {
    /// The EMR answered, and the answer is no: nothing was written.
    #[error("the EMR refused: {0}")]
    Refused(Refusal),
    /// Nothing was written; the same may be tried later.
    #[error("the EMR cannot be reached: {0}")]
    Unavailable(String),
    /// No answer in time to what writes nothing. A write without an answer is [`Self::Unknown`].
    #[error("the EMR did not answer in time: {0}")]
    Timeout(String),
    /// It does not know the account or its password: nothing was written, and nothing will be until that is mended.
    #[error("the EMR refuses to be logged in to: {0}")]
    Auth(String),
    /// The account may not do this: nothing was written.
    #[error("the EMR does not let this account do that: {0}")]
    Forbidden(String),
    /// Asked for what it does not understand, or answered what cannot be right: nothing was written, and the same fails again.
    #[error("the EMR and this program do not understand each other: {0}")]
    Invalid(String),
    /// A write may have happened. It must not be sent again before someone has looked.
    #[error("it is not known whether the EMR wrote: {0}")]
    Unknown(String),
}

const fn refused<T>(why: Refusal) -> Result<T, EmrError> {
    Err(EmrError::Refused(why))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Someone else has that time, or nobody may.
    SlotTaken,
    /// No such provider, patient or appointment.
    NotFound,
    /// The appointment is no longer as its owner was told.
    Changed,
    /// A chart that may be theirs is there already, in whatever state.
    Known,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SlotTaken => "the time is taken",
            Self::NotFound => "no such provider, patient or appointment",
            Self::Changed => "the appointment was changed meanwhile",
            Self::Known => "a chart that may be theirs is there",
        })
    }
}

/// What an EMR can do besides appointments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// New charts; where it cannot, the staff make them.
    pub creates_patients: bool,
    /// It refuses a second appointment in a time that is taken; where it does not, this program looks before and after it writes.
    pub refuses_double_booking: bool,
}

/// One thing that was looked at to tell whether an EMR can be used: what was found, and if it is wrong, how to mend it. For the staff;
/// never about a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    /// None: it is as it should be.
    pub mend: Option<String>,
}

impl Finding {
    fn good(what: impl Into<String>) -> Self {
        Self { what: what.into(), mend: None }
    }

    fn bad(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: Some(mend.into()) }
    }
}

/// The clinic's EMR across a network: one of several that share locks and what is not settled. `None`: the clinic keeps its book itself, or none.
/// Asks nobody yet. An error is `key: what is wrong; what to write instead`.
pub fn across(clinic: &Clinic, shared: &Shared) -> Result<Option<Arc<dyn Emr>>, String> {
    Ok(match clinic.config.emr.as_ref().map(|emr| emr.kind) {
        Some(EmrKind::Oscar) => Some(Arc::new(oscar::Oscar::sharing(clinic, shared)?)),
        Some(EmrKind::Fhir) => Some(Arc::new(fhir::Fhir::sharing(clinic, shared)?)),
        Some(EmrKind::Book) | None => None,
    })
}

/// An EMR of one clinic.
#[async_trait::async_trait]
pub trait Emr: fmt::Debug + Send + Sync + 'static {
    fn capabilities(&self) -> Capabilities;

    /// Asks for everything that calls will need and writes nothing. `now`: the clinic's wall clock.
    async fn health(&self, now: DateTime) -> Result<Vec<Finding>, EmrError>;

    /// Those the clinic lets callers book.
    async fn providers(&self) -> Result<Vec<Provider>, EmrError>;

    /// None: the provider does not work that day.
    async fn day_schedule(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, EmrError>;

    /// What holds time that day, blocks included.
    async fn appointments_for_provider(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Appointment>, EmrError>;

    /// Those with providers whom callers may book, from that time on, soonest first: of others a caller hears nothing.
    async fn appointments_for_patient(
        &self,
        patient: &PatientRef,
        from: DateTime,
    ) -> Result<Vec<Appointment>, EmrError>;

    /// Active charts with this birth date; the caller of this compares names, whose writing varies.
    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError>;

    /// Active charts that have this number, each once, as far as the EMR's searches see numbers.
    async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, EmrError>;

    async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError>;

    /// Moves to `to`; moving to where it is already succeeds. Only between providers whom callers may book.
    async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError>;

    /// Cancelling what is cancelled already succeeds. Only with providers whom callers may book.
    async fn cancel(&self, held: Held) -> Result<(), EmrError>;

    /// Looks once whether new appointments whose outcome nobody knew have shown up on others' time; how many were taken back. For an EMR that refuses
    /// nothing.
    async fn settle_late(&self) -> Result<usize, EmrError> {
        Ok(0)
    }

    /// A new chart, unless one that may be theirs is there; asked for again, the one that was made. Where [`Capabilities::creates_patients`] is false
    /// nothing is made.
    async fn create_patient(&self, _new: NewPatient) -> Result<PatientRef, EmrError> {
        Err(EmrError::Forbidden("no charts are made in it; the staff do that".into()))
    }
}
