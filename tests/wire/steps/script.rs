//! A model that calls what its caller names, says what the tool says, and on any other word of the caller's calls the last one again.

use std::sync::Arc;

use attendant::agent::llm::{Delta, Finish, Message, Model, Request, ToolCallPiece};
use attendant::privacy::Pii;
use attendant::provider::ProviderError;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use parking_lot::Mutex;
use serde_json::Value;

/// See the module header. Keeps what the last tool returned.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Value>>);

impl Script {
    pub fn returned(&self) -> Value {
        self.0.lock().clone()
    }

    fn says(&self, result: &str) -> Vec<Delta> {
        let result: Value = serde_json::from_str(result).expect("results are JSON");
        let words = result["say"].as_str().unwrap_or("Yes.").to_owned();
        *self.0.lock() = result;
        vec![Delta::Text(Pii::new(words)), Delta::Finish(Finish::Stop)]
    }
}

impl Model for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        let messages = &request.messages;
        let answer = match messages.last() {
            Some(Message::Tool { content, .. }) => self.says(content.reveal()),
            Some(Message::User(words)) => calls(words.reveal(), messages),
            Some(Message::System(_) | Message::Assistant { .. }) | None => panic!("nobody asked anything"),
        };
        stream::iter(answer.into_iter().map(Ok)).boxed()
    }
}

fn calls(words: &str, messages: &[Message]) -> Vec<Delta> {
    let (name, arguments) = match words.split_once(" {") {
        Some((name, rest)) => (name.to_owned(), Pii::new(format!("{{{rest}"))),
        None => {
            let called = |message: &Message| match message {
                Message::Assistant { calls, .. } => calls.last().cloned(),
                Message::System(_) | Message::User(_) | Message::Tool { .. } => None,
            };
            let call = messages.iter().rev().find_map(called).expect("something was called");
            (call.name, call.arguments)
        }
    };
    let id = Some(format!("script_{}", messages.len()));
    let piece = ToolCallPiece { index: 0, id, name: Some(name), arguments };
    vec![Delta::ToolCall(piece), Delta::Finish(Finish::ToolCalls)]
}
