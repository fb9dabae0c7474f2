//! Chunks of an answer, read from every server that calls itself compatible.
//!
//! Seen in the wild: `choices` null in the usage chunk; tool calls without index, all with the same index, whole in one piece, with the name in every piece,
//! with an empty id, ended by `stop` instead of `tool_calls`; an error object in mid-stream; a close without `[DONE]`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::agent::llm::hosted::{MOST_CALLS, Pieces, Reading, code_of};
use crate::agent::llm::{Delta, Finish, ToolCallPiece, Usage};
use crate::provider::ErrorKind;

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

/// An answer being read.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pieces: Pieces,
    /// Ids of the tool calls so far, by index: who sends no index is understood by them.
    calls: Vec<Option<String>>,
    /// The index that was sent, and the call that is meant by it now, where that is another.
    meant: BTreeMap<usize, usize>,
}

impl Reading for Chunks {
    fn event(&mut self, data: &[u8]) {
        if data == b"[DONE]" {
            // Some servers say only this.
            let otherwise = self.finish("stop");
            return self.pieces.done(otherwise);
        }
        match serde_json::from_slice::<Chunk>(data) {
            Ok(chunk) => self.chunk(chunk),
            Err(_) => self.pieces.fail(ErrorKind::Server, "a piece of the answer is no JSON of this API"),
        }
    }

    fn pieces(&mut self) -> &mut Pieces {
        &mut self.pieces
    }
}

impl Chunks {
    fn chunk(&mut self, chunk: Chunk) {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let code = code_of(&error).map(|code| format!(": {code}")).unwrap_or_default();
            return self.pieces.fail(ErrorKind::Server, &format!("an error within the answer{code}"));
        }
        // One answer was asked for.
        if let Some(choice) = chunk.choices.into_iter().flatten().next() {
            if let Some(piece) = choice.delta {
                self.piece(piece);
            }
            if let Some(reason) = choice.finish_reason.as_deref().filter(|reason| !reason.is_empty()) {
                let finish = self.finish(reason);
                self.pieces.finish(finish);
            }
        }
        if let Some(tokens) = chunk.usage {
            let told = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens);
            let cached = told.or(tokens.prompt_cache_hit_tokens).unwrap_or(0).min(tokens.prompt_tokens);
            let answer = Some(tokens.completion_tokens);
            if (tokens.prompt_tokens, answer) != (0, Some(0)) {
                self.pieces.usage(Usage { prompt: tokens.prompt_tokens, cached, written: 0, answer });
            }
        }
    }

    fn piece(&mut self, piece: Piece) {
        // A refusal is an answer in words.
        for text in [piece.content, piece.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
            self.pieces.push(Delta::Text(text.into()));
        }
        for call in piece.tool_calls.into_iter().flatten() {
            let id = call.id.filter(|id| !id.is_empty());
            let function = call.function.unwrap_or(Function { name: None, arguments: None });
            let name = function.name.filter(|name| !name.is_empty());
            let index = match call.index {
                Some(sent) => self.meant_by(sent, id.as_ref(), name.as_ref()),
                None => self.index_of(id.as_ref(), name.as_ref()),
            };
            // An index that no answer reaches is a server gone mad, not a reason to allocate.
            if index >= MOST_CALLS {
                return self.pieces.fail(ErrorKind::Server, "more tool calls than an answer can have");
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
            self.pieces.push(Delta::ToolCall(ToolCallPiece { index, id, name, arguments: arguments.into() }));
        }
    }

    /// By an index that was sent. A name with a new id is another call even so: Ollama sends 0 with each.
    fn meant_by(&mut self, sent: usize, id: Option<&String>, name: Option<&String>) -> usize {
        let meant = self.meant.get(&sent).copied().unwrap_or(sent);
        let before = self.calls.get(meant).and_then(Option::as_ref);
        if name.is_none() || id.is_none() || before.is_none() || before == id {
            return meant;
        }
        let another = self.index_of(id, name);
        self.meant.insert(sent, another);
        another
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
}
