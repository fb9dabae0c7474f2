//! A model that does what a caller says first, and nothing else: `first name, last name, birth date, time`, with a space between them.
//!
//! It asks for tools as any model does, keeps nothing, and says of a write what the server gives it to say, or else the code.

use attendant::agent::llm::{Delta, Finish, Message, Model, Request, ToolCallPiece};
use attendant::agent::tools::ToolName;
use attendant::privacy::Pii;
use attendant::provider::ProviderError;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::{Value, json};

pub struct Literal;

impl Model for Literal {
    fn name(&self) -> &'static str {
        "literal"
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        stream::iter(reply(&request.messages).map(Ok)).boxed()
    }
}

fn reply(messages: &[Message]) -> [Delta; 2] {
    let results: Vec<Value> = messages.iter().filter_map(result).collect();
    let handle = |of: &str| results.iter().rev().find_map(|result| result[of].as_str()).map(str::to_owned);
    let wish = Wish::of(messages);
    let offered = results.iter().rev().find_map(|result| result["slots"].as_array());
    let slot = offered.and_then(|slots| slots.iter().find(|slot| slot["start"] == wish.start));
    let create = |patient: String, slot: &Value| {
        call(ToolName::CreateAppointment, messages.len(), &json!({ "patient": patient, "slot": slot["slot"] }))
    };
    let is_answered = messages.iter().rev().find(|message| !matches!(message, Message::System(_)));
    match (is_answered, results.last(), handle("patient"), slot) {
        (Some(Message::Tool { .. }), Some(last), Some(_), _) if last["status"] == "verified" => {
            call(ToolName::FindEarliestAppointment, messages.len(), &wish.times())
        }
        (Some(Message::Tool { .. }), Some(last), Some(patient), slot) if last["slots"].is_array() => match slot {
            Some(slot) => create(patient, slot),
            None => say("not_offered"),
        },
        (Some(Message::Tool { .. }), Some(last), _, _) => {
            let is_to_say = last["ok"] == true || last["code"] == "not_confirmed";
            say(last[if is_to_say { "say" } else { "code" }].as_str().unwrap_or_default())
        }
        (_, _, Some(patient), Some(slot)) => create(patient, slot),
        (_, _, _, _) => call(ToolName::SearchPatient, messages.len(), &wish.person()),
    }
}

struct Wish<'a> {
    first_name: &'a str,
    last_name: &'a str,
    birth_date: &'a str,
    /// As `2026-11-25T10:00`.
    start: &'a str,
}

impl<'a> Wish<'a> {
    fn of(messages: &'a [Message]) -> Self {
        let first = messages.iter().find_map(|message| match message {
            Message::User(words) => Some(words.reveal().as_str()),
            Message::System(_) | Message::Assistant { .. } | Message::Tool { .. } => None,
        });
        let mut words = first.unwrap_or_default().split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        Self { first_name: next(), last_name: next(), birth_date: next(), start: next() }
    }

    fn person(&self) -> Value {
        json!({ "first_name": self.first_name, "last_name": self.last_name, "birth_date": self.birth_date })
    }

    fn times(&self) -> Value {
        let (day, time) = self.start.split_once('T').unwrap_or_default();
        json!({ "visit_kind": "follow_up", "provider": "Chen", "from_date": day, "to_date": day, "time_after": time })
    }
}

fn result(message: &Message) -> Option<Value> {
    match message {
        Message::Tool { content, .. } => serde_json::from_str(content.reveal()).ok(),
        Message::System(_) | Message::User(_) | Message::Assistant { .. } => None,
    }
}

fn say(words: &str) -> [Delta; 2] {
    [Delta::Text(Pii::new(words.to_owned())), Delta::Finish(Finish::Stop)]
}

fn call(tool: ToolName, id: usize, arguments: &Value) -> [Delta; 2] {
    let piece = ToolCallPiece {
        index: 0,
        id: Some(format!("call_{id}")),
        name: Some(tool.name().to_owned()),
        arguments: Pii::new(arguments.to_string()),
    };
    [Delta::ToolCall(piece), Delta::Finish(Finish::ToolCalls)]
}
