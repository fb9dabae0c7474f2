//! What was read of an answer and not handed out yet, how far the answer is, and how much of it there may be. An error comes after everything
//! that came before it; more than an answer can have is one, and the piece with which there is more is not handed out.

use std::collections::VecDeque;

use super::failed;
use crate::agent::llm::{Delta, Finish, ToolCallPiece, Usage};
use crate::provider::{ErrorKind, ProviderError};

/// Bytes of an answer's words: an hour of speech, where agents ask for a minute at most.
const MOST_TEXT: usize = 64 * 1024;

/// Bytes with which the tools of an answer are called, the names and ids among them. Each piece counts, even an empty one.
const MOST_CALLED: usize = 64 * 1024;

/// Tools that one answer may call.
pub const MOST_CALLS: usize = 128;

/// How far the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Going,
    /// Why it ended is known; usage may follow.
    Finished(Finish),
    /// Everything has been handed out.
    Over,
}

/// See the module header.
#[derive(Debug, Default)]
pub struct Pieces {
    ready: VecDeque<Delta>,
    failed: Option<ProviderError>,
    progress: Progress,
    /// Bytes of each so far.
    text: usize,
    called: usize,
}

impl Pieces {
    /// Nothing follows a failure.
    pub fn push(&mut self, delta: Delta) {
        if self.failed.is_some() {
            return;
        }
        match self.excess(&delta) {
            Some(what) => self.fail(ErrorKind::Server, what),
            None => self.ready.push_back(delta),
        }
    }

    /// With this piece there is more than an answer can have.
    fn excess(&mut self, delta: &Delta) -> Option<&'static str> {
        match delta {
            Delta::Text(text) => {
                self.text += text.reveal().len();
                (self.text > MOST_TEXT).then_some("an answer of over 64 KiB of words")
            }
            Delta::ToolCall(ToolCallPiece { index, id, name, arguments }) => {
                let named = [id, name].into_iter().flatten().map(String::len).sum::<usize>();
                self.called += 1 + named + arguments.reveal().len();
                if *index >= MOST_CALLS {
                    return Some("more tool calls than an answer can have");
                }
                (self.called > MOST_CALLED).then_some("tools called with over 64 KiB")
            }
            Delta::Usage(_) | Delta::Finish(_) => None,
        }
    }

    /// Some send a running total with every piece: the last one counts.
    pub fn usage(&mut self, usage: Usage) {
        self.ready.retain(|delta| !matches!(delta, Delta::Usage(_)));
        self.push(Delta::Usage(usage));
    }

    pub fn fail(&mut self, kind: ErrorKind, what: &str) {
        self.failed = Some(failed(kind, what));
    }

    /// Why it ended.
    pub fn finish(&mut self, finish: Finish) {
        self.progress = Progress::Finished(finish);
    }

    /// Whether why it ended is known.
    pub fn is_finished(&self) -> bool {
        matches!(self.progress, Progress::Finished(_))
    }

    /// Nothing follows. Who said only this ended as `otherwise`.
    pub fn done(&mut self, otherwise: Finish) {
        let finish = match self.progress {
            Progress::Finished(finish) => finish,
            Progress::Going => otherwise,
            Progress::Over => return,
        };
        self.push(Delta::Finish(finish));
        self.progress = Progress::Over;
    }

    /// The connection is closed, properly.
    pub fn closed(&mut self) {
        match self.progress {
            // Why it ended was said; only the last line is missing.
            Progress::Finished(finish) => self.done(finish),
            Progress::Going if self.failed.is_none() => self.fail(ErrorKind::Connection, "the answer broke off"),
            Progress::Going | Progress::Over => {}
        }
    }

    /// Whether what comes now still belongs to the answer.
    pub fn take_more(&self) -> bool {
        self.failed.is_none() && self.progress != Progress::Over
    }

    pub fn pop(&mut self) -> Result<Option<Delta>, ProviderError> {
        match (self.ready.pop_front(), self.failed.take()) {
            (Some(delta), failed) => {
                self.failed = failed;
                Ok(Some(delta))
            }
            (None, Some(error)) => {
                self.progress = Progress::Over;
                Err(error)
            }
            (None, None) => Ok(None),
        }
    }

    pub fn is_over(&self) -> bool {
        self.progress == Progress::Over && self.ready.is_empty()
    }
}
