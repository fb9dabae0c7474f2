//! What nova is told in mid-stream: at the global endpoint, for which a server on this machine stands here.

use std::io::Write;

use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message as Frame;

use super::*;
use crate::call::event::Mailbox;
use crate::stt::Answer;
use crate::stt::deepgram::{DeepgramConfig, NAME};

fn hints(phrases: &[&str], answer: Answer) -> Hints {
    Hints { phrases: phrases.iter().map(|phrase| (*phrase).to_owned()).collect(), answer }
}

/// What a session with nova says, in texts, while these hints come.
async fn said(nova: NovaTakes, told: Vec<Hints>) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut key = tempfile::NamedTempFile::new().unwrap();
    writeln!(key, "a-key").unwrap();
    let (address, file) = (listener.local_addr().unwrap(), key.path().display());
    let config: DeepgramConfig =
        toml::from_str(&format!("base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\nmodel = \"nova-3\""))
            .unwrap();
    let shared = Arc::new(config.reach("providers.deepgram", NAME, "").unwrap());
    let (inputs, queue) = mpsc::channel(8);
    let (mailbox, _events) = Mailbox::new();
    let setup = Setup { language: Language::Punjabi, hints: hints(&["Kaur"], Answer::Free) };
    let session = Session::new(shared, setup, queue, Reports { session: 1, mailbox }, nova);
    tokio::spawn(session.serve());
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    for hints in told {
        inputs.send(Input::Hints(hints)).await.unwrap();
    }
    drop(inputs);
    let mut said = Vec::new();
    while let Some(Ok(frame)) = socket.next().await {
        if let Frame::Text(text) = frame {
            said.push(text.to_string());
        }
    }
    said
}

#[tokio::test]
async fn nova_is_told_new_likely_words_where_it_takes_them_and_nothing_where_it_does_not() {
    let close = r#"{"type":"CloseStream"}"#;
    let told = || {
        vec![
            hints(&["Kaur"], Answer::InPieces),
            hints(&["Surrey", "Kaur"], Answer::Free),
            hints(&["Surrey", "Kaur"], Answer::Short),
            hints(&["Kaur"], Answer::Free),
        ]
    };
    let [with, without] =
        [r#"["Surrey","Kaur"]"#, r#"["Kaur"]"#].map(|terms| format!(r#"{{"keyterms":{terms},"type":"Configure"}}"#));
    assert_eq!(said(NovaTakes::AtAnyTime, told()).await, [with, without, close.to_owned()]);
    assert_eq!(said(NovaTakes::WhenConnectedTo, told()).await, [close]);
}
