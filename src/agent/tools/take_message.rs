//! `take_message`: keeps a caller's message for the clinic, once they said yes to the server's own question: from whom it is, and which number is called back.
//!
//! The number they are calling from is read out as any other. The same message twice in a call is kept once, whatever its commas and capitals.

use serde::Deserialize;
use serde_json::json;

use super::call_back::CallBack;
use super::limits::{self, Limited};
use super::{MessageKind, Outcome, Session, ToolName, consent, for_staff, object, repeated};
use crate::agent::llm::ToolSpec;
use crate::clinic::spoken::{intake, telephone};
use crate::state::key::digest;

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
        description: "Keep a message for the clinic. The first call returns the question to ask: read the message itself back, say `say` \
                      word by word after it, and call again with the same arguments after the caller's yes.",
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
    let what = digest(&["message", &repeated::plain(name), number.digits(), &repeated::plain(text)]);
    if let Some(outcome) = session.dealings.done(&what) {
        return outcome;
    }
    if let Err(outcome) = limits::room(Limited::Left, session).await {
        return outcome;
    }
    let question = intake::ask_to_pass_on(name, number.digits(), session.language);
    let named = [name.to_owned(), telephone(number.digits())];
    let repeated = repeated::with_message(text, session.language);
    if !consent::agreed_in(consent::Deed::Leave, &what, &question, &named, &repeated, session) {
        return consent::ask(&what, &question, session);
    }
    let outcome = match for_staff::leave(MessageKind::Message, name, &number, text.to_owned(), session).await {
        Ok(()) => Outcome::ok(json!({ "say": intake::passed_on(session.language) })),
        Err(outcome) => outcome,
    };
    session.dealings.finish(what, outcome.clone());
    outcome
}

fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.chars().count())
        && name.chars().any(char::is_alphabetic)
        && !name.chars().any(|c| c.is_ascii_digit())
}
