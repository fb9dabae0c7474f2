//! The tools that work the clinic's book: find a free time, tell appointments, book, move and cancel.
//!
//! Decides what a verified caller may do, and that every write has the caller's own yes to its moment. A write asked for a second time
//! in a call returns what came of it the first time; one whose outcome is not known is never sent again and goes to the staff.

mod find;
mod late;
mod write;

use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::dealings::{Meaning, OUTCOME_UNKNOWN};
use super::weekday::{self, DayOfWeek};
use super::{Message, MessageKind, Outcome, Session, ToolName, operator, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::appointment::{self, Remark, Told};
use crate::clock;
use crate::emr::{Appointment, Emr, EmrError, Held, PatientRef, ProviderRef, Refusal, VisitKind, slot};
use crate::privacy::Pii;
use crate::state::key::digest;

pub(super) use find::{find, find_spec};
pub(super) use write::{cancel, cancel_spec, create, create_spec, update, update_spec};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// the handle that search_patient returned, once verified
    patient: String,
    /// all that are to come, or those of one day
    when: Option<Which>,
    /// for one day, as 2026-11-24
    date: Option<String>,
    /// the weekday that the caller said with the date
    weekday: Option<DayOfWeek>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    Upcoming,
    Date,
}

pub(super) fn check_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::CheckAppointments.name(),
        description: "The verified caller's upcoming appointments, with the handles to move or cancel them, and the visit_kind to find another \
                      time of the same length by. Say what `say` holds.",
        parameters: schema::of::<Check>(),
    }
}

pub(super) async fn check(asked: &Check, emr: &dyn Emr, session: &Session) -> Outcome {
    let patient = match verified(&asked.patient, session) {
        Ok(patient) => patient,
        Err(outcome) => return outcome,
    };
    let day = match day(asked, session) {
        Ok(day) => day,
        Err(outcome) => return outcome,
    };
    session.dealings.touch([&patient], &["appointments"]);
    let mut found = match emr.appointments_for_patient(&patient, local(session)).await {
        Ok(found) => found,
        Err(error) => return failed(&error, session),
    };
    found.retain(|a| day.is_none_or(|day| a.start.date() == day));
    let names = match emr.providers().await {
        Ok(providers) => providers,
        Err(error) => return failed(&error, session),
    };
    let name = |id: &ProviderRef| names.iter().find(|p| p.id == *id).map_or("", |p| p.name.as_str());
    let told: Vec<Told<'_>> = found.iter().map(|a| Told { at: a.start, provider: name(&a.provider) }).collect();
    let handles: Vec<_> = found
        .iter()
        .map(|a| {
            let held =
                Held { id: a.id.clone(), patient: patient.clone(), provider: a.provider.clone(), start: a.start };
            let content = format!("{}|{}|{}", a.id.0, a.provider.0, a.start);
            let handle = session.dealings.issue(&content, Meaning::Appointment(held, minutes(a)), session.now);
            json!({
                "appointment": handle,
                "start": written(a.start),
                "provider": name(&a.provider),
                "visit_kind": as_long(minutes(a), session).map(VisitKind::name),
            })
        })
        .collect();
    let say = match day {
        Some(day) if told.is_empty() => appointment::none_on(day, session.language),
        Some(_) | None => appointment::standing(&told, session.language),
    };
    Outcome::ok(json!({ "appointments": handles, "say": say }))
}

/// The day that is asked about; `None`: all that are to come.
fn day(asked: &Check, session: &Session) -> Result<Option<Date>, Outcome> {
    let invalid = |what: &str| Outcome::refused("invalid", what);
    let date = match (asked.when, &asked.date) {
        (None | Some(Which::Upcoming), None) => return Ok(None),
        (Some(Which::Date), None) => return Err(invalid("for one day pass its date, as 2026-11-24")),
        (Some(Which::Upcoming), Some(_)) => return Err(invalid("for one day pass when as date, else no date")),
        (None | Some(Which::Date), Some(date)) => date.trim().parse::<Date>(),
    };
    let date = date.map_err(|_| invalid("write dates as 2026-11-24"))?;
    weekday::check(date, asked.weekday.as_slice(), session)?;
    if date < local(session).date() {
        return Err(Outcome::refused("out_of_range", "only appointments to come are told; say so"));
    }
    Ok(Some(date))
}

