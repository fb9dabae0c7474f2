//! `get_providers`: who works here, what they are, which languages they speak, whom callers may book, and who takes new patients.
//!
//! From the clinic's file, and from its EMR whom callers may book. What neither says is told as not known, never guessed. About no patient.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::provider_name::meant;
use super::{Outcome, Session, ToolName, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::people;
use crate::clinic::{ClinicConfig, NewPatients, is_same_name};
use crate::emr;
use crate::language::Language;
use crate::tokens::{Phrase, tokens};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// of one provider, as the caller says it
    name: Option<String>,
    /// what they are, in English, as nurse practitioner
    specialty: Option<String>,
    /// that they speak
    language: Option<Language>,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::GetProviders.name(),
        description: "Who works at the clinic, what they are and which languages they speak, who can be booked by telephone and who takes \
                      new patients. Leave out what the caller did not ask for. Say what `say` holds; null is what the clinic did not say.",
        parameters: schema::of::<Asked>(),
    }
}

pub(super) async fn run(asked: &Asked, session: &Session) -> Outcome {
    let clinic = &session.clinic.config;
    // Who works here is known without the EMR.
    let booked = match &session.emr {
        Some(emr) => emr.providers().await.inspect_err(|error| {
            tracing::warn!(call = %session.call.call, %error, "whom callers may book");
        }),
        None => Ok(Vec::new()),
    };
    let is_whole = booked.is_ok();
    let all = known(clinic, booked.as_deref().ok());
    let those = asked.name.as_deref().map(|name| meant(name, &all, |one| one.names.clone()));
    let called =
        |person: &Person<'_>| those.as_ref().is_none_or(|all| all.iter().any(|one| std::ptr::eq(*one, person)));
    let is_what = |person: &Person<'_>| {
        let role = tokens(person.role.unwrap_or_default(), Language::English);
        asked.specialty.as_deref().is_none_or(|sought| Phrase::new(sought, Language::English).position(&role).is_some())
    };
    let speaks = |person: &Person<'_>| asked.language.is_none_or(|language| person.languages.contains(&language));
    let found: Vec<&Person<'_>> =
        all.iter().filter(|person| called(person) && is_what(person) && speaks(person)).collect();
    if found.is_empty() && !is_whole {
        return Outcome::refused(
            "unavailable",
            "the clinic's file names nobody like that, and whom its EMR has besides cannot be seen now: say that you do not know; offer a message or a person",
        );
    }
    if found.is_empty() {
        let mut none = Outcome::told("not_found", people::nobody(session.language));
        none.result["providers"] = all.iter().map(|person| person.names[0]).collect();
        return none;
    }
    let told: Vec<people::Told<'_>> = found
        .iter()
        .map(|person| people::Told { name: person.names[0], role: person.role, new_patients: person.new_patients })
        .collect();
    let rows: Vec<_> = found
        .iter()
        .map(|person| {
            json!({
                "provider": person.names[0],
                "role": person.role,
                "languages": person.languages.iter().map(|language| language.tag()).collect::<Vec<_>>(),
                "bookable": person.bookable,
                "accepting": person.new_patients.map(|new| new == NewPatients::Accepted),
            })
        })
        .collect();
    Outcome::ok(json!({ "providers": rows, "say": people::work_here(&told, session.language) }))
}

/// Somebody who works here.
struct Person<'a> {
    /// As said, then what callers call them besides.
    names: Vec<&'a str>,
    role: Option<&'a str>,
    languages: &'a [Language],
    new_patients: Option<NewPatients>,
    /// `None`: the EMR cannot be asked.
    bookable: Option<bool>,
}

