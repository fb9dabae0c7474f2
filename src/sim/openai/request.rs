//! What chat completions are asked, and what OpenAI would refuse of it: unknown fields and roles, tool messages that answer no call, calls
//! that nothing answers, a name that no tool can have; of models named as OpenAI's that think (`gpt-5`, `gpt-5.4-mini`, `o3`) every temperature
//! but 1, of its others (`gpt-4.1`) an effort. Models of other names take both. Those named as ones with a strict chat template (`qwen3.5`,
//! `mistral`) refuse, as the servers behind which they run do, a system message in mid-conversation, and turns that do not alternate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::answer::Step;

/// Characters of a tool's name.
const LONGEST_NAME: usize = 64;

/// Of the parameters, those that somebody who streams one answer for a telephone may need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    tools: Option<Vec<Tool>>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    reasoning_effort: Option<Effort>,
    /// The older name, `max_tokens`, is refused by newer models.
    #[serde(default)]
    max_completion_tokens: Option<u64>,
}

/// As OpenAI's Python package 3.54.0 lists them.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// Beginnings of the names of OpenAI's models that think, and of those that do not.
const THINK: [&str; 4] = ["gpt-5", "o1", "o3", "o4"];
const ANSWER_AT_ONCE: [&str; 2] = ["gpt-4", "gpt-3.5"];

const WANT_TURNS: [&str; 2] = ["qwen3.5", "mistral"];

