//! `register_new_patient`: somebody the clinic is to make a chart for.
//!
//! It is left for the staff once the caller said yes to name, date of birth and number, and they make the chart, unless the clinic has charts made in an
//! EMR that can: then one is made if nobody there may be them, and the staff look at it. Whether they are a patient already, by their health card or their
//! name, is looked up for the staff and told to no caller. A card that is not of that name is asked about once.

mod known;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::call_back::CallBack;
use super::dealings::Card;
use super::identity::{birth_date, is_name};
use super::limits::{self, Limited};
use super::{MessageKind, Outcome, Session, ToolName, consent, for_staff, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::appointment;
use crate::clinic::spoken::{intake, telephone};
use crate::emr::{Sex, card};
use crate::state::key::digest;
use known::Known;

/// Characters of what is kept as it was said.
const LONGEST: usize = 120;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// as spelled by the caller, in Latin letters
    first_name: String,
    last_name: String,
    /// as 1984-03-09
    birth_date: String,
    /// as on the health card
    sex: Sex,
    /// ten digits to call back, or "caller" for the number they are calling from
    number: String,
    /// the handle that validate_health_card returned, if they have a card
    card: Option<String>,
    /// street and city
    address: Option<String>,
    /// as V6B 1A1
    postal_code: Option<String>,
    email: Option<String>,
}

/// What Quebec's cards may add to the month.
const fn added_to_month(sex: Sex) -> &'static [i8] {
    match sex {
        Sex::Female => &[50],
        Sex::Male => &[0],
        Sex::Other | Sex::Unknown => &[0, 50],
    }
}

const fn word(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "female",
        Sex::Male => "male",
        Sex::Other => "other",
        Sex::Unknown => "not said",
    }
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::RegisterNewPatient.name(),
        description: "Pass a new patient's particulars to the staff, who register them. The first call returns the question to ask: say \
                      `say` word by word, and call again with the same arguments after the caller's yes.",
        parameters: schema::of::<Register>(),
    }
}

pub(super) async fn run(asked: Register, session: &Session) -> Outcome {
    match particulars(&asked, session) {
        Ok(wanted) => register(wanted, session).await,
        Err(outcome) => outcome,
    }
}

/// What was said, checked.
struct Particulars {
    first: String,
    last: String,
    born: Date,
    sex: Sex,
    number: CallBack,
    card: Option<Card>,
    /// As far as the card's number tells of name and date of birth.
    card_fits: bool,
    address: Option<String>,
    postal_code: Option<String>,
    email: Option<String>,
}

fn particulars(asked: &Register, session: &Session) -> Result<Particulars, Outcome> {
    let (first, last) = (asked.first_name.trim(), asked.last_name.trim());
    if !is_name(first) || !is_name(last) {
        return Err(Outcome::refused("invalid_name", "that is no name; ask the caller to spell it, in Latin letters"));
    }
    let today = session.clinic.local(session.now).date();
    let born = birth_date(&asked.birth_date, today).ok_or_else(|| {
        Outcome::refused("invalid_birth_date", "that is no date of birth; ask for year, month and day again")
    })?;
    let card = match &asked.card {
        None => None,
        Some(handle) => Some(session.dealings.card(handle).ok_or_else(|| {
            Outcome::refused("unknown_card", "there is no such card handle; call validate_health_card first")
        })?),
    };
    let is_theirs = |card: &Card| {
        let added = added_to_month(asked.sex);
        card.province != "QC" || card::is_ramq_of(card.number.reveal(), (first, last), born, added)
    };
    let card_fits = card.as_ref().is_none_or(is_theirs);
    let doubt = || digest(&["card", asked.card.as_deref().unwrap_or_default(), first, last, &born.to_string()]);
    if !card_fits && session.dealings.is_new_doubt(doubt()) {
        return Err(Outcome::told("card_mismatch", intake::card_of_another(session.language)));
    }
    let postal_code = match &asked.postal_code {
        None => None,
        Some(code) => Some(
            card::postal_code(code)
                .ok_or_else(|| Outcome::refused("invalid_postal_code", "that is no postal code; ask for it again"))?,
        ),
    };
    let email = asked.email.as_deref().map(str::trim);
    if email.is_some_and(|email| !is_email(email)) {
        return Err(Outcome::refused("invalid_email", "that is no e-mail address; ask the caller to spell it"));
    }
    let address = asked.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
    if address.is_some_and(|address| address.chars().count() > LONGEST || address.contains(char::is_control)) {
        return Err(Outcome::refused("invalid_address", "the address is too long; ask for street and city alone"));
    }
    Ok(Particulars {
        first: first.to_owned(),
        last: last.to_owned(),
        born,
        sex: asked.sex,
        number: CallBack::of(&asked.number, session)?,
        card,
        card_fits,
        address: address.map(str::to_owned),
        postal_code,
        email: email.map(str::to_owned),
    })
}

