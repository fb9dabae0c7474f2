//! A request in the words of the chat-completions API.

use serde_json::{Value, json};

use crate::agent::llm::{Message, Request};

/// The JSON body.
pub(super) fn body(model: &str, request: &Request) -> Value {
    let mut body = json!({
        "model": model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters}})
        });
        body["tools"] = tools.collect();
    }
    if let Some(temperature) = request.temperature {
        body["temperature"] = temperature.into();
    }
    if let Some(tokens) = request.max_tokens {
        // The older name, max_tokens, is refused by newer models; servers that know neither pass it over.
        body["max_completion_tokens"] = tokens.into();
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
    use crate::agent::llm::{ToolCall, ToolSpec};
    use crate::language::Language;
    use crate::provider::golden::Golden;

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
            temperature: Some(0.5),
            max_tokens: Some(400),
        };
        let function = json!({"name": "clinic_info", "arguments": "{}"});
        assert_eq!(
            body("m", &request),
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
            temperature: Some(0.5),
            max_tokens: Some(100),
        };
        assert_eq!([body("m", &request)], Golden::of("openai").bodies()[..]);
    }
}
