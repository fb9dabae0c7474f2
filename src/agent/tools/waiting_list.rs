//! `add_to_waitlist`: somebody who waits to become a patient, or for an earlier appointment.
//!
//! Left for the staff, who call when there is a place, once the caller said yes to name and number. Nobody is told how long the list is.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::call_back::CallBack;
use super::identity::is_name;
use super::limits::{self, Limited};
use super::{MessageKind, Outcome, Session, ToolName, consent, for_staff, schema};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::intake::{self, Wait};
use crate::clinic::spoken::telephone;
use crate::state::key::digest;

/// Characters of a wish.
const LONGEST_WISH: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    kind: Kind,
    /// full name as spelled by the caller, in Latin letters
    name: String,
    /// ten digits to call back, or "caller" for the number they are calling from
    number: String,
    /// days, times or the provider they would like, in a few words; nothing about their health
    wish: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    NewPatient,
    EarlierSlot,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::AddToWaitlist.name(),
        description: "Put the caller on the waiting list, to become a patient or for an earlier appointment. The first call returns the \
                      question to ask: say `say` word by word, and call again with the same arguments after the caller's yes.",
        parameters: schema::of::<Add>(),
    }
}

pub(super) async fn run(asked: &Add, session: &Session) -> Outcome {
    let name = asked.name.trim();
    if !is_name(name) {
        return Outcome::refused("invalid_name", "that is no name; ask the caller to spell it, in Latin letters");
    }
    let wish = asked.wish.as_deref().map_or("", str::trim);
    if wish.chars().count() > LONGEST_WISH || wish.contains(char::is_control) {
        return Outcome::refused("invalid_wish", "the wish is too long; write it in a few words");
    }
    let number = match CallBack::of(&asked.number, session) {
        Ok(number) => number,
        Err(outcome) => return outcome,
    };
    let (wait, line) = match asked.kind {
        Kind::NewPatient => (Wait::NewPatient, "Wants to become a patient."),
        Kind::EarlierSlot => (Wait::EarlierSlot, "Wants an earlier appointment."),
    };
    let what = digest(&["wait", line, name, number.digits()]);
    // A wish that comes later is for the staff too.
    let whole = digest(&[&what, wish]);
    if let Some(outcome) = session.dealings.done(&whole) {
        return outcome;
    }
    if let Err(outcome) = limits::room(Limited::Left, session).await {
        return outcome;
    }
    let question = intake::ask_to_wait(wait, name, number.digits(), session.language);
    if !consent::agreed(consent::Deed::Leave, &what, &question, &[name.to_owned(), telephone(number.digits())], session)
    {
        return consent::ask(&what, &question, session);
    }
    let mut lines = vec![line.to_owned(), format!("Language: {}", session.language.tag())];
    if !wish.is_empty() {
        lines.push(format!("Wish: {wish}"));
    }
    let outcome = match for_staff::leave(MessageKind::WaitingList, name, &number, lines.join("\n"), session).await {
        Ok(()) => Outcome::ok(json!({ "say": intake::passed_on(session.language) })),
        Err(outcome) => outcome,
    };
    session.dealings.finish(whole, outcome.clone());
    outcome
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::run as run_tool;
    use super::super::tests::{asked_and_answered, left, session};
    use super::*;
    use crate::agent::Who;
    use crate::privacy::Pii;

    async fn add(arguments: &Value, session: &Session) -> Outcome {
        run_tool(ToolName::AddToWaitlist, &Pii::new(arguments.to_string()), session).await
    }

    #[tokio::test]
    async fn a_caller_is_on_the_list_after_a_yes_and_the_staff_read_the_wish() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, wanted) in [("new_patient", "Wants to become a patient."), ("earlier_slot", "Wants an earlier")] {
            let arguments = json!({ "kind": kind, "name": "Nova Sample", "number": "caller", "wish": "mornings" });
            let first = session(folder.path(), &[]);
            let question = add(&arguments, &first).await;
            assert_eq!(question.result["code"], "not_confirmed");
            let said = question.result["say"].as_str().unwrap().to_owned();
            let after = session(folder.path(), &[(Who::Agent, &said), (Who::Caller, "yes please")]);
            let after = Session { dealings: first.dealings.clone(), call: first.call.clone(), ..after };
            assert!(add(&arguments, &after).await.is_ok());
            let kept = left(folder.path());
            assert!(kept.contains(wanted) && kept.contains("Wish: mornings"), "{kept}");
            assert!(kept.contains("\"kind\":\"waiting_list\"") && kept.contains("+16045550177"), "{kept}");
        }
        assert_eq!(left(folder.path()).lines().count(), 2);
    }

    #[tokio::test]
    async fn a_wish_that_comes_later_reaches_the_staff_after_another_yes() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[]);
        let mut arguments = json!({ "kind": "earlier_slot", "name": "Nova Sample", "number": "caller" });
        let tool = ToolName::AddToWaitlist;
        assert!(asked_and_answered(tool, &arguments, "yes please", &session).await.is_ok());
        assert!(add(&arguments, &session).await.is_ok(), "asked for again");
        arguments["wish"] = json!("mornings");
        assert_eq!(add(&arguments, &session).await.result["code"], "not_confirmed");
        assert!(asked_and_answered(tool, &arguments, "yes please", &session).await.is_ok());
        let kept = left(folder.path());
        assert!(kept.contains("Wish: mornings"), "{kept}");
        assert_eq!(kept.lines().count(), 2);
    }

    #[tokio::test]
    async fn nobody_is_put_on_the_list_without_a_yes_or_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), &[(Who::Agent, "Shall I?"), (Who::Caller, "yes")]);
        let arguments = json!({ "kind": "new_patient", "name": "Nova Sample", "number": "6045550123" });
        assert_eq!(add(&arguments, &session).await.result["code"], "not_confirmed");
        let wrong = json!({ "kind": "new_patient", "name": "Nova Sample", "number": "123" });
        assert_eq!(add(&wrong, &session).await.result["code"], "invalid_number");
        assert_eq!(left(folder.path()), "");
    }
}
