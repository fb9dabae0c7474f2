//! A tool call that writes in the book is carried out once: asked for again in the same turn with the same arguments, by whatever model, it
//! returns what came of it. For 24 hours; one that broke off in the middle is doubtful and goes to the staff, never to the book again.

use serde_json::Value;

use super::appointments::{failed, failed_write};
use super::dealings::OUTCOME_UNKNOWN;
use super::write_up::Later;
use super::{Outcome, Session, ToolName, run};
use crate::emr::EmrError;
use crate::privacy::Pii;
use crate::state::Key;
use crate::state::key::digest;
use crate::state::once::Once;

/// [`run`], once; what came of it is known to others when it is written up ([`super::write_up()`]).
pub(in crate::agent) async fn run_once(
    tool: ToolName,
    turn: u32,
    arguments: &Pii<String>,
    session: &Session,
) -> Outcome {
    if !tool.writes_in_book() {
        return run(tool, arguments, session).await;
    }
    // However they are laid out.
    let written = serde_json::from_str::<Value>(arguments.reveal()).map(|value| value.to_string());
    let written = written.unwrap_or_else(|_| arguments.reveal().clone());
    let call = digest(&[&session.call.call.to_string(), &turn.to_string(), tool.name(), &written]);
    match session.shared.once(&Key::tool_call(&call)).await {
        Once::New(begun) => {
            let outcome = run(tool, arguments, session).await;
            let is_done = outcome.is_ok() || outcome.result["code"] == OUTCOME_UNKNOWN;
            let came = is_done.then(|| outcome.result.to_string());
            session.dealings.later(Later::Over { run: begun, came });
            outcome
        }
        Once::Known(result) => match serde_json::from_str(&result) {
            Ok(result) => Outcome { result, ending: None },
            Err(_) => doubtful(tool, session).await,
        },
        Once::Doubtful => doubtful(tool, session).await,
        Once::Refused(lost) => failed(&EmrError::Unavailable(lost.to_string()), session),
    }
}

async fn doubtful(tool: ToolName, session: &Session) -> Outcome {
    let error = EmrError::Unknown("the same call of a tool was begun before, and what came of it is not known".into());
    failed_write(&error, &Pii::new(format!("{} of this call", tool.name())), session).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{left, with_book};
    use super::super::write_up;
    use super::*;
    use crate::state::Shared;

    fn cancel() -> Pii<String> {
        Pii::new(json!({ "appointment": "appointment_x" }).to_string())
    }

    fn of(tool: ToolName, turn: u32, session: &Session) -> Key {
        let call = session.call.call.to_string();
        let written = json!({ "appointment": "appointment_x" }).to_string();
        Key::tool_call(&digest(&[&call, &turn.to_string(), tool.name(), &written]))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_carried_out_returns_what_came_of_it_and_one_that_broke_off_goes_to_the_staff() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session { shared: Shared::default(), ..with_book(folder.path()) };
        let tool = ToolName::CancelAppointment;
        let refused = run_once(tool, 1, &cancel(), &session).await;
        assert_eq!(refused.result["code"], "unknown_appointment");
        write_up(&session).await;
        let Once::New(first) = session.shared.once(&of(tool, 1, &session)).await else {
            panic!("what was refused was not done")
        };
        first.finish(&json!({ "ok": true, "say": "It is cancelled." }).to_string()).await;
        let spaced = Pii::new(r#"{ "appointment" : "appointment_x" }"#.to_owned());
        assert_eq!(run_once(tool, 1, &spaced, &session).await.result["say"], "It is cancelled.");
        assert_eq!(run_once(tool, 2, &cancel(), &session).await.result["code"], "unknown_appointment");

        let Once::New(begun) = session.shared.once(&of(tool, 3, &session)).await else { panic!("it is new") };
        drop(begun);
        assert_eq!(run_once(tool, 3, &cancel(), &session).await.result["code"], OUTCOME_UNKNOWN);
        let kept = left(folder.path());
        assert!(kept.contains("Not certain: cancel_appointment of this call."), "{kept}");
    }
}
