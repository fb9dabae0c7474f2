//! `search_patient` and `verify_identity`: who is calling.
//!
//! Decides when a caller counts as the owner of a chart: full name and birth date match one chart that has the number called from, or
//! match charts of which a postal code or the end of a card number tells one. Whether someone is a patient is told to nobody: a search
//! that finds nothing answers like one that needs a further factor, and a wrong factor like no chart. Who is too young to call is called for by another, and
//! not looked up unless the clinic books for others. Failures are counted for the call, and for
//! a day for the number called from and for each chart, whatever instance the calls are on.

use std::time::Duration;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::dealings::{Meaning, Person};
use super::{Found, Outcome, Session, ToolName, is_passed_on, schema};
use crate::agent::llm::ToolSpec;
use crate::agent::{CallFacts, digits};
use crate::clinic::spoken::appointment::Remark;
use crate::clinic::spoken::refusal;
use crate::emr::{Emr, ForOthers, Patient, Sought, card, folded};
use crate::privacy::Pii;
use crate::state::Key;

/// Characters of a name: columns of EMRs hold no more.
const LONGEST_NAME: usize = 30;

/// Of a number or a chart, in a day: what three calls may fail. After that a person takes over until the next day.
const MOST_FAILURES_A_DAY: u64 = 9;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Years.
const OLDEST: i16 = 120;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// as spelled by the caller, in Latin letters
    first_name: String,
    last_name: String,
    /// as 1984-03-09
    birth_date: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    /// the handle that search_patient returned
    patient: String,
    factor: Factor,
    /// what the caller said: a postal code as V6B 1A1, or four digits, or [card 1] where that stands in their words
    value: String,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Factor {
    PostalCode,
    HealthCardLast4,
}

pub(super) fn search_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::SearchPatient.name(),
        description: "Find the caller's file. Before booking, moving, cancelling or telling appointments. Ask for the full name \
                      (spelled if unsure) and the date of birth, then call this and say what `say` holds.",
        parameters: schema::of::<Search>(),
    }
}

pub(super) fn verify_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::VerifyIdentity.name(),
        description: "Check a further factor when search_patient asks for one. Say what `say` holds.",
        parameters: schema::of::<Verify>(),
    }
}

pub(super) async fn search(asked: Search, emr: &dyn Emr, session: &Session) -> Outcome {
    let (first, last) = (asked.first_name.trim(), asked.last_name.trim());
    if !is_name(first) || !is_name(last) {
        return Outcome::refused("invalid_name", "that is no name; ask the caller to spell it, in Latin letters");
    }
    let today = session.clinic.local(session.now).date();
    let Some(born) = birth_date(&asked.birth_date, today) else {
        return Outcome::refused("invalid_birth_date", "that is no date of birth; ask for year, month and day again");
    };
    if let Some(instead) = session.clinic.config.emr.as_ref().and_then(|emr| emr.instead_for(born, today)) {
        return for_another(instead, session);
    }
    if !session.dealings.may_search() {
        return give_up(session);
    }
    let sought = Sought {
        birth_date: Pii::new(born),
        first_name: Pii::new(first.to_owned()),
        last_name: Pii::new(last.to_owned()),
        calling_from: number(session.call.caller.reveal()).map(Pii::new),
    };
    let charts = match emr.find_patients(&sought).await {
        Ok(charts) => charts,
        Err(error) => return super::appointments::failed(&error, session),
    };
    let charts: Vec<Patient> = charts.into_iter().filter(|chart| is_named(chart, first, last)).collect();
    session.dealings.touch(charts.iter().map(|chart| &chart.id), &["name", "birth_date", "phone"]);
    let verified = match charts.as_slice() {
        [one] if is_called_from(one, session.call.caller.reveal()) => Some(one.id.clone()),
        [] | [_] | [_, _, ..] => None,
    };
    let found = match (&verified, charts.is_empty()) {
        (Some(_), _) => Found::Verified,
        (None, false) => Found::NeedFactor,
        (None, true) => Found::NotFound,
    };
    session.dealings.found(found);
    let content = format!("{}|{}|{born}", folded(first), folded(last));
    let handle = session.dealings.issue(&content, Meaning::Person(Person { charts, verified }), session.now);
    let (status, remark) = match found {
        Found::Verified => ("verified", Remark::Found),
        Found::NeedFactor | Found::NotFound => ("need_factor", Remark::NeedFactor),
    };
    Outcome::ok(json!({ "patient": handle, "status": status, "say": remark.words(session.language) }))
}