/// The chart of a handle whose owner has been made sure of.
fn verified(handle: &str, session: &Session) -> Result<PatientRef, Outcome> {
    let person = session.dealings.person(handle).ok_or_else(|| {
        Outcome::refused("unknown_patient", "there is no such patient handle; call search_patient first")
    })?;
    person.verified.ok_or_else(|| {
        Outcome::refused(
            "need_verification",
            "the caller is not verified; ask for a further factor and call verify_identity",
        )
    })
}

/// The clinic's wall clock.
fn local(session: &Session) -> DateTime {
    session.clinic.local(session.now).datetime()
}

/// For a model to tell times apart by.
fn written(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// The shortest kind of visit that is as long: what an appointment was booked as, not every EMR keeps.
fn as_long(minutes: u16, session: &Session) -> Option<VisitKind> {
    let visits = &session.clinic.config.emr.as_ref()?.visits;
    visits.iter().filter(|(_, long)| **long >= minutes).min_by_key(|(_, long)| **long).map(|(kind, _)| *kind)
}

fn minutes(a: &Appointment) -> u16 {
    let long = slot::exclusive_end(a.end, 5).duration_since(a.start).as_mins();
    u16::try_from(long).unwrap_or(0).max(1)
}

/// What a caller is told of an EMR that failed; the log tells why, which names nobody.
pub(super) fn failed(error: &EmrError, session: &Session) -> Outcome {
    tracing::warn!(call = %session.call.call, %error, "the book of appointments");
    let (code, remark) = match error {
        EmrError::Refused(Refusal::SlotTaken) => ("slot_taken", Remark::Taken),
        EmrError::Refused(Refusal::NotFound | Refusal::Changed | Refusal::Known) => ("changed", Remark::Changed),
        EmrError::Unavailable(_)
        | EmrError::Timeout(_)
        | EmrError::Auth(_)
        | EmrError::Forbidden(_)
        | EmrError::Invalid(_) => ("emr_unavailable", Remark::Unavailable(operator(session))),
        EmrError::Unknown(_) => (OUTCOME_UNKNOWN, Remark::Unknown),
    };
    Outcome::told(code, remark.words(session.language))
}

/// What came of a write that failed. If it may have happened, the staff are told before the caller is.
pub(super) async fn failed_write(error: &EmrError, what: &Pii<String>, session: &Session) -> Outcome {
    if matches!(error, EmrError::Unknown(_))
        && let Err(error) = session.messages.keep(doubt(what, session)).await
    {
        tracing::error!(call = %session.call.call, %error, "an unknown outcome could not be left for the staff");
    }
    failed(error, session)
}

/// What the staff are told of a write that may have happened.
pub(super) fn doubt(what: &Pii<String>, session: &Session) -> Message {
    let text = format!("Not certain: {}. Look in the book, then call back.", what.reveal());
    for_staff(MessageKind::UnknownOutcome, what, text, session)
}

/// What the staff are told of a write that is over, if the caller cannot be.
pub(super) fn not_told(what: &Pii<String>, outcome: &Outcome, session: &Session) -> Message {
    let done = if outcome.is_ok() { "Done" } else { "Not done" };
    let text = format!("{done}, and the caller hung up before hearing it: {}. Call back.", what.reveal());
    for_staff(MessageKind::NotTold, what, text, session)
}

fn for_staff(kind: MessageKind, what: &Pii<String>, text: String, session: &Session) -> Message {
    Message {
        id: digest(&[&session.call.call.to_string(), kind.word(), what.reveal()]),
        kind,
        at: clock::stamp_of(session.now),
        call: session.call.call,
        clinic: session.clinic.config.id.clone(),
        caller: session.call.caller.clone(),
        name: Pii::new("attendant".to_owned()),
        number: session.call.caller.clone(),
        text: Pii::new(text),
    }
}

#[cfg(test)]
mod tests;
