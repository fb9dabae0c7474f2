//! `register_new_patient`: somebody the clinic is to make a chart for.
//!
//! The staff make it: it is left for them once the caller said yes to name, date of birth and number. Whether they are a patient already, by their health
//! card or their name, is looked up for the staff and told to no caller. A card that is not of that name is asked about once.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::call_back::CallBack;
use super::dealings::Card;
use super::identity::{birth_date, is_name, is_named};
use super::{MessageKind, Outcome, Session, ToolName, consent, for_staff, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::appointment;
use crate::clinic::spoken::{intake, telephone};
use crate::emr::{Emr, EmrError, Number, Patient, Sought, card};
use crate::privacy::Pii;
use crate::state::key::digest;

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

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sex {
    Female,
    Male,
    Other,
    Unknown,
}

impl Sex {
    /// What Quebec's cards may add to the month.
    const fn added_to_month(self) -> &'static [i8] {
        match self {
            Self::Female => &[50],
            Self::Male => &[0],
            Self::Other | Self::Unknown => &[0, 50],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
            Self::Unknown => "not said",
        }
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
    /// Labels and values for the staff.
    more: Vec<(&'static str, String)>,
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
        let added = asked.sex.added_to_month();
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
    let more =
        [("Address", address.map(str::to_owned)), ("Postal code", postal_code), ("E-mail", email.map(str::to_owned))];
    Ok(Particulars {
        first: first.to_owned(),
        last: last.to_owned(),
        born,
        sex: asked.sex,
        number: CallBack::of(&asked.number, session)?,
        card,
        card_fits,
        more: more.into_iter().filter_map(|(label, value)| Some((label, value?))).collect(),
    })
}

async fn register(wanted: Particulars, session: &Session) -> Outcome {
    let name = format!("{} {}", wanted.first, wanted.last);
    let number = wanted.number.digits();
    let what = digest(&["register", &name, &wanted.born.to_string(), number]);
    if let Some(outcome) = session.dealings.done(&what) {
        return outcome;
    }
    let question = intake::ask_to_register(&name, wanted.born, number, session.language);
    let named = [name.clone(), appointment::birth_date(wanted.born, session.language), telephone(number)];
    if !consent::agreed(&what, &question, &named, session) {
        return consent::ask(&what, &question, session);
    }
    let there = known(&wanted, session).await;
    let text = for_eyes(&wanted, there, session);
    let outcome = match for_staff::leave(MessageKind::Registration, &name, &wanted.number, text, session).await {
        Ok(()) => Outcome::ok(json!({ "status": "queued", "say": intake::passed_on(session.language) })),
        Err(outcome) => outcome,
    };
    session.dealings.finish(what, outcome.clone());
    outcome
}

/// Whether the clinic has a chart of theirs.
#[derive(Clone, Copy)]
enum Known {
    /// With the number of their health card.
    ByCard,
    /// Of this name and date of birth.
    ByName,
    No,
    NotLookedUp,
}

async fn known(wanted: &Particulars, session: &Session) -> Known {
    let Some(emr) = &session.emr else { return Known::NotLookedUp };
    look_up(wanted, emr.as_ref(), session).await.unwrap_or_else(|error| {
        tracing::warn!(call = %session.call.call, %error, "the book of appointments, for a registration");
        Known::NotLookedUp
    })
}

/// By the card first: a name may be written in many ways. An EMR that does not search by cards may still know the name.
async fn look_up(wanted: &Particulars, emr: &dyn Emr, session: &Session) -> Result<Known, EmrError> {
    if let Some(card) = &wanted.card {
        let charts = emr.find_by(&Number::HealthCard(card.number.clone())).await.unwrap_or_else(|error| {
            tracing::warn!(call = %session.call.call, %error, "the search by health card, for a registration");
            Vec::new()
        });
        session.dealings.touch(charts.iter().map(|chart| &chart.id), &["health_card"]);
        if !charts.is_empty() {
            return Ok(Known::ByCard);
        }
    }
    let sought = Sought {
        birth_date: Pii::new(wanted.born),
        first_name: Pii::new(wanted.first.clone()),
        last_name: Pii::new(wanted.last.clone()),
        calling_from: None,
    };
    let charts = emr.find_patients(&sought).await?;
    let theirs: Vec<&Patient> = charts.iter().filter(|chart| is_named(chart, &wanted.first, &wanted.last)).collect();
    session.dealings.touch(theirs.iter().map(|chart| &chart.id), &["name", "birth_date"]);
    Ok(if theirs.is_empty() { Known::No } else { Known::ByName })
}

/// In English, a line each, as the staff read it.
fn for_eyes(wanted: &Particulars, known: Known, session: &Session) -> String {
    let mut lines = vec![
        format!("Date of birth: {}", wanted.born),
        format!("Sex: {}", wanted.sex.word()),
        format!("Language: {}", session.language.tag()),
    ];
    if let Some(Card { province, number, version }) = &wanted.card {
        let version = version.as_ref().map_or_else(String::new, |version| format!(" {}", version.reveal()));
        lines.push(format!("Health card: {province} {}{version}", number.reveal()));
    }
    if !wanted.card_fits {
        lines.push("The card's number is not of this name and date of birth: ask to see the card.".to_owned());
    }
    lines.extend(wanted.more.iter().map(|(label, value)| format!("{label}: {value}")));
    lines.push(
        match known {
            Known::ByCard => "A chart with this health card's number is there: look at it before you make another.",
            Known::ByName => "A chart of this name and date of birth is there: look at it before you make another.",
            Known::No => "No chart of this name and date of birth was found.",
            Known::NotLookedUp => "Not looked up: there may be a chart already.",
        }
        .to_owned(),
    );
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
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::super::tests::{Ailing, Ails, left, session, with_book};
    use super::super::{ToolName, run as run_tool};
    use super::*;
    use crate::agent::{Line, Who};

    async fn call(tool: ToolName, arguments: &Value, session: &Session) -> Outcome {
        run_tool(tool, &Pii::new(arguments.to_string()), session).await
    }

    /// The same session after the agent said that and the caller answered.
    fn then(session: &Session, agent: &str, caller: &str) -> Session {
        let line = |who, text: &str| Line { who, text: Pii::new(text.to_owned()), cut: false };
        let said = session.said.iter().cloned();
        let said: Arc<[Line]> = said.chain([line(Who::Agent, agent), line(Who::Caller, caller)]).collect();
        Session { said, ..session.clone() }
    }

    fn nova() -> Value {
        json!({
            "first_name": "Nova", "last_name": "Sample", "birth_date": "1999-02-28", "sex": "female", "number": "604-555-0123",
            "postal_code": "v6b 1a1", "email": "nova@example.org",
        })
    }

    async fn asked_and_answered(arguments: &Value, answer: &str, session: &Session) -> Outcome {
        let question = call(ToolName::RegisterNewPatient, arguments, session).await;
        assert_eq!(question.result["code"], "not_confirmed", "{}", question.result);
        let session = then(session, question.result["say"].as_str().unwrap(), answer);
        call(ToolName::RegisterNewPatient, arguments, &session).await
    }

    #[tokio::test]
    async fn a_new_patient_is_left_for_the_staff_once_after_a_yes() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        let card = json!({ "province": "BC", "number": "9812 345 687" });
        let card = call(ToolName::ValidateHealthCard, &card, &session).await;
        let mut arguments = nova();
        arguments["card"] = card.result["card"].clone();
        let outcome = asked_and_answered(&arguments, "yes that's right", &session).await;
        assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
        assert!(!outcome.result.to_string().contains("9812"), "{}", outcome.result);
        assert_eq!(call(ToolName::RegisterNewPatient, &arguments, &session).await, outcome, "asked for again");
        let kept = left(folder.path());
        for part in [
            "\"kind\":\"registration\"",
            "Nova Sample",
            "+16045550123",
            "Date of birth: 1999-02-28",
            "Health card: BC 9812345687",
            "Postal code: V6B1A1",
            "E-mail: nova@example.org",
            "No chart of this name",
        ] {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        assert_eq!(kept.lines().count(), 1);
    }

    #[tokio::test]
    async fn nobody_is_registered_without_a_yes_to_what_was_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        for answer in ["no", "yes but it's Novak", "what for"] {
            let outcome = asked_and_answered(&nova(), answer, &session).await;
            assert_eq!(outcome.result["code"], "not_confirmed", "{answer}");
        }
        assert_eq!(left(folder.path()), "");
    }

    #[tokio::test]
    async fn the_staff_are_told_of_a_chart_that_is_there_and_the_caller_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        let new = asked_and_answered(&nova(), "yes", &session).await;
        let jane = json!({
            "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09", "sex": "female", "number": "caller",
        });
        let known = asked_and_answered(&jane, "yes", &session).await;
        assert_eq!(known, new, "one answer for both");
        assert!(left(folder.path()).contains("is there: look at it before"));
    }

    #[tokio::test]
    async fn a_chart_is_found_by_the_card_whatever_name_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        // Jane Roe's.
        let card = json!({ "province": "BC", "number": "9698658215" });
        let card = call(ToolName::ValidateHealthCard, &card, &session).await;
        let mut arguments = nova();
        arguments["card"] = card.result["card"].clone();
        let outcome = asked_and_answered(&arguments, "yes", &session).await;
        assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
        let kept = left(folder.path());
        assert!(kept.contains("A chart with this health card's number is there") && !kept.contains("Jane"), "{kept}");
    }

    #[tokio::test]
    async fn an_emr_that_does_not_search_by_cards_is_searched_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = with_book(folder.path());
        let book = session.emr.take().unwrap();
        session.emr = Some(Arc::new(Ailing { book, ails: Ails::Numbers }));
        let card = json!({ "province": "BC", "number": "9698658215" });
        let card = call(ToolName::ValidateHealthCard, &card, &session).await;
        let jane = json!({
            "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09", "sex": "female", "number": "caller",
            "card": card.result["card"],
        });
        let outcome = asked_and_answered(&jane, "yes", &session).await;
        assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
        let kept = left(folder.path());
        assert!(kept.contains("A chart of this name and date of birth is there"), "{kept}");
    }

    #[tokio::test]
    async fn a_card_of_quebec_that_is_of_another_name_is_asked_about_once_and_then_left_to_the_staff() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        let card = json!({ "province": "QC", "number": "GAGE 0158 0212" });
        let card = call(ToolName::ValidateHealthCard, &card, &session).await.result["card"].clone();
        let elise = json!({
            "first_name": "Élise", "last_name": "Gagnon", "birth_date": "2001-08-02", "sex": "female", "number": "caller", "card": card,
        });
        assert_eq!(call(ToolName::RegisterNewPatient, &elise, &session).await.result["code"], "not_confirmed");
        for (key, value) in
            [("first_name", "Marie"), ("last_name", "Roy"), ("birth_date", "2001-08-03"), ("sex", "male")]
        {
            let mut other = elise.clone();
            other[key] = value.into();
            let told = call(ToolName::RegisterNewPatient, &other, &session).await;
            assert_eq!(told.result["code"], "card_mismatch", "{key}: {}", told.result);
            assert!(!told.result.to_string().contains("GAGE"), "{}", told.result);
        }
        assert!(!left(folder.path()).contains("GAGE"));
        let mut married = elise.clone();
        married["last_name"] = "Roy".into();
        let outcome = asked_and_answered(&married, "yes", &session).await;
        assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
        assert!(left(folder.path()).contains("The card's number is not of this name"), "{}", left(folder.path()));
    }

    #[tokio::test]
    async fn what_cannot_be_right_is_asked_for_again_without_repeating_it() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        for (key, value, code) in [
            ("last_name", "604", "invalid_name"),
            ("birth_date", "2030-01-01", "invalid_birth_date"),
            ("number", "911", "invalid_number"),
            ("card", "card_123456", "unknown_card"),
            ("postal_code", "D1D 1D1", "invalid_postal_code"),
            ("email", "nova at example", "invalid_email"),
            ("email", "a@b", "invalid_email"),
            ("sex", "yes", "invalid"),
        ] {
            let mut arguments = nova();
            arguments[key] = value.into();
            let outcome = call(ToolName::RegisterNewPatient, &arguments, &session).await;
            assert_eq!(outcome.result["code"], code, "{key}: {}", outcome.result);
            assert!(!outcome.result.to_string().contains("Nova"), "{}", outcome.result);
        }
    }
}
