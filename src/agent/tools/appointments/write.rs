//! `create_appointment`, `update_appointment`, `cancel_appointment`: what is written in the book.
//!
//! Called a first time, each writes nothing and returns the question to ask; called again after the caller's yes to that question, it
//! writes. Who changes an appointment later than the clinic asks must have heard so. The key of a booking is (clinic, patient, provider, start, verb), so that the same wish is one appointment.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::super::consent::{Deed, agreed, ask};
use super::super::dealings::{OUTCOME_UNKNOWN, Slot};
use super::super::interrupted::UnderWay;
use super::super::limits::{self, Limited};
use super::super::write_up::Later;
use super::super::{Outcome, Session, ToolName, schema};
use super::late::{self, LATE_CHANGE};
use super::{digest, failed, failed_write, local, verified, written};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::appointment::{self, Told, moment};
use crate::emr::{Emr, EmrKind, Held, NewAppointment, PatientRef, Place, ProviderRef, slot};
use crate::privacy::Pii;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::tools) struct Create {
    /// the handle that search_patient returned, once verified
    patient: String,
    /// a handle that find_earliest_appointment returned
    slot: String,
    /// what it is about in the caller's own words, at most 80 characters; leave it out unless they said it, and no more of their health
    reason_short: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::tools) struct Update {
    /// a handle that check_appointments returned
    appointment: String,
    /// a handle that find_earliest_appointment returned
    slot: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::tools) struct Cancel {
    /// a handle that check_appointments returned
    appointment: String,
    /// if the caller said why; do not ask
    reason: Option<Why>,
}

/// Why an appointment is cancelled.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Why {
    FeelingBetter,
    Conflict,
    Transport,
    Other,
}

impl Why {
    /// In the audit.
    const fn word(self) -> &'static str {
        match self {
            Self::FeelingBetter => "feeling_better",
            Self::Conflict => "conflict",
            Self::Transport => "transport",
            Self::Other => "other",
        }
    }
}

/// Characters of what a visit is about: EMRs keep no more.
const LONGEST_REASON: usize = 80;

pub(in crate::agent::tools) fn create_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::CreateAppointment.name(),
        description: "Book a time for the verified caller. The first call returns the question to ask: say `say` word by word, and \
                      call again with the same arguments after the caller's yes. Say it is booked only if `ok` is true.",
        parameters: schema::of::<Create>(),
    }
}

pub(in crate::agent::tools) fn update_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::UpdateAppointment.name(),
        description: "Move the verified caller's appointment to another time. The first call returns the question to ask: say `say` word \
                      by word, and call again with the same arguments after the caller's yes.",
        parameters: schema::of::<Update>(),
    }
}

pub(in crate::agent::tools) fn cancel_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::CancelAppointment.name(),
        description: "Cancel the verified caller's appointment. The first call returns the question to ask: say `say` word by word, and \
                      call again with the same arguments after the caller's yes.",
        parameters: schema::of::<Cancel>(),
    }
}

