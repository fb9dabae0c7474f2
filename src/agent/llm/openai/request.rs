//! A request in the words of the chat-completions API.

use serde_json::{Value, json};

use super::left_out::Optional;
use super::turns::in_turns;
use super::{Completions, Temperature};
use crate::agent::llm::{Message, Request};

/// The JSON body.
pub(super) fn body(asked: &Completions, request: &Request) -> Value {
    let left_out = asked.left_out.now();
    let takes = |parameter: Optional| !left_out.contains(&parameter);
    let in_turns = (!takes(Optional::Order)).then(|| in_turns(&request.messages));
    let messages = in_turns.as_ref().unwrap_or(&request.messages);
    let mut body = json!({
        "model": asked.model,
        "messages": messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
    });
    let mut add = |parameter: Optional, value: Option<Value>| {
        if let Some(value) = value.filter(|_| takes(parameter)) {
            body[parameter.name()] = value;
        }
    };
    add(Optional::StreamOptions, Some(json!({"include_usage": true})));
    add(Optional::Temperature, Temperature::instead_of(asked.temperature, request.temperature).map(Value::from));
    add(Optional::Effort, asked.reasoning_effort.as_deref().map(Value::from));
    // The older name is refused by newer models; servers that know neither pass it over.
    let limit = if takes(Optional::MaxCompletionTokens) { Optional::MaxCompletionTokens } else { Optional::MaxTokens };
    add(limit, request.max_tokens.map(Value::from));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters}})
        });
        body["tools"] = tools.collect();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System(text) => json!({"role": "system", "content": text.reveal()}),
        Message::User(text) => json!({"role": "user", "content": text.reveal()}),
        Message::Assistant { text, calls } if calls.is_empty() => {
            json!({"role": "assistant", "content": text.reveal()})
        }
        Message::Assistant { text, calls } => {
            let calls: Vec<Value> = calls
                .iter()
                .map(|call| {
                    json!({"id": call.id, "type": "function", "function": {
                        "name": call.name, "arguments": call.arguments.reveal()}})
                })
                .collect();
            // Empty text beside calls is refused by some; null by none.
            let text = text.reveal();
            let content = if text.is_empty() { Value::Null } else { json!(text) };
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
        Message::Tool { id, content } => json!({"role": "tool", "tool_call_id": id, "content": content.reveal()}),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::agent::llm::hosted::Interface;
    use crate::agent::llm::{ToolCall, ToolSpec};
    use crate::clinic::operator::Operator;
    use crate::language::Language;
    use crate::provider::golden::Golden;

    /// What a section says besides its model, whose name is `m`.
    fn asked(more: &str) -> Completions {
        let text = format!("base_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n{more}");
        Completions::new(&toml::from_str(&text).unwrap(), "providers.openai").unwrap()
    }

    fn hello() -> Request {
        Request {
            messages: vec![Message::User("hello".to_owned().into())],
            tools: Arc::default(),
            language: Language::default(),
            today: None,
            operator: Operator::There,
            temperature: Some(0.3),
            max_tokens: Some(400),
        }
    }

    #[test]
    fn a_section_says_which_temperature_and_how_much_thought_it_is_asked_with() {
        let said = |more: &str| {
            let body = body(&asked(more), &hello());
            (body.get("temperature").cloned(), body.get("reasoning_effort").cloned())
        };
        assert_eq!(said(""), (Some(json!(0.3_f32)), None));
        assert_eq!(said("temperature = false\nreasoning_effort = \"minimal\""), (None, Some(json!("minimal"))));
        assert_eq!(said("temperature = 1"), (Some(json!(1.0)), None));
    }

    #[test]
    fn azure_is_given_the_key_in_its_own_header_and_its_version_stays_in_the_address() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let sent = |base_url: &str| {
            let text = format!("base_url = \"{base_url}\"\nmodel = \"m\"\nkey = {{ env = \"PATH\" }}");
            let asked = Completions::new(&toml::from_str(&text).unwrap(), "providers.openai").unwrap();
            let request = asked.write(&reqwest::Client::new(), &hello()).build().unwrap();
            let has = |name: &str| request.headers().contains_key(name);
            (request.url().to_string(), has("api-key"), has("authorization"))
        };
        for (base_url, address, is_azures) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions", false),
            ("https://r.openai.azure.com/openai/v1", "https://r.openai.azure.com/openai/v1/chat/completions", true),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
                true,
            ),
            ("https://openai.azure.com.example/v1", "https://openai.azure.com.example/v1/chat/completions", false),
        ] {
            assert_eq!(sent(base_url), (address.to_owned(), is_azures, !is_azures));
        }
    }

    #[test]
    fn what_was_refused_is_not_sent_again_and_the_older_name_of_the_limit_stands_for_the_newer() {
        let asked = asked("reasoning_effort = \"low\"");
        let keys = || {
            let body = body(&asked, &hello());
            body.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(keys(), "max_completion_tokens messages model reasoning_effort stream stream_options temperature");
        for (refused, left) in [
            ("temperature", "max_completion_tokens messages model reasoning_effort stream stream_options"),
            ("max_completion_tokens", "max_tokens messages model reasoning_effort stream stream_options"),
            ("reasoning_effort", "max_tokens messages model stream stream_options"),
            ("stream_options", "max_tokens messages model stream"),
        ] {
            assert!(asked.left_out.add(refused).is_some());
            assert_eq!(keys(), left);
        }
        assert_eq!(
            ["messages", "model", "tools", "mood", "max_tokens"].map(|needed| asked.left_out.add(needed)),
            [None; 5]
        );
    }

    #[test]
    fn a_whole_conversation_is_written_as_the_api_wants_it() {
        let call = ToolCall { id: "c1".into(), name: "clinic_info".into(), arguments: "{}".to_owned().into() };
        let tool = ToolSpec { name: "clinic_info", description: "Facts", parameters: json!({"type": "object"}) };
        let request = Request {
            messages: vec![
                Message::System("be kind".to_owned().into()),
                Message::User("hours?".to_owned().into()),
                Message::Assistant { text: String::new().into(), calls: vec![call] },
                Message::Tool { id: "c1".into(), content: "9-5".to_owned().into() },
                Message::Assistant { text: "Nine to five.".to_owned().into(), calls: vec![] },
            ],
            tools: Arc::new([tool]),
            language: Language::default(),
            today: None,
            operator: Operator::There,
            temperature: Some(0.5),
            max_tokens: Some(400),
        };
        let function = json!({"name": "clinic_info", "arguments": "{}"});
        assert_eq!(
            body(&asked(""), &request),
            json!({
                "model": "m", "stream": true, "stream_options": {"include_usage": true},
                "temperature": 0.5, "max_completion_tokens": 400,
                "tools": [{"type": "function", "function": {"name": "clinic_info", "description": "Facts", "parameters": {"type": "object"}}}],
                "messages": [
                    {"role": "system", "content": "be kind"},
                    {"role": "user", "content": "hours?"},
                    {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
                    {"role": "tool", "tool_call_id": "c1", "content": "9-5"},
                    {"role": "assistant", "content": "Nine to five."},
                ],
            })
        );
    }

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let call = ToolCall { id: "1".into(), name: "end_call".into(), arguments: "{}".to_owned().into() };
        let parameters = json!({"type": "object", "properties": {}});
        let request = Request {
            messages: vec![
                Message::System("You are.".to_owned().into()),
                Message::User("Hello".to_owned().into()),
                Message::Assistant { text: String::new().into(), calls: vec![call] },
                Message::Tool { id: "1".into(), content: "done".to_owned().into() },
            ],
            tools: Arc::new([ToolSpec { name: "end_call", description: "Ends the call.", parameters }]),
            language: Language::default(),
            today: None,
            operator: Operator::There,
            temperature: Some(0.5),
            max_tokens: Some(100),
        };
        assert_eq!([body(&asked(""), &request)], Golden::of("openai").bodies()[..]);
    }
}
