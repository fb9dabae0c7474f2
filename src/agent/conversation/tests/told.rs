//! Of what came of a write the caller was told, or else the staff are.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::agent::tools::messages;

const HER: &str = "Jane Roe, the ninth of March 1984";

impl World {
    /// The model answers so, whatever it is asked.
    fn will(&self, answers: Vec<Vec<Delta>>) {
        *self.model.answers.lock() = answers.into();
    }

    /// What the tool returned that the model calls in this turn.
    async fn calls(&mut self, number: u32, said: &[(Who, &str)], name: &str, arguments: &Value) -> Value {
        let call = vec![tool(name, &arguments.to_string()), Delta::Finish(Finish::ToolCalls)];
        self.will(vec![call, vec![text("I see."), Delta::Finish(Finish::Stop)]]);
        self.think(number, said, false);
        self.answer().await;
        let requests = self.model.requests.lock();
        let result = requests.last().unwrap().messages.iter().rev().find_map(|message| match message {
            Message::Tool { content, .. } => Some(content.reveal().clone()),
            _ => None,
        });
        serde_json::from_str(&result.unwrap()).unwrap()
    }
}

/// What the staff find once the caller has hung up, and what the call had begun is done: as the server's stop waits for it.
async fn left(world: World) -> String {
    let World { agent, folder, desk, .. } = world;
    drop(agent);
    desk.outlasting().close();
    tokio::time::timeout(Duration::from_secs(20), desk.outlasting().wait()).await.expect("it is left");
    let files = messages::waiting(folder.path()).unwrap();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[tokio::test]
async fn the_staff_are_left_what_was_told_in_a_draft_that_nobody_heard_and_not_what_an_answer_said() {
    for is_final in [false, true] {
        let mut world = world(vec![]);
        let mut said = vec![(Who::Caller, HER)];
        let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
        let patient = world.calls(1, &said, "search_patient", &jane).await["patient"].clone();
        let visit = json!({ "visit_kind": "follow_up", "provider": "Dr. Chen" });
        let slot = world.calls(1, &said, "find_earliest_appointment", &visit).await["slots"][0]["slot"].clone();
        let wish = json!({ "patient": patient, "slot": slot });
        let question = world.calls(1, &said, "create_appointment", &wish).await["say"].as_str().unwrap().to_owned();
        said.extend([(Who::Agent, question.as_str()), (Who::Caller, "yes please")]);
        // The model that has the result says nothing.
        world.will(vec![vec![tool("create_appointment", &wish.to_string()), Delta::Finish(Finish::ToolCalls)]]);
        world.think(2, &said, false);
        let events = world.answer().await;
        assert!(events.contains(&Event::ToolDone { name: "create_appointment", ok: true }), "{events:?}");
        assert!(matches!(events.last(), Some(Event::Failed(_))), "{events:?}");
        said.push((Who::Caller, "hello?"));
        world.will(vec![vec![text("It is booked."), Delta::Finish(Finish::Stop)]]);
        world.think(3, &said, true);
        assert_eq!(words(&world.answer().await), "It is booked.");
        if is_final {
            world.agent.confirm();
            tokio::task::yield_now().await;
        }
        let left = left(world).await;
        assert_eq!(left.contains("\"not_told\""), !is_final, "{left}");
    }
}

#[tokio::test]
async fn no_call_ends_on_what_a_caller_left_and_was_not_asked_about() {
    let message = r#"{"name":"Jane Roe","number":"604-555-0123","text":"please call me"}"#;
    for (ending, arguments) in [("end_call", "{}"), ("transfer_to_person", r#"{"reason":"a message"}"#)] {
        let both =
            vec![tool("take_message", message), nth_tool(1, ending, arguments), Delta::Finish(Finish::ToolCalls)];
        let mut world = world(vec![both, vec![text("I see."), Delta::Finish(Finish::Stop)]]);
        world.think(1, &[(Who::Caller, "please have them call me")], false);
        let events = world.answer().await;
        let ends = |event: &Event| matches!(event, Event::HangUp | Event::Transfer { .. });
        assert!(!events.iter().any(ends), "{events:?}");
        assert_eq!(world.model.requests.lock().len(), 2, "it is asked what to say");
    }
}
