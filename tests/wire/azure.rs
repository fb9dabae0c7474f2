//! The client of Azure's speech service against the simulated one: every language, text that is no markup, and a name for every fault.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;

use attendant::call::event::{self, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::ErrorKind;
use attendant::sim::{Fault, Trouble};
use attendant::tts::azure::AzureConfig;
use attendant::tts::{Event, Input, Reports, Voice};
use attendant_media::speech::SpeechId;

use super::cartesia::{NAMES, comes_again, vendor};
use crate::desk::in_time;

pub fn azure(address: SocketAddr) -> impl Voice {
    azure_with(address, "")
}

/// `more` are further lines of its configuration.
pub fn azure_with(address: SocketAddr, more: &str) -> impl Voice + use<> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    let file = key.path().display();
    let text =
        format!("region = \"canadacentral\"\nbase_url = \"http://{address}\"\nkey = {{ file = \"{file}\" }}\n{more}");
    let config: AzureConfig = toml::from_str(&text).expect("the configuration is read");
    attendant::tts::azure::voice(&config, "providers.azure_speech").expect("the configuration is sound")
}

/// Everything of an utterance of these clauses.
async fn utterance(trouble: Trouble, language: Language, clauses: &[&str]) -> Vec<Event> {
    let (mailbox, mut events) = Mailbox::new();
    let session = azure(vendor(trouble).await).open(Reports { mailbox });
    let id = SpeechId { generation: 1, utterance: 1, attempt: 0 };
    session.send(Input::Begin { id, language }).await.expect("open");
    for clause in clauses {
        let text = Pii::new((*clause).to_owned());
        session.send(Input::Text { id, text }).await.expect("open");
    }
    session.send(Input::End { id }).await.expect("open");
    let mut all = Vec::new();
    while !matches!(all.last(), Some(Event::Done { .. } | Event::Failed { .. })) {
        match in_time(events.recv()).await.expect("the session keeps it") {
            event::Event::Tts(event) => all.push(event),
            other => panic!("a voice speaks, and nothing else: {other:?}"),
        }
    }
    all
}

#[tokio::test]
async fn every_language_is_spoken_and_text_is_never_markup() {
    for (language, text) in Language::ALL.into_iter().zip([
        "Dr. O'Neil & Sons, <b>two</b> words ",
        "你好，醫生。",
        "早晨，診所。",
        "ਸਤ ਸ੍ਰੀ ਅਕਾਲ।",
        "L'heure est « midi ».",
    ]) {
        let events = utterance(Trouble::default(), language, &[text, "alfa."]).await;
        let Some(Event::Done { samples, .. }) = events.last() else { panic!("{language}: {events:?}") };
        let heard: usize =
            events.iter().map(|event| if let Event::Audio { audio, .. } = event { audio.len() } else { 0 }).sum();
        assert_eq!(*samples, heard as u64, "{language}");
        let exact = events.iter().any(|event| matches!(event, Event::Word { exact: true, .. }));
        assert!(*samples > 1_600 && !exact, "{language}: times of words are estimated");
    }
}

#[tokio::test]
async fn every_fault_has_its_name() {
    for (fault, kind) in NAMES {
        let clause = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
        let events = utterance(Trouble::always(Some(fault)), Language::English, &[clause]).await;
        let Some(Event::Failed { error, .. }) = events.last() else { panic!("{fault:?}: {events:?}") };
        assert_eq!(
            (error.kind, error.retry_after, error.provider),
            (kind, comes_again(fault), "azure"),
            "{fault:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_clause_without_audio_fails_although_others_had_some() {
    let second = Trouble::after(1, Fault::Empty);
    let events = utterance(second, Language::English, &["One two. ", "Three four."]).await;
    let Some(Event::Failed { error, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!(error.kind, ErrorKind::Empty);
}

/// Its answer to this request, of which the headers named here are others.
async fn status(address: SocketAddr, path: &str, changed: &[(&str, &str)], ssml: &str) -> u16 {
    let mut headers = HashMap::from([
        ("Ocp-Apim-Subscription-Key", "a-key"),
        ("Content-Type", "application/ssml+xml"),
        ("X-Microsoft-OutputFormat", "raw-16khz-16bit-mono-pcm"),
        ("User-Agent", "a-clinic"),
    ]);
    headers.extend(changed.iter().copied());
    let mut post = reqwest::Client::new().post(format!("http://{address}{path}")).body(ssml.to_owned());
    for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
        post = post.header(name, value);
    }
    in_time(post.send()).await.expect("it answers").status().as_u16()
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_azure_would() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let address = vendor(Trouble::default()).await;
    let path = "/cognitiveservices/v1";
    let good = "<speak version='1.0' xml:lang='en-CA'><voice name='en-CA-ClaraNeural'>Hello.</voice></speak>";
    assert_eq!(status(address, path, &[], good).await, 200);
    for (header, value, refusal) in [
        ("Ocp-Apim-Subscription-Key", "", 401),
        ("Content-Type", "", 415),
        ("Content-Type", "text/plain", 415),
        ("X-Microsoft-OutputFormat", "", 400),
        ("X-Microsoft-OutputFormat", "raw-unknown", 400),
        ("User-Agent", "", 400),
    ] {
        assert_eq!(status(address, path, &[(header, value)], good).await, refusal, "{header}: {value}");
    }
    for wrong in [
        "Hello.",
        "<speak/>",
        &good.replace(" version='1.0'", ""),
        &good.replace(" xml:lang='en-CA'", ""),
        &good.replace("='en-CA'", "='xx-XX'"),
        &good.replace("Clara", "Clara<").replace("Neural", ""),
        &good.replace("en-CA-Clara", "fr-CA-Sylvie"),
        &good.replace("Hello.", "a & b"),
        &good.replace("Hello.", "<break/>"),
    ] {
        assert_eq!(status(address, path, &[], wrong).await, 400, "{wrong}");
    }
    assert_eq!(status(address, "/cognitiveservices/v2", &[], good).await, 404);
}
