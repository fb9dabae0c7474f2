//! How simulated models answer, whatever their interface: which code, when with a goodbye, and in a stream of events of which a fault leaves the
//! beginning.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};

use super::code::Code;
use super::lapse::{Fault, Lapse};

/// Ends the call, as agents' tools are named.
pub(super) const END_CALL: &str = "end_call";

/// From then to the fault.
const STRUCK_LATER: Duration = Duration::from_millis(100);

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

/// The events of an answer, of which some come before the first word. Some faults strike within it: the connection breaks, or `error` follows.
pub(super) fn stream(
    mut events: Vec<String>,
    wordless: usize,
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
        events.truncate(wordless + lapse.struck_after());
    }
    let hangs = fault == Some(Fault::Hangs);
    let lapse = lapse.clone();
    // What was said before is on the wire by then.
    let end = stream::iter(end).then(move |end| {
        let lapse = lapse.clone();
        async move {
            crate::clock::elapse(STRUCK_LATER).await;
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
}
