//! Models that send more than an answer can have: each bound is an error with a name, after what came before, and the next model answers.

use attendant::agent;
use attendant::agent::llm::Delta;
use attendant::call::event::{Event, Mailbox};
use attendant::provider::{ErrorKind, ProviderError};
use axum::body::Bytes;

use super::model_cancel::{agent_of, ask};
use super::models::{APIS, Api, events};
use crate::desk::in_time;

const KIB: usize = 1_024;

/// A piece of a tool's call.
fn calls(api: Api, index: usize, arguments: &str) -> Bytes {
    Bytes::from(match api {
        Api::OpenAi => {
            let call = format!(
                "{{\"index\":{index},\"function\":{{\"name\":\"clinic_info\",\"arguments\":\"{arguments}\"}}}}"
            );
            format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n")
        }
        Api::Anthropic => format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
             \"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{arguments}\"}}}}\n\n"
        ),
    })
}

/// Each thing of which there may be too much: what is sent, and what it is called.
fn too_much(api: Api) -> Vec<(Vec<Bytes>, &'static str)> {
    let kib = "x".repeat(KIB);
    vec![
        (vec![api.says(&"x".repeat(64 * KIB + 1))], "an answer of over 64 KiB of words"),
        (vec![api.says(&kib); 65], "an answer of over 64 KiB of words"),
        (vec![calls(api, 0, &"x".repeat(64 * KIB))], "tools called with over 64 KiB"),
        (vec![calls(api, 0, &kib); 65], "tools called with over 64 KiB"),
        (vec![calls(api, 0, ""); 64 * KIB + 1], "tools called with over 64 KiB"),
        (vec![calls(api, 128, "{}")], "more tool calls than an answer can have"),
        (vec![Bytes::from("data: "), Bytes::from(vec![b'x'; KIB * KIB])], "an event of over 1 MiB"),
    ]
}

/// Everything before the error, and the error, which is the last.
fn split(answer: Vec<Result<Delta, ProviderError>>) -> (Vec<Delta>, ProviderError) {
    let mut before = Vec::new();
    for delta in answer {
        match delta {
            Ok(delta) => before.push(delta),
            Err(error) => return (before, error),
        }
    }
    panic!("it fails");
}

#[tokio::test]
async fn more_than_an_answer_can_have_is_a_failure_after_all_that_came_before() {
    for api in APIS {
        for (mut sent, named) in too_much(api) {
            let whole = sent.len() - 1;
            sent.extend([api.says("Jane Roe"), api.ends()]);
            let (before, error) = split(api.read_in(sent).await);
            assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Server, named), "{api:?}");
            let bytes: usize = before
                .iter()
                .map(|delta| match delta {
                    Delta::Text(text) => text.reveal().len(),
                    Delta::ToolCall(piece) => piece.arguments.reveal().len(),
                    Delta::Usage(_) | Delta::Finish(_) => panic!("{api:?}, {named}: it has not ended"),
                })
                .sum();
            // Nothing is lost below the bound, and nothing follows it.
            let least = if named == "an answer of over 64 KiB of words" { whole * KIB } else { 0 };
            assert!((least..=64 * KIB).contains(&bytes), "{api:?}, {named}: {bytes}");
        }
    }
}

#[tokio::test]
async fn a_model_that_sends_more_than_an_answer_can_have_is_followed_by_the_next_one() {
    for api in APIS {
        for (sent, named) in too_much(api) {
            let mad = api.server(move || events(sent.iter().cloned().map(Ok))).await;
            let well = api.server(move || events([Ok(api.says("We are open.")), Ok(api.ends())].into_iter())).await;
            let models = vec![api.model(mad, "first", 3_000, 0), api.model(well, "second", 3_000, 0)];
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut agent = agent_of(models, folder.path());
            let (mailbox, mut mail) = Mailbox::new();
            ask(agent.as_mut(), mailbox);
            let (mut why, mut last) = (None, String::new());
            while let Some(Event::Agent { event, .. }) = in_time(mail.recv()).await {
                match event {
                    agent::Event::NextModel { why: told } => why = Some(told),
                    agent::Event::Text(words) => last = words.into_inner(),
                    agent::Event::Done => break,
                    event => assert!(!matches!(event, agent::Event::Failed(_)), "{api:?}, {named}: {event:?}"),
                }
            }
            assert!(why.is_some_and(|why| why.contains(named)), "{api:?}, {named}");
            assert_eq!(last.trim(), "We are open.", "{api:?}, {named}");
        }
    }
}
