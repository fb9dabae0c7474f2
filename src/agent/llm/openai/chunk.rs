//! Chunks of an answer, read from every server that calls itself compatible.
//!
//! Seen in the wild: `choices` null in the usage chunk; tool calls without index, whole in one piece, with the name in every piece,
//! with an empty id, ended by `stop` instead of `tool_calls`; an error object in mid-stream; a close without `[DONE]`.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;

use super::failed;
use crate::agent::llm::{Delta, Finish, ToolCallPiece, Usage};
use crate::provider::{ErrorKind, ProviderError};

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<Tokens>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Piece>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default)]
    name: Option<String>,
    /// Text; an object from servers that forget to write it as text.
    #[serde(default)]
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
    /// DeepSeek's name for the same.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

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

/// An answer being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    ready: VecDeque<Delta>,
    failed: Option<ProviderError>,
    progress: Progress,
    /// Ids of the tool calls so far, by index: who sends no index is understood by them.
    calls: Vec<Option<String>>,
}

impl Reading {
    /// The data of one event.
    pub(super) fn event(&mut self, data: &[u8]) {
        if self.failed.is_some() || self.progress == Progress::Over || data.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        if data == b"[DONE]" {
            return self.done();
        }
        match serde_json::from_slice::<Chunk>(data) {
            Ok(chunk) => self.chunk(chunk),
            Err(_) => self.failed = Some(failed(ErrorKind::Server, "a piece of the answer is no JSON of this API")),
        }
    }

    fn chunk(&mut self, chunk: Chunk) {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let code = code_of(&error).map(|code| format!(": {code}")).unwrap_or_default();
            self.failed = Some(failed(ErrorKind::Server, &format!("an error within the answer{code}")));
            return;
        }
        // One answer was asked for.
        if let Some(choice) = chunk.choices.into_iter().flatten().next() {
            if let Some(piece) = choice.delta {
                self.piece(piece);
            }
            if let Some(reason) = choice.finish_reason.as_deref().filter(|reason| !reason.is_empty()) {
                self.progress = Progress::Finished(self.finish(reason));
            }
        }
        if let Some(tokens) = chunk.usage {
            let told = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens);
            let cached = told.or(tokens.prompt_cache_hit_tokens).unwrap_or(0).min(tokens.prompt_tokens);
            let usage = Usage { prompt: tokens.prompt_tokens, cached, answer: tokens.completion_tokens };
            if usage != Usage::default() {
                // Some send a running total with every chunk: the last one counts.
                self.ready.retain(|delta| !matches!(delta, Delta::Usage(_)));
                self.ready.push_back(Delta::Usage(usage));
            }
        }
    }

    fn piece(&mut self, piece: Piece) {
        // A refusal is an answer in words.
        for text in [piece.content, piece.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
            self.ready.push_back(Delta::Text(text.into()));
        }
        for call in piece.tool_calls.into_iter().flatten() {
            let id = call.id.filter(|id| !id.is_empty());
            let function = call.function.unwrap_or(Function { name: None, arguments: None });
            let name = function.name.filter(|name| !name.is_empty());
            let index = call.index.unwrap_or_else(|| self.index_of(id.as_ref(), name.as_ref()));
            // An index that no answer reaches is a server gone mad, not a reason to allocate.
            if index >= MOST_CALLS {
                self.failed = Some(failed(ErrorKind::Server, "more tool calls than an answer can have"));
                return;
            }
            if self.calls.len() <= index {
                self.calls.resize(index + 1, None);
            }
            if self.calls[index].is_none() {
                self.calls[index].clone_from(&id);
            }
            let arguments = match function.arguments {
                Some(Value::String(text)) => text,
                Some(Value::Null) | None => String::new(),
                Some(object) => object.to_string(),
            };
            self.ready.push_back(Delta::ToolCall(ToolCallPiece { index, id, name, arguments: arguments.into() }));
        }
    }

    /// Without an index: a known id continues its call, a new id or name begins one, anything else continues the last.
    fn index_of(&self, id: Option<&String>, name: Option<&String>) -> usize {
        let known = id.and_then(|id| self.calls.iter().position(|call| call.as_ref() == Some(id)));
        match (known, id, name) {
            (Some(index), _, _) => index,
            (None, Some(_), _) | (None, None, Some(_)) => self.calls.len(),
            (None, None, None) => self.calls.len().saturating_sub(1),
        }
    }

    fn finish(&self, reason: &str) -> Finish {
        match reason {
            "length" => Finish::Length,
            "content_filter" => Finish::Filtered,
            "tool_calls" | "function_call" => Finish::ToolCalls,
            _ if self.calls.is_empty() => Finish::Stop,
            _ => Finish::ToolCalls,
        }
    }

    /// `[DONE]`; some servers say only this.
    fn done(&mut self) {
        let finish = match self.progress {
            Progress::Finished(finish) => finish,
            Progress::Going => self.finish("stop"),
            Progress::Over => return,
        };
        self.ready.push_back(Delta::Finish(finish));
        self.progress = Progress::Over;
    }

    /// The connection is closed, properly.
    pub(super) fn closed(&mut self) {
        match self.progress {
            // Why it ended was said; only the last line is missing.
            Progress::Finished(_) => self.done(),
            Progress::Going if self.failed.is_none() => {
                self.failed = Some(failed(ErrorKind::Connection, "the answer broke off"));
            }
            Progress::Going | Progress::Over => {}
        }
    }

    pub(super) fn pop(&mut self) -> Result<Option<Delta>, ProviderError> {
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

    pub(super) fn is_over(&self) -> bool {
        self.progress == Progress::Over && self.ready.is_empty()
    }
}

/// Tools that one answer may call.
const MOST_CALLS: usize = 128;

/// The code of an error body: `{"error": {"code": ...}}`.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    code_of(serde_json::from_slice::<Value>(body).ok()?.get("error")?)
}

/// Codes are short words; a message may quote what the caller said.
fn code_of(error: &Value) -> Option<String> {
    let code = ["code", "type"].iter().find_map(|key| match error.get(key) {
        Some(Value::String(code)) => Some(code.clone()),
        Some(Value::Number(code)) => Some(code.to_string()),
        Some(_) | None => None,
    })?;
    let is_code = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    is_code.then_some(code)
}
