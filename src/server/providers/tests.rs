//! What an arm of an experiment changes, as the vendor sees it.

mod clinics;
mod warm;

use std::sync::Arc;
use std::time::Duration;

use attendant_media::speech::SpeechId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::call::CallId;
use crate::call::canned::{Canned, Line, Phrase};
use crate::call::event::{self, Mailbox};
use crate::call::providers::Plans;
use crate::costs::Meter;
use crate::costs::budget::Level;
use crate::privacy::Pii;
use crate::provider::chain::Order;
use crate::server::plans::Served;
use crate::tts::{Event, Input, Reports};

/// Says a word for every text, and tells whose voice was wanted and what for.
async fn vendor(socket: TcpStream, asked: mpsc::Sender<(String, String)>) {
    let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let request: Value = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, transcript) = (&request["context_id"], text(&request["transcript"]));
        if !transcript.trim().is_empty() {
            asked.send((text(&request["voice"]["id"]), transcript)).await.unwrap();
            let data = STANDARD.encode([1_u8; 6_400]);
            let chunk = json!({"type": "chunk", "context_id": id, "data": data, "done": false, "status_code": 206});
            socket.send(Message::text(chunk.to_string())).await.unwrap();
        }
        if request["continue"] == false {
            let done = json!({"type": "done", "context_id": id, "done": true, "status_code": 200});
            socket.send(Message::text(done.to_string())).await.unwrap();
        }
    }
}

/// Cartesia alone speaks, at this address.
fn staff(config: &Config, folder: &Path) -> Staff {
    let (_, cartesia) = Hosted::of(&config.providers).unwrap().voices.remove(0);
    let thinkers = Thinkers::new(vec![Arc::new(RuleBrain::new())], Order::new());
    let clinics = vec![Clinic::sample()];
    let (messages, ledger) = (Messages::new(folder.to_path_buf()), Ledger::open(folder.to_path_buf()).unwrap());
    let desk = Desk::new(thinkers, Graph::built_in(), clinics, Books::new(), messages, ledger, clock::now).unwrap();
    let members = Members {
        ears: Ears::new(Vec::new()),
        ear_names: Vec::new(),
        hearing: Order::new(),
        mouths: Mouths::new(vec![cartesia]),
        mouth_names: vec!["cartesia"],
        speaking: Order::new(),
    };
    Staff { team: Team::Real(Box::new(Real { members, desk })), lexicon: Lexicon::default(), speech: None }
}

/// Says this with the first voice of a call, to the end.
async fn say(voice: &dyn Voice, text: &str) {
    let (mailbox, mut events) = Mailbox::new();
    let session = voice.open(Reports { mailbox });
    let (id, language) = (SpeechId { generation: 1, utterance: 1, attempt: 0 }, Language::English);
    session.send(Input::Begin { id, language }).await.unwrap();
    session.send(Input::Text { id, text: Pii::new(text.to_owned()) }).await.unwrap();
    session.send(Input::End { id }).await.unwrap();
    let spoken = async {
        while !matches!(events.recv().await.unwrap(), event::Event::Tts(Event::Done { .. } | Event::Failed { .. })) {}
    };
    timeout(Duration::from_secs(20), spoken).await.expect("in time");
}

#[tokio::test]
async fn a_call_in_an_arm_with_a_voice_of_its_own_is_that_voice_at_the_vendor_from_the_greeting_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, mut wanted) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(vendor(socket, asked.clone()));
        }
    });
    let providers = format!(
        "[cartesia]\nbase_url = \"ws://{address}\"\nkey = {{ env = \"PATH\" }}\nvoices = {{ en-CA = \"v-usual\" }}\n"
    );
    let experiments = "[voice.arms.usual]\nshare = 50\n\
         [voice.arms.other]\nshare = 50\nvoices = { cartesia = { en-CA = \"v-other\" } }\n";
    let config = Config {
        providers: toml::from_str(&providers).unwrap(),
        experiments: toml::from_str(experiments).unwrap(),
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut unspoken = Canned::default();
    unspoken.insert(Language::English, Phrase::Greeting, Line { text: "Good morning.".into(), audio: None });
    let meter = Meter::default();
    let staff = staff(&config, folder.path());
    let served = Served::open(&config, staff, &unspoken, unspoken.clone(), None, &meter).await.unwrap();
    let (voice, greeting) = wanted.try_recv().expect("the arm's greeting was made ready");
    assert_eq!((voice.as_str(), greeting.trim()), ("v-other", "Good morning."));

    for arm in ["usual", "other"] {
        let in_arm = || Some(served.plan(CallId::new(), Level::Within)?).filter(|plan| plan.arms["voice"] == arm);
        let plan = (0..1_000).find_map(|_| in_arm()).expect("half of the calls are in it");
        say(plan.providers.voices[0].as_ref(), "We are open.").await;
        let (voice, text) = wanted.recv().await.unwrap();
        assert_eq!((voice, text.trim()), (format!("v-{arm}"), "We are open."), "{arm}");
    }
}