fn is_of(model: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| model.starts_with(beginning))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase", deny_unknown_fields)]
enum Message {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        #[serde(default)]
        content: Option<String>,
        #[serde(default)]
        tool_calls: Option<Vec<Call>>,
    },
    Tool {
        content: String,
        tool_call_id: String,
    },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Call {
    id: String,
    #[serde(rename = "type")]
    kind: Function,
    function: Called,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Function {
    Function,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Called {
    name: String,
    arguments: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    #[serde(rename = "type")]
    kind: Function,
    function: Described,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Value>,
}

/// What is wrong with a request, and which parameter it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) parameter: Option<&'static str>,
    pub(super) code: &'static str,
}

/// Of what is wrong whatever the model.
const INVALID: &str = "invalid_value";

fn written(part: &impl Serialize) -> String {
    serde_json::to_string(part).unwrap_or_default()
}

fn wrong(parameter: &'static str, what: &str) -> Wrong {
    Wrong { what: what.to_owned(), parameter: Some(parameter), code: INVALID }
}

/// The request, if OpenAI would take it.
pub(super) fn read(body: &[u8]) -> Result<Request, Wrong> {
    let request: Request = serde_json::from_slice(body).map_err(|error| Wrong {
        what: error.to_string(),
        parameter: None,
        code: INVALID,
    })?;
    request.check()?;
    Ok(request)
}

impl Request {
    fn check(&self) -> Result<(), Wrong> {
        if self.model.is_empty() {
            return Err(wrong("model", "you must provide a model parameter"));
        }
        if self.messages.is_empty() {
            return Err(wrong("messages", "empty array, want one with at least 1 element"));
        }
        if self.stream_options.is_some() && !self.stream {
            return Err(wrong("stream_options", "only allowed with stream"));
        }
        if self.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
            return Err(wrong("temperature", "want 0 to 2"));
        }
        if self.max_completion_tokens == Some(0) {
            return Err(wrong("max_completion_tokens", "want at least 1"));
        }
        self.check_model()?;
        self.check_turns()?;
        self.check_tools()?;
        self.check_calls()
    }

    /// What other models take.
    fn check_model(&self) -> Result<(), Wrong> {
        if is_of(&self.model, &THINK)
            && let Some(temperature) = self.temperature.filter(|temperature| (temperature - 1.0).abs() > f64::EPSILON)
        {
            let what = format!(
                "Unsupported value: 'temperature' does not support {temperature} with this model. Only the default (1) value is supported."
            );
            return Err(Wrong { what, parameter: Some("temperature"), code: "unsupported_value" });
        }
        if is_of(&self.model, &ANSWER_AT_ONCE) && self.reasoning_effort.is_some() {
            let what = "Unsupported parameter: 'reasoning_effort' is not supported with this model.".to_owned();
            return Err(Wrong { what, parameter: Some("reasoning_effort"), code: "unsupported_parameter" });
        }
        Ok(())
    }

    /// The words are those of Qwen's template and of Mistral's.
    fn check_turns(&self) -> Result<(), Wrong> {
        if !is_of(&self.model, &WANT_TURNS) {
            return Ok(());
        }
        let refused = |what: &str| Wrong { what: what.to_owned(), parameter: None, code: INVALID };
        let rest = &self.messages[usize::from(matches!(self.messages.first(), Some(Message::System { .. })))..];
        if rest.iter().any(|message| matches!(message, Message::System { .. })) {
            return Err(refused("System message must be at the beginning."));
        }
        let mut callers = true;
        for message in rest {
            let is_caller = match message {
                Message::User { .. } => true,
                Message::Assistant { tool_calls: None, .. } => false,
                Message::Assistant { tool_calls: Some(_), .. } | Message::Tool { .. } | Message::System { .. } => {
                    continue;
                }
            };
            if is_caller != callers {
                return Err(refused("Conversation roles must alternate user/assistant/user/assistant/..."));
            }
            callers = !callers;
        }
        Ok(())
    }

    fn check_tools(&self) -> Result<(), Wrong> {
        let Some(tools) = &self.tools else { return Ok(()) };
        if tools.is_empty() {
            return Err(wrong("tools", "empty array, want one with at least 1 element"));
        }
        for (n, tool) in tools.iter().enumerate() {
            let name = &tool.function.name;
            let is_name = !name.is_empty()
                && name.len() <= LONGEST_NAME
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if !is_name {
                return Err(wrong("tools", "a name must match ^[a-zA-Z0-9_-]{1,64}$"));
            }
            if tools[..n].iter().any(|other| other.function.name == *name) {
                return Err(wrong("tools", "names must be unique"));
            }
            if tool.function.parameters.as_ref().is_some_and(|schema| schema["type"] != "object") {
                return Err(wrong("tools", "the schema of parameters must be an object's"));
            }
        }
        Ok(())
    }

    /// Each call of a tool is answered before anything else is said, once, and nothing else is answered.
    fn check_calls(&self) -> Result<(), Wrong> {
        let mut owed: Vec<&str> = Vec::new();
        for message in &self.messages {
            match message {
                Message::Tool { tool_call_id, .. } => {
                    let Some(place) = owed.iter().position(|id| id == tool_call_id) else {
                        return Err(wrong("messages", "a message of a tool must answer a call before it"));
                    };
                    owed.remove(place);
                }
                Message::System { .. } | Message::User { .. } | Message::Assistant { .. } if !owed.is_empty() => break,
                Message::Assistant { content, tool_calls } => {
                    let calls = tool_calls.as_deref().unwrap_or_default();
                    if tool_calls.is_some() && calls.is_empty() {
                        return Err(wrong("messages", "empty array of tool_calls"));
                    }
                    if content.is_none() && calls.is_empty() {
                        return Err(wrong("messages", "content may be null only beside tool_calls"));
                    }
                    owed = calls.iter().map(|call| call.id.as_str()).collect();
                    if owed.iter().enumerate().any(|(n, id)| id.is_empty() || owed[..n].contains(id)) {
                        return Err(wrong("messages", "ids of tool_calls must be unique"));
                    }
                }
                Message::System { .. } | Message::User { .. } => {}
            }
        }
        if owed.is_empty() {
            Ok(())
        } else {
            Err(wrong("messages", "tool_calls must be followed by messages of tools that answer each of them"))
        }
    }

    /// What was said on the caller's side, in order.
    pub(super) fn said(&self) -> impl Iterator<Item = &str> + Clone {
        self.messages.iter().filter_map(|message| match message {
            Message::User { content } => Some(content.as_str()),
            Message::System { .. } | Message::Assistant { .. } | Message::Tool { .. } => None,
        })
    }

    /// What it is answered with.
    pub(super) fn step(&self) -> Step {
        let of_now = self.messages.iter().rev().find_map(|message| match message {
            Message::User { .. } => Some(false),
            Message::Tool { .. } => Some(true),
            Message::System { .. } | Message::Assistant { .. } => None,
        });
        let tools = self.tools.iter().flatten().map(|tool| tool.function.name.as_str());
        Step::of(&self.model, self.said().last(), of_now == Some(true), tools)
    }

    /// Whether usage is to be told at the end of a stream.
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    /// Everything that counts as tokens, in the order in which a cache compares it.
    pub(super) fn counted(&self) -> impl Iterator<Item = String> {
        let tools = self.tools.iter().flatten().map(written);
        let spoken = self.messages.iter().map(|message| match message {
            Message::System { content } | Message::User { content } | Message::Tool { content, .. } => content.clone(),
            Message::Assistant { content, tool_calls } => {
                let calls = tool_calls.iter().flatten().map(written);
                content.iter().cloned().chain(calls).collect()
            }
        });
        tools.chain(spoken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(request: &Value) -> Result<Request, Wrong> {
        read(request.to_string().as_bytes())
    }

    fn call(id: &str) -> Value {
        json!({"id": id, "type": "function", "function": {"name": "clinic_info", "arguments": "{}"}})
    }

    fn conversation(messages: &[Value]) -> Value {
        json!({"model": "m", "stream": true, "messages": messages})
    }

    #[test]
    fn what_openai_would_refuse_is_refused() {
        let user = json!({"role": "user", "content": "Hello"});
        let calls = json!({"role": "assistant", "content": null, "tool_calls": [call("1"), call("2")]});
        let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "{}"});
        let tool = |name: &str| json!([{"type": "function", "function": {"name": name}}]);
        let good = conversation(&[user.clone(), calls.clone(), result("2"), result("1"), user.clone()]);
        assert_eq!(read_json(&good).map(|_| ()), Ok(()));
        for messages in [
            &[][..],
            &[json!({"role": "narrator", "content": "Hello"})],
            &[json!({"role": "user", "content": "Hello", "mood": "good"})],
            &[json!({"role": "user", "content": null})],
            &[user.clone(), json!({"role": "assistant", "content": null})],
            &[user.clone(), json!({"role": "assistant", "content": "", "tool_calls": []})],
            &[user.clone(), result("1")],
            &[user.clone(), calls.clone(), result("1"), user.clone()],
            &[user.clone(), calls.clone(), result("1"), result("1")],
            &[user.clone(), calls.clone(), result("1"), result("2"), result("3")],
            &[
                user.clone(),
                json!({"role": "assistant", "content": null, "tool_calls": [call("1"), call("1")]}),
                result("1"),
            ],
        ] {
            assert!(read_json(&conversation(messages)).is_err(), "{messages:?}");
        }
        for (key, value) in [
            ("max_tokens", json!(400)),
            ("mood", json!("good")),
            ("model", json!("")),
            ("temperature", json!(2.5)),
            ("tools", json!([])),
            ("tools", tool("end call")),
            ("tools", json!([{"type": "tool", "function": {"name": "end_call"}}])),
            ("tools", json!([{"type": "function", "function": {"name": "end_call", "parameters": {}}}])),
        ] {
            let mut request = conversation(std::slice::from_ref(&user));
            request[key] = value.clone();
            assert!(read_json(&request).is_err(), "{key}: {value}");
        }
        for (model, key, value, code) in [
            ("gpt-5.4-mini", "temperature", json!(0.3), Some("unsupported_value")),
            ("gpt-5", "temperature", json!(1), None),
            ("gpt-5", "reasoning_effort", json!("minimal"), None),
            ("gpt-5", "reasoning_effort", json!("most"), Some(INVALID)),
            ("gpt-4.1", "reasoning_effort", json!("low"), Some("unsupported_parameter")),
            ("gpt-4.1", "temperature", json!(0.3), None),
        ] {
            let mut request = conversation(std::slice::from_ref(&user));
            (request["model"], request[key]) = (model.into(), value.clone());
            assert_eq!(read_json(&request).map_err(|wrong| wrong.code).err(), code, "{model} {key} {value}");
        }
        let mut whole = conversation(&[user]);
        whole["tools"] = tool("end_call");
        assert_eq!(read_json(&whole).map(|_| ()), Ok(()));
        whole["stream_options"] = json!({"include_usage": true});
        whole["stream"] = false.into();
        assert_eq!(read_json(&whole).map_err(|wrong| wrong.parameter).err(), Some(Some("stream_options")));
    }
}