pub(super) async fn verify(asked: &Verify, session: &Session) -> Outcome {
    let Some(person) = session.dealings.person(&asked.patient) else {
        return Outcome::refused("unknown_patient", "there is no such patient handle; call search_patient first");
    };
    if !session.dealings.may_verify() || failures(&person, 0, session).await >= MOST_FAILURES_A_DAY {
        return give_up(session);
    }
    let value = match asked.factor {
        Factor::PostalCode => card::postal_code(&asked.value),
        Factor::HealthCardLast4 => {
            let digits = digits::runs(&asked.value, session.language).concat();
            // Who was asked for the end may have said all of it.
            matches!(digits.len(), 4 | 8..=12).then(|| digits[digits.len() - 4..].to_owned())
        }
    };
    let Some(value) = value else {
        return Outcome::refused("invalid_value", "that has not the form of the factor; ask for it again");
    };
    let compared = match asked.factor {
        Factor::PostalCode => "postal_code",
        Factor::HealthCardLast4 => "health_card_last4",
    };
    session.dealings.touch(person.charts.iter().map(|chart| &chart.id), &[compared]);
    let matching: Vec<&Patient> = person
        .charts
        .iter()
        .filter(|chart| {
            let kept = match asked.factor {
                Factor::PostalCode => &chart.postal_code,
                Factor::HealthCardLast4 => &chart.card_last4,
            };
            kept.as_ref().is_some_and(|kept| *kept.reveal() == value)
        })
        .collect();
    if let [one] = matching.as_slice() {
        session.dealings.settle(&asked.patient, one.id.clone());
        session.dealings.found(Found::Verified);
        return Outcome::ok(json!({ "status": "verified", "say": Remark::Found.words(session.language) }));
    }
    session.dealings.found(if person.charts.is_empty() { Found::NotFound } else { Found::NeedFactor });
    failures(&person, 1, session).await;
    if session.dealings.failed() {
        Outcome::told("no_match", Remark::NoMatch.words(session.language))
    } else {
        give_up(session)
    }
}

/// Whoever is calling, it is not this patient. Nothing was looked up, and nobody is offered a person who is not there.
fn for_another(instead: ForOthers, session: &Session) -> Outcome {
    let (instead, next) = match instead {
        ForOthers::Transfer | ForOthers::Book if is_passed_on("", session) => (instead, ToolName::TransferToPerson),
        ForOthers::Transfer | ForOthers::Book | ForOthers::Message => (ForOthers::Message, ToolName::TakeMessage),
    };
    let mut outcome = Outcome::told("not_allowed", refusal::for_child(instead, session.language));
    outcome.result["next"] = json!([next.name()]);
    outcome
}

/// Failed checks of the last day, of the number called from or of one of these charts, whichever are more; with so many new ones.
async fn failures(person: &Person, new: u64, session: &Session) -> u64 {
    let now = u64::try_from(session.now.as_second()).unwrap_or_default();
    let key = |of: &str, id: &str| {
        let name = session.shared.pseudonym(&format!("{}|{id}", session.clinic.config.id));
        Key::rate(of, &name, DAY, now)
    };
    let calling = number(session.call.caller.reveal()).map(|number| key("identity-number", &number));
    let charts = person.charts.iter().map(|chart| key("identity-chart", chart.id.0.reveal()));
    let mut most = 0;
    for key in calling.into_iter().chain(charts) {
        most = most.max(session.shared.count(&key, new).await);
    }
    most
}

/// A person takes over, or the staff call back: nobody is promised a person who is not there.
pub(super) fn give_up(session: &Session) -> Outcome {
    const CODE: &str = "too_many_failures";
    if is_passed_on("", session) {
        return Outcome::told(CODE, Remark::TooManyFailures.words(session.language));
    }
    let mut outcome = Outcome::told(CODE, refusal::unidentified(session.language));
    outcome.result["passed_on"] = false.into();
    outcome
}

/// Letters and their marks, blanks, hyphens, apostrophes and full stops.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphabetic() || is_mark(c) || matches!(c, ' ' | '-' | '\'' | '\u{2019}' | '.');
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.chars().any(char::is_alphabetic)
        && name.chars().all(fits)
}

/// Combining accents, and vowel signs of Gurmukhi that are no letters.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{a01}'..='\u{a4d}' | '\u{a70}' | '\u{a71}')
}

pub(super) fn birth_date(text: &str, today: Date) -> Option<Date> {
    let date: Date = text.trim().parse().ok()?;
    (date <= today && date.year() >= today.year() - OLDEST).then_some(date)
}

/// In either order, since a Chinese family name may be given first; and wherever the whole name is parted, since nobody hears where
/// "Mei Ling Wong" or "Ana de la Cruz" is.
pub(super) fn is_named(chart: &Patient, first: &str, last: &str) -> bool {
    let kept = [folded(chart.first_name.reveal()), folded(chart.last_name.reveal())].concat();
    let (first, last) = (folded(first), folded(last));
    kept == format!("{first}{last}") || kept == format!("{last}{first}")
}

fn is_called_from(chart: &Patient, caller: &str) -> bool {
    number(caller).is_some_and(|number| chart.phones.iter().any(|phone| *phone.reveal() == number))
}

/// Of who is calling: ten digits, unless it is withheld.
pub(in crate::agent) fn calling_number(call: &CallFacts) -> Option<String> {
    number(call.caller.reveal())
}

/// Ten digits.
pub(super) fn number(caller: &str) -> Option<String> {
    let digits: String = caller.chars().filter(char::is_ascii_digit).collect();
    digits::telephone(&digits)
}
