//! The events of an answer. What is not known is passed over: there will be more kinds.

use serde::Deserialize;
use serde_json::Value;

use crate::agent::llm::hosted::{Pieces, Reading, code_of};
use crate::agent::llm::{Delta, Finish, ToolCallPiece, Usage};
use crate::provider::ErrorKind;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Begun,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block,
    },
    ContentBlockDelta {
        index: usize,
        delta: Piece,
    },
    MessageDelta {
        delta: Ended,
        #[serde(default)]
        usage: Option<Tokens>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    /// `ping`, `content_block_stop`.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Begun {
    #[serde(default)]
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
    },
    /// Thoughts.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece {
    TextDelta {
        text: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    stop_reason: Option<String>,
}

/// As they are told at the beginning and, so far as they are known better, at the end.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Tokens {
    /// Neither read from the cache nor written to it.
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
}

impl Tokens {
    fn or(self, earlier: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.or(earlier.input_tokens),
            cache_creation_input_tokens: self.cache_creation_input_tokens.or(earlier.cache_creation_input_tokens),
            cache_read_input_tokens: self.cache_read_input_tokens.or(earlier.cache_read_input_tokens),
            output_tokens: self.output_tokens.or(earlier.output_tokens),
        }
    }

    /// What was sent.
    fn sent(self) -> Usage {
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let prompt = self.input_tokens.unwrap_or(0).saturating_add(written).saturating_add(cached);
        Usage { prompt, cached, written, answer: None }
    }
}

/// An answer being read.
#[derive(Debug, Default)]
pub(super) struct Events {
    pieces: Pieces,
    begun: Tokens,
    calls: usize,
}

impl Reading for Events {
    fn event(&mut self, data: &[u8]) {
        match serde_json::from_slice::<Event>(data) {
            Ok(event) => self.read(event),
            // What comes after why it ended can take nothing back.
            Err(_) if self.pieces.is_finished() => {}
            Err(_) => self.pieces.fail(ErrorKind::Server, "a piece of the answer is no JSON of this API"),
        }
    }

    fn pieces(&mut self) -> &mut Pieces {
        &mut self.pieces
    }
}

impl Events {
    fn read(&mut self, event: Event) {
        match event {
            Event::MessageStart { message } => {
                self.begun = message.usage.unwrap_or_default();
                // An answer that is left, or breaks off, was asked for all the same.
                self.told(self.begun.sent());
            }
            Event::ContentBlockStart { index, content_block } => match content_block {
                Block::Text { text } => self.text(text),
                Block::ToolUse { id, name } => {
                    self.calls += 1;
                    self.call(ToolCallPiece { index, id: Some(id), name: Some(name), ..ToolCallPiece::default() });
                }
                Block::Other => {}
            },
            Event::ContentBlockDelta { index, delta } => match delta {
                Piece::TextDelta { text } => self.text(text),
                Piece::InputJsonDelta { partial_json } => {
                    self.call(ToolCallPiece { index, arguments: partial_json.into(), ..ToolCallPiece::default() });
                }
                Piece::Other => {}
            },
            Event::MessageDelta { delta, usage } => {
                // What the answer took is told at its end: until then it is estimated.
                let told = usage.unwrap_or_default().or(self.begun);
                self.told(Usage { answer: Some(told.output_tokens.unwrap_or(0)), ..told.sent() });
                if let Some(reason) = delta.stop_reason {
                    let finish = self.finish(&reason);
                    self.pieces.finish(finish);
                }
            }
            Event::MessageStop => {
                let otherwise = self.finish("end_turn");
                self.pieces.done(otherwise);
            }
            Event::Error { error } => self.failed(&error),
            Event::Other => {}
        }
    }

    /// Who counts nothing tells nothing.
    fn told(&mut self, usage: Usage) {
        if (usage.prompt, usage.answer.unwrap_or(0)) != (0, 0) {
            self.pieces.usage(usage);
        }
    }

    fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.pieces.push(Delta::Text(text.into()));
        }
    }

    fn call(&mut self, piece: ToolCallPiece) {
        self.pieces.push(Delta::ToolCall(piece));
    }

    fn finish(&self, reason: &str) -> Finish {
        match reason {
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "refusal" => Finish::Filtered,
            "tool_use" => Finish::ToolCalls,
            _ if self.calls == 0 => Finish::Stop,
            _ => Finish::ToolCalls,
        }
    }

    fn failed(&mut self, error: &Value) {
        let told = code_of(error).unwrap_or_default();
        let kind = match told.as_str() {
            "authentication_error" | "permission_error" => ErrorKind::Unauthorised,
            "rate_limit_error" | "billing_error" => ErrorKind::Limited,
            "timeout_error" => ErrorKind::Timeout,
            "invalid_request_error" | "not_found_error" | "request_too_large" => ErrorKind::Request,
            // `overloaded_error`, `api_error`.
            _ => ErrorKind::Server,
        };
        let what = format!("an error within the answer: {told}");
        self.pieces.fail(kind, what.trim_end_matches([' ', ':']));
    }
}