async fn register(wanted: Particulars, session: &Session) -> Outcome {
    let name = format!("{} {}", wanted.first, wanted.last);
    let number = wanted.number.digits();
    let what = digest(&["register", &name, &wanted.born.to_string(), number]);
    // What is added later, an e-mail or another sex, is for the staff too.
    let whole = digest(&[&what, &for_eyes(&wanted, &Known::NotLookedUp, session)]);
    if let Some(outcome) = session.dealings.done(&whole) {
        return outcome;
    }
    if let Err(outcome) = limits::room(Limited::Left, session).await {
        return outcome;
    }
    let question = intake::ask_to_register(&name, wanted.born, number, session.language);
    let named = [name.clone(), appointment::birth_date(wanted.born, session.language), telephone(number)];
    if !consent::agreed(consent::Deed::Leave, &what, &question, &named, session) {
        return consent::ask(&what, &question, session);
    }
    let found = known::chart(&wanted, session).await;
    let text = for_eyes(&wanted, &found.known, session);
    let outcome = match for_staff::leave(MessageKind::Registration, &name, &wanted.number, text, session).await {
        Ok(()) => {
            found.laid_by.into_iter().for_each(|message| session.dealings.known(message));
            Outcome::ok(json!({ "status": "queued", "say": intake::passed_on(session.language) }))
        }
        Err(outcome) => outcome,
    };
    session.dealings.finish(whole, outcome.clone());
    outcome
}

/// In English, a line each, as the staff read it.
fn for_eyes(wanted: &Particulars, known: &Known, session: &Session) -> String {
    let mut lines = vec![
        format!("Date of birth: {}", wanted.born),
        format!("Sex: {}", word(wanted.sex)),
        format!("Language: {}", session.language.tag()),
    ];
    if let Some(Card { province, number, version }) = &wanted.card {
        let version = version.as_ref().map_or_else(String::new, |version| format!(" {}", version.reveal()));
        lines.push(format!("Health card: {province} {}{version}", number.reveal()));
    }
    if !wanted.card_fits {
        lines.push("The card's number is not of this name and date of birth: ask to see the card.".to_owned());
    }
    let more = [("Address", &wanted.address), ("Postal code", &wanted.postal_code), ("E-mail", &wanted.email)];
    lines.extend(more.iter().filter_map(|(label, value)| Some(format!("{label}: {}", value.as_ref()?))));
    lines.push(match known {
        Known::ByCard => "A chart with this health card's number is there: look at it before you make another.".to_owned(),
        Known::ByName => "A chart of this name and date of birth is there: look at it before you make another.".to_owned(),
        Known::No => "No chart of this name and date of birth was found.".to_owned(),
        Known::NotLookedUp => "Not looked up: there may be a chart already.".to_owned(),
        Known::Made(chart) => format!(
            "Chart {} was made for them, from what they said: compare it with their health card when they come.",
            chart.0.reveal()
        ),
        Known::Alike => {
            "No chart was made: somebody of this date of birth has one of the names, the number or the card. Look before you make another."
                .to_owned()
        }
        Known::Perhaps => {
            "Not certain: a chart may have been made for them just now. Look for it before you make another.".to_owned()
        }
    });
    lines.join("\n")
}

/// Something at a domain; the caller spelled it, and the staff write to it.
fn is_email(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"<>,;:\"()@".contains(c));
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= LONGEST
        && fits(local)
        && fits(domain)
        && domain.split('.').count() > 1
        && domain.split('.').all(|p| !p.is_empty())
}

#[cfg(test)]
mod tests;
