//! Asking a model: one contract for every language model, the rule-based brain among them.
//!
//! A model is given messages and tools and answers with a stream of [`Delta`]s; dropping the stream cancels the request. It
//! knows nothing of calls, turns or audio, runs no tool, and keeps nothing from one request to the next. It must not name a
//! caller's words in its errors. Who is asked, and who next, is [`crate::provider::chain::Thinkers`]' to decide.

pub mod anthropic;
mod hosted;
pub mod openai;
mod sse;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::clinic::operator::Operator;
use crate::costs::Paid;
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::warming::Warming;
use crate::provider::{ErrorKind, ProviderError};

/// A model that streams its answer.
pub trait Model: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// What it can do in this language. Whoever thinks is asked in every one, with tools.
    fn capabilities(&self, _language: Language) -> Capabilities {
        Capabilities { goes_on: false }
    }

    /// Without a first token for so long another model is asked as well.
    fn hedge_after(&self) -> Option<Duration> {
        None
    }

    /// Whose key it uses, whatever else does; `None` if it is on this machine.
    fn account(&self) -> Option<&str> {
        None
    }

    /// As what it is paid; `None` if it is not paid by the token.
    fn paid_as(&self) -> Option<Paid<'_>> {
        None
    }

    /// Connects, so that the next answer need not. Returns at once, and goes on for as long as what is returned is kept; `None`: there is no
    /// connection to be made. Must be called within a tokio runtime.
    fn warm(&self) -> Option<Warming> {
        None
    }

    /// The same, waited for: whether there is a connection now. `None`: there is none to be made.
    fn connect(&self) -> Option<BoxFuture<'static, bool>> {
        None
    }

    /// Begins to answer. Returns at once: connecting happens when the stream is polled. A stream ends after
    /// [`Delta::Finish`], or with an error.
    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>>;
}

/// What models may do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// With an answer that another model began. What only follows rules cannot, and answers at once: nobody is raced against it.
    pub goes_on: bool,
}

/// One request, complete in itself.
#[derive(Clone, Debug)]
pub struct Request {
    /// The system message first, then the conversation in order.
    pub messages: Vec<Message>,
    /// What the model may call; empty forbids calls.
    pub tools: Arc<[ToolSpec]>,
    pub language: Language,
    /// The clinic's own date, where the asker has a clinic; a model is told it in the prompt too.
    pub today: Option<jiff::civil::Date>,
    /// Whether a person would take the call, as of its first request; a model is told by the tools.
    pub operator: Operator,
    /// 0 to 2; the vendor's own default where absent.
    pub temperature: Option<f32>,
    /// Tokens of the answer. Tool calls count too: below 400 they may be cut in the middle.
    pub max_tokens: Option<u32>,
}

/// One entry of the conversation, in the shape chat-completion interfaces share.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// What the agent is told to be; notes of the server in mid-conversation.
    System(Pii<String>),
    /// What the caller said.
    User(Pii<String>),
    /// What the agent said, and what it called after that.
    Assistant { text: Pii<String>, calls: Vec<ToolCall> },
    /// The result of one call, as JSON text.
    Tool { id: String, content: Pii<String> },
}

/// A call the model wants made, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Given by the model; the answering [`Message::Tool`] repeats it.
    pub id: String,
    pub name: String,
    /// A JSON object, not yet checked.
    pub arguments: Pii<String>,
}

/// What a model is told of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    pub name: &'static str,
    /// When to use it, for the model.
    pub description: &'static str,
    /// JSON Schema of the arguments: an object that allows no other properties.
    pub parameters: serde_json::Value,
}

/// A piece of the answer, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Words; pieces join without anything between them.
    Text(Pii<String>),
    ToolCall(ToolCallPiece),
    Usage(Usage),
    /// The last piece.
    Finish(Finish),
}

/// Part of a tool call; pieces with one index make one call. A model that has it whole sends it in one piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolCallPiece {
    pub index: usize,
    /// Both come with the first piece of an index.
    pub id: Option<String>,
    pub name: Option<String>,
    /// To be joined.
    pub arguments: Pii<String>,
}

/// Tokens, as the vendor counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All that was sent.
    pub prompt: u64,
    /// Of them, those that the vendor had in its cache.
    pub cached: u64,
    /// Of them, those that it wrote there.
    pub written: u64,
    /// Absent: the answer has only begun, and all that is known is what was sent.
    pub answer: Option<u64>,
}

/// Why the answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is complete.
    Stop,
    /// The tools called are to be run and their results sent.
    ToolCalls,
    /// Cut at the most tokens allowed.
    Length,
    /// The vendor's filter cut it.
    Filtered,
}

/// Tool calls being put together from their pieces.
#[derive(Debug, Default)]
pub struct ToolCalls(Vec<ToolCallPiece>);

impl ToolCalls {
    pub fn push(&mut self, piece: ToolCallPiece) {
        match self.0.iter_mut().find(|p| p.index == piece.index) {
            Some(have) => {
                have.id = have.id.take().or(piece.id);
                have.name = have.name.take().or(piece.name);
                let joined = std::mem::take(&mut have.arguments).into_inner() + piece.arguments.reveal();
                have.arguments = joined.into();
            }
            None => self.0.push(piece),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The calls in the order of their indices. A call without a name cannot be made: the whole answer is in doubt. An
    /// absent id is made up from the index (some local servers send none), absent arguments are an empty object.
    pub fn finish(mut self, provider: &'static str) -> Result<Vec<ToolCall>, ProviderError> {
        self.0.sort_by_key(|p| p.index);
        self.0
            .into_iter()
            .map(|piece| {
                let name = piece.name.filter(|n| !n.is_empty()).ok_or_else(|| ProviderError {
                    provider,
                    kind: ErrorKind::Server,
                    what: format!("tool call {} came without a name; ask again", piece.index),
                    retry_after: None,
                })?;
                let arguments = piece.arguments.into_inner();
                Ok(ToolCall {
                    id: piece.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", piece.index)),
                    name,
                    arguments: if arguments.trim().is_empty() { "{}".to_owned() } else { arguments }.into(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) -> ToolCallPiece {
        ToolCallPiece {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            arguments: arguments.to_owned().into(),
        }
    }

    #[test]
    fn pieces_of_two_calls_join_by_index() {
        let mut calls = ToolCalls::default();
        calls.push(piece(1, Some("b"), Some("end_call"), ""));
        calls.push(piece(0, Some("a"), Some("clinic_info"), "{\"top"));
        calls.push(piece(0, None, None, "ic\":\"hours\"}"));
        let calls = calls.finish("test").unwrap();
        assert_eq!(calls[0].name, "clinic_info");
        assert_eq!(calls[0].arguments.reveal(), "{\"topic\":\"hours\"}");
        assert_eq!(calls[1].arguments.reveal(), "{}");
    }

    #[test]
    fn a_call_without_a_name_is_an_error_and_without_an_id_is_not() {
        let mut calls = ToolCalls::default();
        calls.push(piece(0, None, Some("end_call"), "{}"));
        assert_eq!(calls.finish("test").unwrap()[0].id, "call_0");
        let mut calls = ToolCalls::default();
        calls.push(piece(0, Some("a"), None, "{}"));
        assert_eq!(calls.finish("test").unwrap_err().kind, ErrorKind::Server);
    }
}
