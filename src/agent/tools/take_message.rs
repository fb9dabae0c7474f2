//! `take_message`: keeps a caller's message for the clinic, once they said yes to hearing it read back.
//!
//! The server checks the read-back itself: the number must have been heard in the agent's words, and what the caller said after
//! that must not be a no. The same message twice in a call is kept once.

use serde::Deserialize;
use serde_json::json;

use super::call_back::CallBack;
use super::limits::{self, Limited};
use super::{MessageKind, Outcome, Session, ToolName, for_staff, object};
use crate::agent::llm::ToolSpec;
use crate::agent::{Who, digits};
use crate::language::Language;
use crate::phrases::Phrases;
use crate::tokens::tokens;

/// Characters of a message: what can be said in some two minutes.
const LONGEST_TEXT: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    name: String,
    number: String,
    text: String,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::TakeMessage.name(),
        description: "Keep a message for the clinic. Only after you read name, number (digit by digit) and message back and the \
                      caller said yes to them.",
        parameters: object(
            json!({
                "name": { "type": "string", "description": "the caller's name, as they gave it" },
                "number": {
                    "type": "string",
                    "description": "ten digits to call back, or \"caller\" for the number they are calling from",
                },
                "text": { "type": "string", "description": "the message in the caller's words" },
            }),
            &["name", "number", "text"],
        ),
    }
}

pub(super) async fn run(asked: Asked, session: &Session) -> Outcome {
    let (name, text) = (asked.name.trim(), asked.text.trim());
    if !is_name(name) {
        return Outcome::refused("invalid_name", "that is no name; ask for it again");
    }
    if text.is_empty() || text.chars().count() > LONGEST_TEXT {
        return Outcome::refused("invalid_text", "the message is empty or too long; ask for it again, in short");
    }
    let number = match CallBack::of(&asked.number, session) {
        Ok(number) => number,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = limits::room(Limited::Left, session).await {
        return outcome;
    }
    if !confirmed(session, &number) {
        return Outcome::refused(
            "not_confirmed",
            "read name, number and message back, and call again after the caller's yes",
        );
    }
    match for_staff::leave(MessageKind::Message, name, &number, text.to_owned(), session).await {
        Ok(()) => Outcome::ok(json!({})),
        Err(outcome) => outcome,
    }
}

fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.chars().count())
        && name.chars().any(char::is_alphabetic)
        && !name.chars().any(|c| c.is_ascii_digit())
}

/// The agent was heard reading the number back (or, for the caller's own number, was heard at all), and the caller's words
/// after that are there and are no refusal.
fn confirmed(session: &Session, number: &CallBack) -> bool {
    let said = &session.said;
    let Some(answer) = said.iter().rposition(|line| line.who == Who::Caller) else { return false };
    let read_back = said[..answer].iter().any(|line| {
        line.who == Who::Agent
            && match number {
                CallBack::Given(number) => {
                    digits::runs(line.text.reveal(), session.language).concat().contains(number.as_str())
                }
                CallBack::CalledFrom(_) => true,
            }
    });
    let words = tokens(said[answer].text.reveal(), session.language);
    read_back && !words.is_empty() && !refuses(&words, session.language)
}

fn refuses(words: &[String], language: Language) -> bool {
    Phrases::of(language).words.no.prefix(words).is_some()
}
