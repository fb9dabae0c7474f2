//! How simulated models answer, whatever their interface: which code, when with a goodbye, and in a stream of events of which a fault leaves the
//! beginning.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::code::Code;

/// Ends the call, as agents' tools are named.
pub(super) const END_CALL: &str = "end_call";

/// Words that leave before a fault strikes within an answer: some of the first sentence, or of the second.
const IN_THE_FIRST: usize = 4;
const IN_THE_SECOND: usize = 12;

/// From then to the fault.
const STRUCK_LATER: Duration = Duration::from_millis(100);

/// When a model's fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// At every request; within an answer in its first sentence.
    #[default]
    Usual,
    /// At every request; within an answer in its second sentence.
    SecondSentence,
    /// As usual, but not before the caller has spoken twice.
    SecondTurn,
}

impl Stage {
    /// Words that leave before a fault strikes within an answer.
    pub(super) const fn struck_after(self) -> usize {
        match self {
            Self::Usual | Self::SecondTurn => IN_THE_FIRST,
            Self::SecondSentence => IN_THE_SECOND,
        }
    }

    /// What is wrong when the caller has spoken so often.
    pub(super) fn due(self, fault: Option<Fault>, turns: usize) -> Option<Fault> {
        fault.filter(|_| self != Self::SecondTurn || turns > 1)
    }
}

/// How the model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Takes the request and says nothing.
    Stalls,
    /// Answers 500.
    Fails,
    /// Answers 429.
    Limits,
    /// Breaks the connection within a sentence.
    Breaks,
    /// Answers that it is overloaded: 529, or 503 where no such status is known.
    Overloaded,
    /// Refuses the key: 401.
    Unauthorised,
    /// Sends its error message within a sentence.
    Errors,
    /// Says nothing more within a sentence.
    Hangs,
    /// Answers 1.5 s late.
    Slow,
    /// Answers without a word, as when a quota is used up.
    Empty,
}

impl Fault {
    /// What it adds to the first token.
    pub(super) const fn late(self) -> Duration {
        match self {
            Self::Slow => Duration::from_millis(1_500),
            Self::Stalls
            | Self::Fails
            | Self::Limits
            | Self::Breaks
            | Self::Overloaded
            | Self::Unauthorised
            | Self::Errors
            | Self::Hangs
            | Self::Empty => Duration::ZERO,
        }
    }
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

/// The caller has taken leave, and there is a way to end the call.
pub(super) fn is_goodbye<'a>(last: Option<&str>, mut tools: impl Iterator<Item = &'a str>) -> bool {
    last.is_some_and(|text| text.to_lowercase().contains("bye")) && tools.any(|name| name == END_CALL)
}

/// The events of an answer. Some faults strike after the first `left` of them: the connection breaks, or `error` follows.
pub(super) fn stream(mut events: Vec<String>, left: usize, fault: Option<Fault>, error: String) -> Response {
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
        events.truncate(left);
    }
    let hangs = fault == Some(Fault::Hangs);
    // What was said before is on the wire by then.
    let end = stream::iter(end).then(move |end| async move {
        crate::clock::elapse(STRUCK_LATER).await;
        if hangs {
            std::future::pending::<()>().await;
        }
        end
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
}
