//! How simulated models answer, whatever their interface: which code, when with a goodbye or with a tool, and in a stream of events of which
//! a fault leaves the beginning.

use std::io;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::code::Code;
use super::lapse::{Fault, Lapse};

/// Ends the call, as agents' tools are named.
pub(super) const END_CALL: &str = "end_call";

/// Finds something, as agents' tools are named, and changes nothing.
const LOOK_UP: &str = "clinic_info";

/// A model of this name looks something up before it answers, if it may: nobody has a model of such a name.
const LOOKS_UP: &str = "simulated-looks-up";

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The code.
    Talks,
    /// A word for the caller to wait, and a tool.
    LooksUp,
    /// A goodbye, and the tool that ends the call.
    TakesLeave,
    /// The code, once a tool has found something.
    Tells,
}

/// A tool that is called, and the JSON that it is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
}

impl Step {
    /// `is_told`: a tool's result came after what the caller said last.
    pub(super) fn of<'a>(
        model: &str,
        last: Option<&str>,
        is_told: bool,
        tools: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let has = |name: &str| tools.clone().any(|tool| tool == name);
        if last.is_some_and(|text| text.to_lowercase().contains("bye")) && has(END_CALL) {
            Self::TakesLeave
        } else if is_told {
            Self::Tells
        } else if model == LOOKS_UP && has(LOOK_UP) {
            Self::LooksUp
        } else {
            Self::Talks
        }
    }

    /// What is said in place of the code.
    pub(super) const fn words(self) -> Option<&'static str> {
        match self {
            Self::LooksUp => Some("One moment, please."),
            Self::TakesLeave => Some("Goodbye."),
            Self::Talks | Self::Tells => None,
        }
    }

    pub(super) const fn call(self) -> Option<Call> {
        match self {
            Self::LooksUp => Some(Call { name: LOOK_UP, arguments: r#"{"topic":"parking"}"# }),
            Self::TakesLeave => Some(Call { name: END_CALL, arguments: "{}" }),
            Self::Talks | Self::Tells => None,
        }
    }
}

/// What a tool is called with, in the two pieces in which it is sent.
pub(super) fn halves(arguments: &str) -> [&str; 2] {
    let (begins, ends) = arguments.split_at(arguments.find(':').unwrap_or_default() + 1);
    [begins, ends]
}

/// Where in the events of an answer a fault may strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// So many come before the first word.
    pub(super) wordless: usize,
    /// So many come before the end of what a tool is called with; `None`: none is called.
    pub(super) in_call: Option<usize>,
}

/// What it answers. Each conversation is told apart by what was said in it, as requests of all calls come over any connection: the call is
/// that of the first code which the caller said, the turn the number of what they said.
pub(super) fn code<'a>(said: impl Iterator<Item = &'a str> + Clone, parts: u8) -> Code {
    let call = said.clone().find_map(Code::read).map_or(0, |code| code.call);
    Code { call, turn: (said.count() % 256) as u8, part: 0, parts }
}

/// In words; each ends in a blank.
pub(super) fn sentences(code: Code) -> String {
    (0..code.parts).map(|part| format!("{} ", Code { part, ..code }.sentence())).collect()
}

/// The events of an answer. Some faults strike within it: the connection breaks, or `error` follows.
pub(super) fn stream(
    mut events: Vec<String>,
    places: Places,
    lapse: &Lapse,
    fault: Option<Fault>,
    error: String,
) -> Response {
    let end = match fault {
        Some(Fault::Breaks) => Some(Err(io::Error::other("broken on purpose"))),
        Some(Fault::Errors | Fault::Hangs) => Some(Ok(error)),
        Some(
            Fault::Stalls
            | Fault::Fails
            | Fault::Limits
            | Fault::Overloaded
            | Fault::Unauthorised
            | Fault::Slow
            | Fault::Empty,
        )
        | None => None,
    };
    if end.is_some() {
        events.truncate(lapse.events_before(places));
    }
    let hangs = fault == Some(Fault::Hangs);
    let lapse = lapse.clone();
    // What was said before is on the wire by then.
    let end = stream::iter(end).then(move |end| {
        let lapse = lapse.clone();
        async move {
            crate::clock::elapse(lapse.later()).await;
            lapse.felt();
            if hangs {
                std::future::pending::<()>().await;
            }
            end
        }
    });
    let pieces = stream::iter(events.into_iter().map(Ok::<_, io::Error>)).chain(end);
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_are_told_apart_by_the_code_that_their_caller_said_first() {
        let said = |lines: &[&str]| {
            let code = code(lines.iter().copied(), 2);
            (code.call, code.turn)
        };
        let hello = |call| format!("{} The caller has spoken.", Code::of_caller(call).sentence());
        let more = "The caller has spoken.";
        assert_eq!(said(&[&hello(7)]), (7, 1));
        assert_eq!(said(&[&hello(8), more]), (8, 2));
        assert_eq!(said(&[more, more]), (0, 2));
    }

    #[test]
    fn a_tool_is_called_at_a_goodbye_and_once_a_turn_by_who_looks_things_up() {
        let tools = [LOOK_UP, END_CALL];
        let step = |model, last, is_told, tools: &[&'static str]| Step::of(model, last, is_told, tools.iter().copied());
        let (open, bye) = (Some("Are you open?"), Some("Thank you, goodbye."));
        assert_eq!(step("m", open, false, &tools), Step::Talks);
        assert_eq!(step("m", bye, false, &tools), Step::TakesLeave);
        assert_eq!(step("m", bye, false, &tools[..1]), Step::Talks);
        assert_eq!(step(LOOKS_UP, open, false, &tools), Step::LooksUp);
        assert_eq!(step(LOOKS_UP, open, true, &tools), Step::Tells);
        assert_eq!(step(LOOKS_UP, open, false, &tools[1..]), Step::Talks);
        for step in [Step::LooksUp, Step::TakesLeave] {
            let call = step.call().unwrap();
            assert_eq!(halves(call.arguments).concat(), call.arguments);
            assert!(serde_json::from_str::<serde_json::Value>(halves(call.arguments)[0]).is_err(), "{call:?}");
        }
    }
}
