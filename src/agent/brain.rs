//! The rule-based brain: a [`Model`] without weights, for running without keys and services.
//!
//! It sees what any model sees, messages and tools, and answers with words and tool calls; a real model can take its place by
//! configuration. It keeps nothing between requests: the conversation is replayed each time, and its rules are deterministic.
//! It says no fact that a tool did not return, and when it did not understand it says so.

mod appointment;
mod choice;
mod classifier;
mod dialog;
mod factor;
mod features;
mod intent;
mod lexicon;
mod name;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::ExpectKind;
use super::llm::{Delta, Finish, Message, Model, Request, ToolCallPiece};
use super::tools::ToolName;
use crate::language::Language;
use crate::phrases::Parting;
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};

use dialog::{Book, Dialog, Move};

pub use intent::{Intent, Understood, understand};

/// See the module header.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleBrain;

impl RuleBrain {
    /// Reads its rules and paraphrases now, so that the first caller does not wait for it (0.5 s, 2026-11-21). Learning what sentences
    /// mean, which is done once after each change of the model or the paraphrases, goes on in a thread of its own.
    pub fn new() -> Self {
        classifier::prepare();
        for language in Language::ALL {
            understand("hello", language);
            appointment::Appointments::of(language);
        }
        Self
    }
}

impl Model for RuleBrain {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        // Each sentence costs 2 ms: too long for a thread that others wait on.
        let reply = tokio::task::spawn_blocking(move || reply(&request));
        stream::once(reply)
            .flat_map(|done| match done {
                Ok(deltas) => stream::iter(deltas.into_iter().map(Ok).collect::<Vec<_>>()),
                // The message of a panic might hold what a caller said.
                Err(_) => stream::iter(vec![Err(ProviderError {
                    provider: "rules",
                    kind: ErrorKind::Server,
                    what: "the rules failed on this conversation".to_owned(),
                    retry_after: None,
                })]),
            })
            .boxed()
    }
}

/// The whole answer.
fn reply(request: &Request) -> Vec<Delta> {
    let answer = replay(request);
    let mut deltas = Vec::new();
    let calls: Vec<_> =
        answer.calls.into_iter().filter(|(tool, _)| request.tools.iter().any(|t| t.name == *tool)).collect();
    // Words that the conversation has of its own, recorded beforehand.
    let are_fixed = |parting: Parting| parting.words(request.language) == answer.say;
    let has_own = calls.iter().any(|(tool, _)| parting(tool).is_some_and(are_fixed));
    if !answer.say.is_empty() && !has_own {
        deltas.push(Delta::Text(Pii::new(format!("[expect:{}] ", marker(answer.expect)))));
        // Sentence by sentence, as a model's words come in pieces.
        for sentence in answer.say.split_inclusive(['.', '?', '!', '。', '।']) {
            deltas.push(Delta::Text(Pii::new(sentence.to_owned())));
        }
    }
    let finish = if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
    let round = request.messages.iter().filter(|m| matches!(m, Message::Tool { .. })).count();
    for (index, (name, arguments)) in calls.into_iter().enumerate() {
        deltas.push(Delta::ToolCall(ToolCallPiece {
            index,
            id: Some(format!("rules_{}_{round}_{index}", request.messages.len())),
            name: Some(name.to_owned()),
            arguments: Pii::new(arguments.to_string()),
        }));
    }
    deltas.push(Delta::Finish(finish));
    deltas
}

/// How a tool leaves the caller.
fn parting(tool: &str) -> Option<Parting> {
    let endings = [(ToolName::EndCall, Parting::Farewell), (ToolName::TransferToPerson, Parting::Transfer)];
    endings.into_iter().find(|(ends, _)| ends.name() == tool).map(|(_, parting)| parting)
}

/// Lives the conversation again and answers its last message.
fn replay(request: &Request) -> Move {
    let messages = &request.messages;
    let mut dialog = Dialog::new(request.language, book(request), request.operator);
    let mut answer = dialog.hello();
    let mut asked: Vec<(&str, &str)> = Vec::new();
    for message in messages.iter().skip(1) {
        match message {
            Message::User(text) => answer = dialog.heard(text.reveal()),
            Message::Assistant { calls, .. } => {
                asked.extend(calls.iter().map(|c| (c.id.as_str(), c.name.as_str())));
            }
            Message::Tool { id, content } => {
                let tool = asked.iter().rev().find(|(call, _)| call == id).map_or("", |(_, name)| name);
                let result = serde_json::from_str(content.reveal()).unwrap_or_default();
                answer = dialog.returned(tool, &result);
            }
            Message::System(note) => {
                if let Some(told) = dialog.noted(note.reveal()) {
                    answer = told;
                }
            }
        }
    }
    answer
}

/// What may be done in the clinic's book: with the tools there are, or were when something was called of them earlier.
fn book(request: &Request) -> Option<Book> {
    let called = |tool: ToolName| {
        request.messages.iter().any(|message| match message {
            Message::Assistant { calls, .. } => calls.iter().any(|call| call.name == tool.name()),
            Message::System(_) | Message::User(_) | Message::Tool { .. } => false,
        })
    };
    // The last round of an answer has no tools: whoever called one of the book had them all.
    let withheld = request.tools.is_empty() && ToolName::ALL.into_iter().any(|tool| tool.needs_book() && called(tool));
    let has = |tool: ToolName| withheld || request.tools.iter().any(|spec| spec.name == tool.name());
    Book::new(request.language, request.today, has)
}

const fn marker(kind: ExpectKind) -> &'static str {
    match kind {
        ExpectKind::Free => "free",
        ExpectKind::YesNo => "yes_no",
        ExpectKind::Name => "name",
        ExpectKind::Phone => "phone",
        ExpectKind::BirthDate => "birth_date",
        ExpectKind::Card => "card",
        ExpectKind::Spelling => "spelling",
        ExpectKind::Digits => "digits",
        ExpectKind::Nothing => "nothing",
    }
}

#[cfg(test)]
mod tests;
