//! What Anthropic would refuse in a request.

use std::collections::HashSet;

use serde_json::Value;

/// Of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Of2023,
    Of2026,
}

impl Version {
    pub(super) fn of(header: &str) -> Option<Self> {
        match header {
            "2023-06-01" => Some(Self::Of2023),
            "2026-10-21" => Some(Self::Of2026),
            _ => None,
        }
    }
}

/// Every key that a request may have.
const KEYS: [&str; 14] = [
    "model",
    "messages",
    "max_tokens",
    "stream",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "inference_geo",
    "metadata",
    "stop_sequences",
    "service_tier",
    "output_config",
    "cache_control",
];

/// Those that were before.
const SAMPLING: [&str; 3] = ["temperature", "top_p", "top_k"];

/// Models that always think.
const ALWAYS_THINK: [&str; 3] = ["claude-opus-5-5", "claude-fable-", "claude-mythos-"];

/// Marks of the cache in one request.
const MARKS: usize = 4;

pub(super) fn request(request: &Value, version: Version) -> Option<String> {
    let object = request.as_object()?;
    let is_known = |key: &str| KEYS.contains(&key) || (version == Version::Of2023 && SAMPLING.contains(&key));
    if let Some(unknown) = object.keys().find(|key| !is_known(key)) {
        return Some(format!("{unknown}: Extra inputs are not permitted"));
    }
    let geo = &request["inference_geo"];
    let checks = [
        (is_text(&request["model"]), "model: Field required"),
        (request["max_tokens"].as_u64().is_some_and(|tokens| tokens > 0), "max_tokens: Field required"),
        (request["stream"].is_null() || request["stream"].is_boolean(), "stream: Input should be a valid boolean"),
        (geo.is_null() || geo == "us" || geo == "global", "inference_geo: Input should be 'us' or 'global'"),
        (thinks(request), "thinking: this model does not take it"),
        (is_system(&request["system"]), "system: text blocks must be non-empty"),
        (marks(request) <= MARKS, "a maximum of 4 blocks with cache_control may be provided"),
    ];
    let wrong = checks.into_iter().find(|(good, _)| !good).map(|(_, what)| what.to_owned());
    wrong.or_else(|| tools(request)).or_else(|| messages(request))
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_name(value: &Value) -> bool {
    let fits = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    value.as_str().is_some_and(|name| (1..=128).contains(&name.len()) && fits(name))
}

/// What a model may be told of thinking.
fn thinks(request: &Value) -> bool {
    let model = request["model"].as_str().unwrap_or_default();
    let always = ALWAYS_THINK.iter().any(|name| model.starts_with(name));
    let is_between = model.starts_with("claude-sonnet-5-5");
    match request["thinking"]["type"].as_str() {
        None => request["thinking"].is_null(),
        Some("adaptive") => true,
        Some("disabled") => !always && !is_between,
        Some("between_tools") => is_between || !model.starts_with("claude-"),
        Some(_) => false,
    }
}

fn is_system(system: &Value) -> bool {
    match system {
        Value::Null => true,
        Value::Array(blocks) => blocks.iter().all(|block| block["type"] == "text" && is_text(&block["text"])),
        text => text.is_string(),
    }
}

/// Marks anywhere.
fn marks(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.iter().map(marks).sum(),
        Value::Object(all) => {
            let own = all.get("cache_control").is_some_and(|mark| mark["type"] == "ephemeral");
            usize::from(own) + all.values().map(marks).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn tools(request: &Value) -> Option<String> {
    for tool in request["tools"].as_array().into_iter().flatten() {
        let keys = ["type", "name", "description", "input_schema", "cache_control", "strict", "eager_input_streaming"];
        let is_known = tool.as_object().is_some_and(|tool| tool.keys().all(|key| keys.contains(&key.as_str())));
        if !is_known || !is_name(&tool["name"]) || tool["input_schema"]["type"] != "object" {
            return Some(format!("tools: {} has no name, no input_schema, or extra inputs", tool["name"]));
        }
    }
    let choice = &request["tool_choice"]["type"];
    let is_choice = ["auto", "any", "tool", "none"].iter().any(|known| choice == known);
    (!choice.is_null() && (!is_choice || request["tools"].is_null())).then(|| "tool_choice: not allowed".to_owned())
}

/// The calls of the turn before, which the next turn must answer.
#[derive(Default)]
struct Calls {
    open: Vec<String>,
    ever: HashSet<String>,
}

fn messages(request: &Value) -> Option<String> {
    let turns = request["messages"].as_array().into_iter().flatten();
    let mut calls = Calls::default();
    let mut before = None;
    for (at, turn) in turns.enumerate() {
        let role = turn["role"].as_str();
        match (role, before) {
            (Some("user"), _) | (Some("assistant"), Some(_)) => {}
            (Some("assistant"), None) => return Some("messages: first message must use the \"user\" role".to_owned()),
            (Some(_) | None, _) => return Some(format!("messages.{at}: role {role:?} is not supported on this model")),
        }
        // Turns of one side after each other count as one.
        if role == Some("assistant") && before == Some("user") && !calls.open.is_empty() {
            return Some(format!("messages.{at}: `tool_use` ids without `tool_result` blocks: {:?}", calls.open));
        }
        let blocks = match &turn["content"] {
            Value::Array(blocks) => blocks.clone(),
            text => vec![serde_json::json!({"type": "text", "text": text})],
        };
        if let Some(what) = content(&blocks, role == Some("user"), &mut calls) {
            return Some(format!("messages.{at}: {what}"));
        }
        before = role;
    }
    match before {
        None => Some("messages: at least one message is required".to_owned()),
        Some("assistant") => Some("this model does not support assistant message prefill".to_owned()),
        Some(_) if !calls.open.is_empty() => Some(format!("`tool_use` ids without `tool_result`: {:?}", calls.open)),
        Some(_) if !calls.ever.is_empty() && request["tools"].as_array().is_none_or(Vec::is_empty) => {
            Some("tools: required where `tool_use` blocks are in the conversation".to_owned())
        }
        Some(_) => None,
    }
}

fn content(blocks: &[Value], is_user: bool, calls: &mut Calls) -> Option<String> {
    if blocks.is_empty() {
        return Some("content must be non-empty".to_owned());
    }
    let mut texts = false;
    for block in blocks {
        match (block["type"].as_str(), is_user) {
            (Some("text"), _) if is_text(&block["text"]) => texts = true,
            (Some("text"), _) => return Some("text content blocks must be non-empty".to_owned()),
            (Some("tool_use"), false) => {
                let id = block["id"].as_str().unwrap_or_default().to_owned();
                let is_good = is_name(&block["id"]) && is_name(&block["name"]) && block["input"].is_object();
                if !is_good || !calls.ever.insert(id.clone()) {
                    return Some(format!("tool_use {id}: `tool_use` ids must be unique, its input an object"));
                }
                calls.open.push(id);
            }
            (Some("tool_result"), true) => {
                let id = block["tool_use_id"].as_str().unwrap_or_default();
                let answered = calls.open.iter().position(|open| open == id).map(|at| calls.open.remove(at));
                if answered.is_none() || texts {
                    return Some(format!("tool_result {id}: answers no call of the turn before, or stands after text"));
                }
            }
            (other, _) => return Some(format!("{other:?} is not allowed here")),
        }
    }
    None
}
