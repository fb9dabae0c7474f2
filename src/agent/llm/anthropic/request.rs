//! A request in the words of the messages interface.
//!
//! Turns alternate between the caller's side (`user`) and the model's, and the caller's comes first and last. On it stand the results of
//! tools, before anything else, and notes of the server, which not every model takes as a turn of their own. Calls get ids of ours: each has
//! another in the whole conversation, whoever made it. What is the same in every question, the tools and the prompt up to its last line, is marked for the
//! vendor's cache.

use serde_json::{Value, json};

use super::AnthropicOwn;
use crate::agent::llm::hosted::notes::{BEGINS, SILENCE, of_the_system};
use crate::agent::llm::{Message, Request, ToolCall};

/// Tokens of an answer, unless the agent says otherwise: the interface wants a number.
const TOKENS: u32 = 1_024;

/// The JSON body.
pub(super) fn body(own: &AnthropicOwn, request: &Request) -> Value {
    let mut conversation = Conversation::default();
    let mut messages = request.messages.iter().peekable();
    let prompt = messages.next_if(|message| matches!(message, Message::System(_)));
    for message in messages {
        conversation.push(message);
    }
    let tools = tools(request, &conversation.named);
    let mut body = json!({
        "model": own.model,
        "max_tokens": request.max_tokens.unwrap_or(TOKENS),
        "stream": true,
        "thinking": {"type": "disabled"},
        "messages": conversation.finish(),
    });
    if let Some(Message::System(prompt)) = prompt
        && !prompt.reveal().trim().is_empty()
    {
        body["system"] = system(prompt.reveal());
    }
    if !tools.is_empty() {
        body["tools"] = tools.into();
        if request.tools.is_empty() {
            body["tool_choice"] = json!({"type": "none"});
        }
    }
    if let Some(geo) = own.inference_geo {
        body["inference_geo"] = json!(geo);
    }
    body
}

/// The last line is another each minute: the vendor keeps what stands before it.
fn system(prompt: &str) -> Value {
    let prompt = prompt.trim_end();
    let (stable, last) = prompt.split_at(prompt.rfind('\n').map_or(prompt.len(), |at| at + 1));
    let mut blocks = vec![json!({"type": "text", "text": stable, "cache_control": {"type": "ephemeral"}})];
    blocks.extend((!last.is_empty()).then(|| text(last)));
    blocks.into()
}

/// Without tools, those that were called before must be named nevertheless.
fn tools(request: &Request, called: &[String]) -> Vec<Value> {
    if request.tools.is_empty() {
        let bare = |name: &String| json!({"name": name, "input_schema": {"type": "object"}});
        return called.iter().map(bare).collect();
    }
    // Else a tool's input is held back until it is whole, and nothing comes meanwhile.
    let tool = request.tools.iter().map(|tool| {
        json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters, "eager_input_streaming": true})
    });
    tool.collect()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Caller,
    Model,
}

impl Side {
    const fn role(self) -> &'static str {
        match self {
            Self::Caller => "user",
            Self::Model => "assistant",
        }
    }
}

#[derive(Default)]
struct Conversation {
    turns: Vec<(Side, Vec<Value>)>,
    calls: usize,
    /// Ids of the latest calls, theirs and ours.
    ids: Vec<(String, String)>,
    /// Tools that were called.
    named: Vec<String>,
}

impl Conversation {
    fn push(&mut self, message: &Message) {
        match message {
            Message::System(note) => {
                self.block(Side::Caller, text(&of_the_system(note.reveal())));
            }
            Message::User(said) => self.text(Side::Caller, said.reveal()),
            Message::Assistant { text, calls } => {
                self.text(Side::Model, text.reveal());
                self.ids.clear();
                for call in calls {
                    self.call(call);
                }
            }
            Message::Tool { id, content } => {
                let ours = self.ids.iter().find(|(theirs, _)| theirs == id).map(|(_, ours)| ours.clone());
                let result = json!({"type": "tool_result", "tool_use_id": ours, "content": content.reveal()});
                self.block(Side::Caller, result);
            }
        }
    }

    fn text(&mut self, side: Side, said: &str) {
        if !said.trim().is_empty() {
            self.block(side, text(said));
        }
    }

    fn call(&mut self, call: &ToolCall) {
        self.calls += 1;
        let id = format!("toolu_{}", self.calls);
        // What is no object was the model's mistake, and its result says so.
        let input = serde_json::from_str(call.arguments.reveal()).ok().filter(Value::is_object);
        let input = input.unwrap_or_else(|| json!({}));
        self.block(Side::Model, json!({"type": "tool_use", "id": id, "name": call.name, "input": input}));
        self.ids.push((call.id.clone(), id));
        if !self.named.contains(&call.name) {
            self.named.push(call.name.clone());
        }
    }

    fn block(&mut self, side: Side, block: Value) {
        if side == Side::Model && self.turns.is_empty() {
            self.turns.push((Side::Caller, vec![text(BEGINS)]));
        }
        match self.turns.last_mut() {
            Some((last, blocks)) if *last == side => blocks.push(block),
            Some(_) | None => self.turns.push((side, vec![block])),
        }
    }

    fn finish(mut self) -> Vec<Value> {
        match self.turns.last() {
            Some((Side::Caller, _)) => {}
            Some((Side::Model, _)) => self.block(Side::Caller, text(SILENCE)),
            None => self.block(Side::Caller, text(BEGINS)),
        }
        let turn = |(side, blocks): (Side, Vec<Value>)| json!({"role": side.role(), "content": blocks});
        self.turns.into_iter().map(turn).collect()
    }
}

#[cfg(test)]
mod tests;