/// Those of the clinic's file, then whom the EMR has besides. `booked`: those whom callers may book, if that is known.
fn known<'a>(clinic: &'a ClinicConfig, booked: Option<&'a [emr::Provider]>) -> Vec<Person<'a>> {
    let is_booked = |name: &str| Some(booked?.iter().any(|one| is_same_name(name, &one.name)));
    let of_clinic = clinic.providers.iter().map(|provider| Person {
        names: provider.names(),
        role: Some(&provider.role),
        languages: &provider.languages,
        new_patients: provider.new_patients,
        bookable: is_booked(&provider.name),
    });
    let besides = booked.unwrap_or_default().iter().filter(|one| clinic.provider(&one.name).is_none());
    let besides = besides.map(|one| Person {
        names: vec![&one.name],
        role: None,
        languages: &[],
        new_patients: None,
        bookable: Some(true),
    });
    of_clinic.chain(besides).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::super::run as run_tool;
    use super::super::tests::{Ailing, Ails, session, with_book};
    use super::*;
    use crate::privacy::Pii;

    async fn ask(arguments: Value, session: &Session) -> Value {
        run_tool(ToolName::GetProviders, &Pii::new(arguments.to_string()), session).await.result
    }

    fn names(told: &Value) -> Vec<&str> {
        told["providers"].as_array().unwrap().iter().map(|one| one["provider"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn who_works_here_is_told_with_what_is_known_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let session = with_book(folder.path());
        let all = ask(json!({}), &session).await;
        assert_eq!(names(&all), ["Dr. Priya Singh", "Dr. Wei Chen", "Dr. Martin Tremblay", "Sarah MacDonald"]);
        let chen = json!({
            "provider": "Dr. Wei Chen", "role": "family doctor", "languages": ["en-CA", "zh-CN", "zh-HK"],
            "bookable": true, "accepting": true,
        });
        assert_eq!(all["providers"][1], chen);
        assert_eq!(all["providers"][0]["accepting"], false);
        assert_eq!(all["providers"][3]["accepting"], Value::Null, "the clinic does not say");
        for (asked, who) in [
            (json!({ "name": "Doctor Sing" }), "Dr. Priya Singh"),
            (json!({ "name": "陳醫生" }), "Dr. Wei Chen"),
            (json!({ "language": "fr-CA" }), "Dr. Martin Tremblay"),
            (json!({ "specialty": "nurse" }), "Sarah MacDonald"),
        ] {
            assert_eq!(names(&ask(asked.clone(), &session).await), [who], "{asked}");
        }
        let one = ask(json!({ "name": "Chen" }), &session).await;
        assert_eq!(one["say"], "At our clinic there is Dr. Wei Chen, family doctor, who takes new patients.");
    }

    #[tokio::test]
    async fn nobody_of_that_kind_is_said_and_a_clinic_without_a_book_knows_its_people_too() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        let none = ask(json!({ "specialty": "dentist" }), &session).await;
        assert_eq!((&none["code"], &none["say"]), (&json!("not_found"), &json!("Nobody like that works here.")));
        assert_eq!(none["providers"][0], "Dr. Priya Singh");
        let all = ask(json!({}), &session).await;
        assert_eq!(all["providers"][0]["bookable"], false);
        assert_eq!(ask(json!({ "clinic": "other" }), &session).await["code"], "invalid");
    }

    #[tokio::test]
    async fn nobody_is_said_not_to_work_here_while_the_emr_does_not_say_whom_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = with_book(folder.path());
        let book = session.emr.take().unwrap();
        session.emr = Some(Arc::new(Ailing { book, ails: Ails::Providers }));
        let none = ask(json!({ "name": "Dr. Okafor" }), &session).await;
        assert_eq!((&none["code"], &none["say"]), (&json!("unavailable"), &Value::Null), "{none}");
        assert_eq!(ask(json!({ "name": "Chen" }), &session).await["providers"][0]["bookable"], Value::Null);
    }

    #[tokio::test]
    async fn whom_the_emr_has_besides_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = with_book(folder.path());
        let mut clinic = crate::clinic::Clinic::sample();
        clinic.config.providers.truncate(1);
        session.clinic = Arc::new(clinic);
        let all = ask(json!({}), &session).await;
        assert_eq!(names(&all).len(), 4);
        assert_eq!((&all["providers"][1]["role"], &all["providers"][1]["bookable"]), (&Value::Null, &json!(true)));
    }
}
