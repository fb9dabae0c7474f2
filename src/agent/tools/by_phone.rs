//! `search_patient_by_phone`: how many charts have the number that is called from.
//!
//! A hint and no more: the number may be withheld, shared or forged, so it names nobody, returns no handle and opens nothing. Whatever it finds, the
//! caller hears the same question. That the number is in the chart counts only beside full name and date of birth (`search_patient`).

use serde_json::json;

use super::appointments::failed;
use super::identity::{give_up, number};
use super::{Outcome, Session, ToolName, object};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::appointment::Remark;
use crate::emr::{Emr, Number};
use crate::privacy::Pii;

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::SearchPatientByPhone.name(),
        description: "How many files have the number that the caller is calling from: one, many or none. Never tell the caller. It proves \
                      nothing: say what `say` holds, then call search_patient.",
        parameters: object(json!({}), &[]),
    }
}

pub(super) async fn run(emr: &dyn Emr, session: &Session) -> Outcome {
    // It takes none of the searches by name.
    if !session.dealings.may_verify() {
        return give_up(session);
    }
    let charts = match number(session.call.caller.reveal()) {
        Some(number) => emr.find_by(&Number::Telephone(Pii::new(number))).await,
        None => Ok(Vec::new()),
    };
    let charts = match charts {
        Ok(charts) => charts,
        Err(error) => return failed(&error, session),
    };
    session.dealings.touch(charts.iter().map(|chart| &chart.id), &["phone"]);
    let status = match charts.as_slice() {
        [] => "none",
        [_] => "one",
        [_, _, ..] => "many",
    };
    let say = Remark::WhoIsCalling.words(session.language);
    Outcome::ok(json!({ "status": status, "candidates": charts.len(), "say": say }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::run as run_tool;
    use super::super::tests::with_book;
    use super::*;
    use crate::language::Language;

    async fn call(tool: ToolName, arguments: Value, session: &Session) -> Value {
        run_tool(tool, &Pii::new(arguments.to_string()), session).await.result
    }

    #[tokio::test]
    async fn a_number_alone_names_nobody_and_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut said = Vec::new();
        for (caller, status, many) in
            [("+16045550177", "one", 1), ("+16045559999", "none", 0), ("anonymous", "none", 0), ("911", "none", 0)]
        {
            let mut session = with_book(&folder.path().join(caller));
            session.call.caller = Pii::new(caller.to_owned());
            let found = call(ToolName::SearchPatientByPhone, json!({}), &session).await;
            assert_eq!((&found["status"], &found["candidates"]), (&json!(status), &json!(many)), "{found}");
            let told: Vec<&String> = found.as_object().unwrap().keys().collect();
            assert_eq!(told, ["candidates", "ok", "say", "status"], "neither name, chart nor handle");
            said.push(found["say"].clone());
            for _ in 0..8 {
                assert_eq!(call(ToolName::SearchPatientByPhone, json!({}), &session).await, found, "asked again");
            }
            // Who calls from the chart's number and says another date of birth is nobody.
            let other = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-10" });
            assert_eq!(call(ToolName::SearchPatient, other, &session).await["status"], "need_factor");
        }
        assert!(said.iter().all(|say| *say == said[0]), "{said:?}");
        let extra = with_book(&folder.path().join("extra"));
        let named = call(ToolName::SearchPatientByPhone, json!({ "phone": "6045550145" }), &extra).await;
        assert_eq!(named["code"], "invalid", "the number is the server's to know: {named}");
    }

    #[test]
    fn the_question_is_there_in_every_language() {
        let said: std::collections::BTreeSet<_> = Language::ALL.map(|l| Remark::WhoIsCalling.words(l)).into();
        assert_eq!(said.len(), Language::ALL.len());
    }
}