pub(in crate::agent::tools) async fn create(asked: &Create, emr: &dyn Emr, session: &Session) -> Outcome {
    let what = digest(&["create", &asked.patient, &asked.slot]);
    if let Some(outcome) = session.dealings.done(&what) {
        return outcome;
    }
    let patient = match verified(&asked.patient, session) {
        Ok(patient) => patient,
        Err(outcome) => return outcome,
    };
    let slot = match offered(&asked.slot, session) {
        Ok(slot) => slot,
        Err(outcome) => return outcome,
    };
    let reason = match reason(asked.reason_short.as_deref()) {
        Ok(reason) => reason,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = limits::room(Limited::Booked, session).await {
        return outcome;
    }
    session.dealings.touch([&patient], &["appointments"]);
    let told = Told { at: slot.place.start, provider: &slot.provider_name };
    let named = [moment(told.at, session.language), slot.provider_name.clone()];
    if !agreed(Deed::Book, &what, &appointment::ask_to_book(told, None, session.language), &named, session) {
        let standing = match emr.appointments_for_patient(&patient, local(session)).await {
            Ok(standing) => standing,
            Err(error) => return failed(&error, session),
        };
        let also = standing.iter().map(|a| a.start).find(|start| start.date() == told.at.date());
        return ask(&what, &appointment::ask_to_book(told, also, session.language), session);
    }
    let start = slot.place.start.to_string();
    let clinic = session.clinic.config.id.as_str();
    let key = digest(&[clinic, patient.0.reveal(), &slot.place.provider.0, &start, "book"]);
    let about = about(&format!("a booking for {start} with {}", slot.provider_name), &patient);
    let wanted = NewAppointment { patient, place: slot.place.clone(), kind: slot.kind, reason, key };
    let under_way = match UnderWay::begin(&about, session).await {
        Ok(under_way) => under_way,
        Err(error) => return failed(&error, session),
    };
    let outcome = match emr.book(wanted).await {
        Ok(booked) => {
            session.dealings.wrote(&booked.id);
            Outcome::ok(json!({
                "start": written(booked.start),
                "provider": slot.provider_name,
                "say": appointment::booked(told, session.language),
            }))
        }
        Err(error) => failed_write(&error, &about, session).await,
    };
    under_way.over(&outcome);
    session.dealings.finish(what, outcome.clone());
    count(&outcome, session);
    outcome
}

pub(in crate::agent::tools) async fn update(asked: &Update, emr: &dyn Emr, session: &Session) -> Outcome {
    let what = digest(&["update", &asked.appointment, &asked.slot]);
    if let Some(outcome) = session.dealings.done(&what) {
        return outcome;
    }
    let (held, minutes) = match standing(&asked.appointment, session) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let slot = match offered(&asked.slot, session) {
        Ok(slot) => slot,
        Err(outcome) => return outcome,
    };
    let told = Told { at: slot.place.start, provider: &slot.provider_name };
    let offered = slot.place.end.duration_since(slot.place.start).as_mins();
    if offered < i64::from(minutes) {
        return Outcome::refused(
            "too_short",
            "that time is shorter than the appointment; find times for the kind of visit it is",
        );
    }
    if let Err(outcome) = limits::room(Limited::Booked, session).await {
        return outcome;
    }
    let late = late::said_before(held.start, session);
    let mut named =
        vec![moment(held.start, session.language), moment(told.at, session.language), slot.provider_name.clone()];
    named.extend(late.clone());
    let question = appointment::ask_to_move(held.start, told, session.language);
    if !agreed(Deed::Move, &what, &question, &named, session) {
        return ask(&what, &behind(late, question), session);
    }
    if late.is_some() {
        session.dealings.warned(LATE_CHANGE);
    }
    // It keeps its own length.
    let to = Place { end: slot::end_of(slot.place.start, minutes), ..slot.place.clone() };
    let old = written(held.start);
    let (from, with) = (called(&held.provider, emr, session).await, &slot.provider_name);
    let about = about(
        &format!("moving the appointment of {} with {from} to {} with {with}", held.start, to.start),
        &held.patient,
    );
    let under_way = match UnderWay::begin(&about, session).await {
        Ok(under_way) => under_way,
        Err(error) => return failed(&error, session),
    };
    let outcome = match emr.reschedule(held, to).await {
        Ok(moved) => {
            session.dealings.wrote(&moved.id);
            Outcome::ok(json!({
                "start": written(moved.start),
                "old_start": old,
                "say": appointment::moved(told, session.language),
            }))
        }
        Err(error) => failed_write(&error, &about, session).await,
    };
    under_way.over(&outcome);
    session.dealings.finish(what, outcome.clone());
    count(&outcome, session);
    outcome
}

pub(in crate::agent::tools) async fn cancel(asked: &Cancel, emr: &dyn Emr, session: &Session) -> Outcome {
    let what = digest(&["cancel", &asked.appointment]);
    if let Some(outcome) = session.dealings.done(&what) {
        return outcome;
    }
    let held = match standing(&asked.appointment, session) {
        Ok((held, _)) => held,
        Err(outcome) => return outcome,
    };
    let late = late::said_before(held.start, session);
    let unnamed = appointment::ask_to_cancel(Told { at: held.start, provider: "" }, session.language);
    let named: Vec<String> = std::iter::once(moment(held.start, session.language)).chain(late.clone()).collect();
    if !agreed(Deed::Cancel, &what, &unnamed, &named, session) {
        let providers = match emr.providers().await {
            Ok(providers) => providers,
            Err(error) => return failed(&error, session),
        };
        let name = providers.iter().find(|p| p.id == held.provider).map_or("", |p| p.name.as_str());
        let told = Told { at: held.start, provider: name };
        return ask(&what, &behind(late, appointment::ask_to_cancel(told, session.language)), session);
    }
    if late.is_some() {
        session.dealings.warned(LATE_CHANGE);
    }
    if let Some(why) = asked.reason {
        session.dealings.reason(why.word());
    }
    let (start, id) = (held.start, held.id.clone());
    let with = called(&held.provider, emr, session).await;
    let about = about(&format!("cancelling the appointment of {start} with {with}"), &held.patient);
    let under_way = match UnderWay::begin(&about, session).await {
        Ok(under_way) => under_way,
        Err(error) => return failed(&error, session),
    };
    let outcome = match emr.cancel(held).await {
        Ok(()) => {
            session.dealings.wrote(&id);
            Outcome::ok(json!({
                "cancelled_start": written(start),
                "say": appointment::cancelled(start, session.language),
            }))
        }
        Err(error) => failed_write(&error, &about, session).await,
    };
    under_way.over(&outcome);
    session.dealings.finish(what, outcome.clone());
    outcome
}

/// One more appointment made or moved, or perhaps.
fn count(outcome: &Outcome, session: &Session) {
    if outcome.is_ok() || outcome.result["code"] == OUTCOME_UNKNOWN {
        session.dealings.later(Later::Booked);
    }
}

/// What a visit is about, if the caller said it.
fn reason(said: Option<&str>) -> Result<Option<Pii<String>>, Outcome> {
    let Some(said) = said.map(str::trim).filter(|said| !said.is_empty()) else { return Ok(None) };
    if said.chars().count() > LONGEST_REASON || said.contains(char::is_control) {
        return Err(Outcome::refused(
            "invalid_reason",
            "the reason is too long; write it in a few words, or leave it out",
        ));
    }
    Ok(Some(Pii::new(said.to_owned())))
}

/// The question, behind what is said first.
fn behind(first: Option<String>, question: String) -> String {
    match first {
        Some(first) => format!("{first} {question}"),
        None => question,
    }
}

/// What is written, for the staff to find in their book: of whose chart.
fn about(what: &str, patient: &PatientRef) -> Pii<String> {
    Pii::new(format!("{what}, chart {}", patient.0.reveal()))
}

/// As the staff know the provider, without asking anybody across a network: an embedded book knows its own.
async fn called(provider: &ProviderRef, emr: &dyn Emr, session: &Session) -> String {
    let config = session.clinic.config.emr.as_ref();
    let named = match config.map(|config| config.kind) {
        Some(EmrKind::Book) => {
            let all = emr.providers().await.unwrap_or_default();
            all.into_iter().find(|one| one.id == *provider).map(|one| one.name)
        }
        Some(EmrKind::Oscar | EmrKind::Fhir) | None => {
            config.and_then(|config| config.provider_name(provider)).map(str::to_owned)
        }
    };
    named.unwrap_or_else(|| format!("provider {}", provider.0))
}

/// A slot offered not long ago, and still to come.
fn offered(handle: &str, session: &Session) -> Result<Slot, Outcome> {
    session.dealings.slot(handle, session.now).filter(|slot| slot.place.start > local(session)).ok_or_else(|| {
        Outcome::refused("slot_expired", "there is no such offer any more; call find_earliest_appointment again")
    })
}

fn standing(handle: &str, session: &Session) -> Result<(Held, u16), Outcome> {
    let found = session.dealings.appointment(handle).filter(|(held, _)| held.start > local(session));
    let (held, minutes) = found.ok_or_else(|| {
        Outcome::refused("unknown_appointment", "there is no such handle; call check_appointments first")
    })?;
    session.dealings.touch([&held.patient], &["appointments"]);
    Ok((held, minutes))
}
