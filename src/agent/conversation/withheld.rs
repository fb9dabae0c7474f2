//! A model said what nobody told it: what it is told when it is asked once more, and what the caller hears if it does so again.
//!
//! Decides neither what is known nor when a model is asked. None of the words that were withheld is in what it makes.

use serde_json::Value;

use super::go_on::{GoingOn, Ruling};
use crate::agent::context::Round;
use crate::agent::grounding::Kind;
use crate::agent::llm::{Message, Request};
use crate::language::Language;
use crate::privacy::Pii;
use crate::tokens::{Phrase, tokens};

const UNKNOWN: &str = "The end of the reply that you began was withheld: it named a day, a date or a time that no tool of this call \
     returned and the caller did not say. Do not say it again, nor any other from memory. Call a tool that tells it, and say only what its \
     result holds. If no tool can, say that you cannot tell, and offer to take a message or to pass the caller to a person.";

const NOT_DONE: &str = "The end of the reply that you began was withheld: it said that something was booked, moved, cancelled, registered \
     or passed on, and no tool of this call has done that. It was not done: do not say that it was. Call the tool that does it, or say that \
     it is not done yet and ask for what is missing. If no tool can, offer to take a message or to pass the caller to a person.";

/// The same question, with what was wrong with the answer.
pub(super) fn request(request: &Request, kind: Kind) -> Request {
    let mut request = request.clone();
    let told = match kind {
        Kind::Time | Kind::Date => UNKNOWN,
        Kind::Done => NOT_DONE,
    };
    request.messages.push(Message::System(Pii::new(told.to_owned())));
    request
}

/// For the records of the call.
pub(super) const fn why(kind: Kind) -> &'static str {
    match kind {
        Kind::Time => "named a time that nobody told it",
        Kind::Date => "named a day that nobody told it",
        Kind::Done => "said that something was done that no tool did",
    }
}

/// What the tools that ran last gave to say, if the caller has said nothing since. `lines`: how many there are now.
pub(super) fn sayings(rounds: &[Round], lines: usize) -> Vec<String> {
    let last = rounds.last().filter(|round| round.after == lines);
    let results = last.into_iter().flat_map(|round| &round.results);
    let say = |result: &Pii<String>| {
        let result: Value = serde_json::from_str(result.reveal()).ok()?;
        result["say"].as_str().map(str::to_owned)
    };
    results.filter_map(say).collect()
}

/// What of the server's own sentence follows what was given: nothing, if all of it was.
pub(super) fn rest(given: &str, sentence: &str, language: Language) -> String {
    if Phrase::new(sentence, language).position(&tokens(given, language)).is_some() {
        return String::new();
    }
    let mut going_on = GoingOn::after(given);
    match (going_on.push(sentence), going_on.finish()) {
        (Ruling::Say(first), Ruling::Say(last)) => first + &last,
        // It begins as what was said did and goes on otherwise: whole, it is true.
        (Ruling::BeganAgain, _) | (_, Ruling::BeganAgain) if given.ends_with(char::is_whitespace) => {
            sentence.to_owned()
        }
        (Ruling::BeganAgain, _) | (_, Ruling::BeganAgain) => format!(" {sentence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_tool_s_sentence_no_word_is_said_twice() {
        let say = "You're booked for Tuesday, November 24 at 10:15 AM with Dr. Wei Chen.";
        for (given, wanted) in [
            ("", say),
            ("Thank you. ", say),
            ("Thank you.", " You're booked for Tuesday, November 24 at 10:15 AM with Dr. Wei Chen."),
            ("You're booked for Tuesday, ", "November 24 at 10:15 AM with Dr. Wei Chen."),
            ("You're booked for Tuesday, November 24 at 10:15 AM with Dr. Wei Chen. And ", ""),
            ("You're booked for Monday, ", say),
        ] {
            assert_eq!(rest(given, say, Language::English), wanted, "{given:?}");
        }
    }
}
