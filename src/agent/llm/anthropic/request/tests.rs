use std::sync::Arc;

use super::*;
use crate::agent::llm::ToolSpec;
use crate::agent::llm::anthropic::{AnthropicConfig, VERSION};
use crate::clinic::operator::Operator;
use crate::language::Language;
use crate::provider::golden::Golden;

fn own(more: &str) -> AnthropicOwn {
    let config: AnthropicConfig = toml::from_str(&format!("key = {{ env = \"K\" }}\nmodel = \"m\"\n{more}")).unwrap();
    config.own
}

fn said(text: &str) -> crate::privacy::Pii<String> {
    text.to_owned().into()
}

fn asks(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: said(arguments) }
}

fn request(messages: Vec<Message>) -> Request {
    let parameters = json!({"type": "object", "properties": {}});
    Request {
        messages,
        tools: Arc::new([ToolSpec { name: "end_call", description: "Ends the call.", parameters }]),
        language: Language::default(),
        today: None,
        operator: Operator::There,
        temperature: Some(0.5),
        max_tokens: Some(400),
    }
}

#[test]
fn what_we_say_is_what_its_own_package_says() {
    let request = request(vec![
        Message::System(said("You are.\nIt is noon.\n")),
        Message::User(said("Hello")),
        Message::Assistant { text: said("Let me see."), calls: vec![asks("c", "end_call", "{\"why\":\"done\"}")] },
        Message::Tool { id: "c".into(), content: said("done") },
        Message::User(said("Bye")),
    ]);
    let ours = body(&own("inference_geo = \"us\""), &request);
    let golden = Golden::of("anthropic");
    assert_eq!([ours], golden.bodies()[..]);
    assert_eq!(golden.header("anthropic-version"), VERSION);
}

fn turns(messages: Vec<Message>) -> Vec<(String, Vec<String>)> {
    let body = body(&own(""), &request(messages));
    let block = |block: &Value| match block["type"].as_str() {
        Some("text") => block["text"].as_str().unwrap().to_owned(),
        Some("tool_use") => format!("{} {} {}", block["id"], block["name"], block["input"]),
        Some("tool_result") => format!("{} {}", block["tool_use_id"], block["content"]),
        other => panic!("{other:?}"),
    };
    let turn = |turn: &Value| {
        let blocks = turn["content"].as_array().unwrap();
        (turn["role"].as_str().unwrap().to_owned(), blocks.iter().map(block).collect())
    };
    body["messages"].as_array().unwrap().iter().map(turn).collect()
}

#[test]
fn turns_alternate_begin_and_end_with_the_caller_and_no_id_comes_twice() {
    let round = |arguments: &str| {
        [
            Message::Assistant {
                text: said(""),
                calls: vec![asks("call_0", "a", arguments), asks("f.b:1", "b", "{}")],
            },
            Message::Tool { id: "call_0".into(), content: said("one") },
            Message::Tool { id: "f.b:1".into(), content: said("two") },
        ]
    };
    let mut messages = vec![
        Message::System(said("be kind")),
        Message::Assistant { text: said("Hello."), calls: vec![] },
        Message::System(said("The caller pressed 1.")),
        Message::User(said("hours?")),
    ];
    messages.extend(round("{\"x\":1}"));
    messages.extend(round("no JSON"));
    messages.push(Message::Assistant { text: said("Nine to"), calls: vec![] });
    let user = |blocks: &[&str]| ("user".to_owned(), blocks.iter().map(|b| (*b).to_owned()).collect::<Vec<_>>());
    let model = |blocks: &[&str]| ("assistant".to_owned(), blocks.iter().map(|b| (*b).to_owned()).collect::<Vec<_>>());
    let wanted = [
        user(&["[The call begins.]"]),
        model(&["Hello."]),
        user(&["[A note of the system, which the caller did not say: The caller pressed 1.]", "hours?"]),
        model(&["\"toolu_1\" \"a\" {\"x\":1}", "\"toolu_2\" \"b\" {}"]),
        user(&["\"toolu_1\" \"one\"", "\"toolu_2\" \"two\""]),
        model(&["\"toolu_3\" \"a\" {}", "\"toolu_4\" \"b\" {}"]),
        user(&["\"toolu_3\" \"one\"", "\"toolu_4\" \"two\""]),
        model(&["Nine to"]),
        user(&["[Nothing was said.]"]),
    ];
    assert_eq!(turns(messages), wanted);
    assert_eq!(turns(vec![Message::System(said("be kind"))]), [user(&["[The call begins.]"])]);
}

#[test]
fn a_prompt_of_one_line_is_kept_whole_and_the_temperature_is_the_models_own() {
    let one = body(&own(""), &request(vec![Message::System(said("be kind"))]));
    assert_eq!(one["system"], json!([{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral"}}]));
    assert_eq!(one.get("temperature"), None, "the interface has none any more");
    assert_eq!(body(&own(""), &request(vec![]))["thinking"]["type"], "disabled");
}

#[test]
fn where_no_tool_may_be_called_those_of_before_are_named() {
    let asked = Message::Assistant { text: said(""), calls: vec![asks("c", "clinic_info", "{}")] };
    let mut request = request(vec![asked, Message::Tool { id: "c".into(), content: said("9-5") }]);
    request.tools = Arc::default();
    let bare = body(&own(""), &request);
    assert_eq!(bare["tools"], json!([{"name": "clinic_info", "input_schema": {"type": "object"}}]));
    assert_eq!(bare["tool_choice"], json!({"type": "none"}));
    request.messages.clear();
    request.max_tokens = None;
    let none = body(&own(""), &request);
    assert_eq!((none.get("tools"), none.get("tool_choice"), &none["max_tokens"]), (None, None, &json!(1_024)));
}
