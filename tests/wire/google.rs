//! The client of Google's recogniser against the simulated one: what is said is heard, at its time, and every fault has its name. Its voices
//! are tried with those of others ([`super::streamed_voices`]).

pub mod account;
pub mod server;

use std::io::Write;
use std::net::SocketAddr;

use attendant::costs::Kind;
use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::code::Code;
use attendant::sim::vendors::Troubles;
use attendant::sim::{Delay, Fault, ScriptedConfig, Trouble, google};
use attendant::stt::google::{Google, GoogleConfig};
use attendant::stt::{Answer, Event, Hints, Input};
use attendant_media::frame::Samples;
use futures_util::future::join_all;
use tokio::net::TcpListener;

use super::cartesia::comes_again;
use super::deepgram::{BEGIN, Ears, code, finals, is_flushed, stable};
use super::told_ears::places;

/// A simulated vendor whose ears have this trouble, and answer after 50 ms.
pub async fn vendor(hearing: Trouble) -> SocketAddr {
    serve(Troubles { hearing, ..Troubles::default() }).await
}

/// The same of its voices.
pub async fn speaking(speaking: Trouble) -> SocketAddr {
    serve(Troubles { speaking, ..Troubles::default() }).await
}

async fn serve(troubles: Troubles) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let wait = Delay::Fixed(50);
    let scripted = ScriptedConfig { stt_ms: wait, tts_ms: wait, ..ScriptedConfig::default() };
    tokio::spawn(google::serve(listener, scripted, troubles, std::future::pending()));
    address
}

/// A key file of Google's, for as long as it is kept.
pub fn key() -> tempfile::NamedTempFile {
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    key.write_all(account::key_file().as_bytes()).expect("it is writable");
    key
}

/// `more` are further lines of its configuration.
pub fn ears(address: SocketAddr, more: &str) -> Google {
    rustls::crypto::ring::default_provider().install_default().ok();
    let key = key();
    let text = format!("base_url = \"http://{address}\"\nkey = {{ file = \"{}\" }}\n{more}", key.path().display());
    let config: GoogleConfig = toml::from_str(&text).expect("the configuration is read");
    Google::new(&config, "providers.google").expect("the configuration is sound")
}

fn hints() -> Hints {
    Hints { phrases: vec!["Wong".into()], ..Hints::default() }
}

/// One utterance, up to its last words or its failure.
async fn utterance(trouble: Trouble, language: Language, more: &str) -> Vec<Event> {
    let recogniser = ears(vendor(trouble).await, more);
    let mut ears = Ears::open(&recogniser, language, hints());
    ears.hear(&[0; 4_800]).await;
    ears.say(code()).await;
    ears.flush().await;
    ears.until(is_flushed).await
}

#[tokio::test]
async fn what_is_said_is_heard_whole_at_its_time_in_every_language_and_paid_by_the_second() {
    for language in Language::ALL {
        let recogniser = ears(vendor(Trouble::default()).await, "");
        let mut ears = Ears::open(&recogniser, language, hints());
        assert_eq!(ears.next().await, Event::Ready, "{language}");
        for round in 1..3 {
            ears.hear(&[0; 8_000]).await;
            let spoken = ears.at;
            ears.say(code()).await;
            ears.flush().await;
            let events = ears.until(is_flushed).await;
            assert_eq!(finals(&events), code().sentence(), "{language} {round}: {events:?}");
            assert!(events.iter().any(|event| matches!(event, Event::Partial { .. })), "{language}: {events:?}");
            let kept = stable(&events);
            assert!(kept.iter().all(|words| code().sentence().starts_with(words)), "{language}: {kept:?}");
            assert!(kept.iter().any(|words| !words.is_empty()), "{language}: {events:?}");
            let [(from, to)] = places(&events)[..] else { panic!("{events:?}") };
            assert_eq!(from, spoken, "{language} {round}");
            assert!(to.abs_diff(spoken + 9 * 1_600) <= 3_200, "{language} {round}: {to} of {spoken}");
            // 0.3 s before the voice, 0.9 s of it and 0.2 s after it are two seconds of a request.
            let lines = ears.bill();
            assert_eq!((lines.len(), lines[0].kind, lines[0].provider), (1, Kind::Hearing, "google"));
            assert_eq!((lines[0].model.as_str(), lines[0].usage.audio_ms), ("chirp_3", 2_000 * round));
        }
        // Nothing was said since: nothing is waited for.
        let up_to = Samples(ears.at);
        ears.inputs.send(Input::Flush { up_to }).await.expect("open");
        assert_eq!(ears.until(is_flushed).await, [Event::Flushed { up_to }]);
    }
}

#[tokio::test]
async fn every_fault_has_its_name_or_costs_no_word() {
    let rows = [
        (Fault::Unauthorised, Some(ErrorKind::Unauthorised)),
        (Fault::Limits, Some(ErrorKind::Limited)),
        (Fault::Fails, Some(ErrorKind::Server)),
        (Fault::Deaf, Some(ErrorKind::Timeout)),
        (Fault::Slow, Some(ErrorKind::Timeout)),
        (Fault::Errors, Some(ErrorKind::Server)),
        (Fault::Breaks, Some(ErrorKind::Connection)),
        (Fault::Stalls, Some(ErrorKind::Timeout)),
        (Fault::Disorder, None),
        (Fault::Unanswered, None),
    ];
    let all = rows.map(|(fault, kind)| async move {
        let patience = if kind == Some(ErrorKind::Timeout) { "silence_ms = 700" } else { "silence_ms = 2500" };
        (fault, kind, utterance(Trouble::always(Some(fault)), Language::Cantonese, patience).await)
    });
    for (fault, kind, events) in join_all(all).await {
        let failed = events.iter().find_map(|event| match event {
            Event::Failed(error) => Some(error.clone()),
            _ => None,
        });
        assert_eq!(failed.as_ref().map(|error| error.kind), kind, "{fault:?}: {events:?}");
        if let Some(error) = failed {
            assert_eq!((error.provider, error.retry_after), ("google", comes_again(fault)), "{fault:?}");
        } else {
            assert_eq!(finals(&events), code().sentence(), "{fault:?}: {events:?}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_costs_nothing() {
    let recogniser = ears(vendor(Trouble::always(Some(Fault::Limits))).await, "");
    let mut ears = Ears::open(&recogniser, Language::English, hints());
    ears.say(code()).await;
    ears.flush().await;
    assert!(matches!(ears.until(is_flushed).await.last(), Some(Event::Failed(_))));
    assert_eq!(ears.bill(), []);
}

#[tokio::test]
async fn last_words_that_are_overtaken_stand_where_they_were_said() {
    let recogniser = ears(vendor(Trouble::always(Some(Fault::Disorder))).await, "");
    let mut ears = Ears::open(&recogniser, Language::English, hints());
    let said = [1, 2].map(|turn| Code { turn, ..code() });
    for code in said {
        ears.hear(&[0; 8_000]).await;
        ears.say(code).await;
    }
    ears.flush().await;
    let events = ears.until(is_flushed).await;
    assert_eq!(finals(&events), said.map(Code::sentence).join(" "), "{events:?}");
    let places = places(&events);
    assert!(places.len() == 2 && places[1].1 < places[0].0, "the second is there first: {places:?}");
}

#[tokio::test]
async fn a_voice_longer_than_a_stream_rolls_over_within_it_and_every_word_is_heard_once() {
    let recogniser = ears(vendor(Trouble::default()).await, "");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let from = ears.at;
    ears.inputs.send(Input::SpeechStart { at: Samples(from) }).await.expect("open");
    // 310 sentences of 0.9 s and a breath of 0.1 s: more than five minutes without a pause that would be one.
    let said: Vec<Code> = (0..310).map(|n| Code { call: n, turn: 9, part: 0, parts: 1 }).collect();
    let (mut events, mut final_words) = (Vec::new(), 0);
    for (n, code) in said.iter().enumerate() {
        let mut audio: Vec<i16> = code.sentence().split(' ').flat_map(attendant::sim::code::speak).collect();
        audio.resize(16_000, 0);
        ears.hear(&audio).await;
        // No more than two sentences ahead of what was heard, as in a call.
        while final_words + 2 < n {
            let event = ears.next().await;
            final_words += usize::from(matches!(event, Event::Final { .. }));
            events.push(event);
        }
    }
    ears.inputs.send(Input::SpeechEnd { at: Samples(ears.at) }).await.expect("open");
    ears.inputs.send(Input::Flush { up_to: Samples(ears.at) }).await.expect("open");
    events.extend(ears.until(is_flushed).await);
    let sentences: Vec<String> = said.iter().map(|code| code.sentence()).collect();
    assert!(finals(&events) == sentences.join(" "), "every word, once and in order");
    let places = places(&events);
    assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "finals do not overlap: {places:?}");
    // Of 310 s few were sent twice: those after the last final words of the first stream.
    let sent = ears.bill()[0].usage.audio_ms;
    assert!((310_000..316_000).contains(&sent), "{sent} ms");
}

#[tokio::test]
async fn a_noise_is_listened_to_and_a_deaf_vendor_is_given_up_in_mid_voice() {
    for (fault, deaf, patience) in [(None, false, ""), (Some(Fault::Deaf), true, "silence_ms = 150")] {
        let recogniser = ears(vendor(Trouble::always(fault)).await, patience);
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
        ears.hear(&[0; 16_000]).await;
        assert_eq!(ears.next().await, Event::Ready);
        // In which the simulated vendor finds no word.
        match ears.next().await {
            Event::Listening { up_to } => assert!(!deaf && up_to.0 > BEGIN, "{fault:?}: {up_to:?}"),
            Event::Failed(error) => assert!(deaf && error.kind == ErrorKind::Timeout, "{fault:?}: {error}"),
            other => panic!("{fault:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn hints_and_language_hold_from_the_next_voice_on_and_a_connection_that_says_goodbye_is_made_again() {
    let mut server = server::Server::start().await;
    let recogniser = ears(server.address, "location = \"northamerica-northeast1\"");
    let mut ears = Ears::open(&recogniser, Language::English, hints());
    let one = |language: &str, phrase: &str, first: server::First| {
        assert_eq!(first.path, "/google.cloud.speech.v2.Speech/StreamingRecognize");
        let at = "projects/clinic-1/locations/northamerica-northeast1/recognizers/_";
        assert_eq!(first.routing, format!("recognizer={}", at.replace('/', "%2F")));
        for text in [at, "chirp_3", language, phrase] {
            let found = first.message.windows(text.len()).any(|bytes| bytes == text.as_bytes());
            assert!(found, "{text} is not in the first message");
        }
        first.connection
    };
    ears.say(code()).await;
    ears.flush().await;
    let before = one("en-US", "Wong", server.next().await);
    ears.until(is_flushed).await;
    ears.inputs
        .send(Input::Hints(Hints { phrases: vec!["Kaur".into()], answer: Answer::InPieces }))
        .await
        .expect("open");
    ears.inputs.send(Input::Language(Language::Punjabi)).await.expect("open");
    ears.hear(&[0; 8_000]).await;
    ears.say(code()).await;
    ears.flush().await;
    let after = one("pa-Guru-IN", "Kaur", server.next().await);
    assert_ne!(before, after, "the first connection was closed by the vendor");
    assert_eq!(ears.until(is_flushed).await.last().map(is_flushed), Some(true));
}

#[test]
fn a_key_that_is_none_is_told_without_what_is_in_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    for text in ["secret", "{\"type\": \"authorized_user\"}", "{\"private_key\": \"secret\"}"] {
        std::fs::write(&file, text).expect("it is writable");
        let config: GoogleConfig = toml::from_str(&format!("key = {{ file = \"{}\" }}", file.display())).expect("read");
        let wrong = config.check("providers.google").join("\n");
        assert!(
            wrong.starts_with("providers.google.key: ") && wrong.contains("; ") && !wrong.contains("secret"),
            "{wrong}"
        );
    }
    std::fs::write(&file, account::key_file()).expect("it is writable");
    let of = |more: &str| -> GoogleConfig {
        toml::from_str(&format!("key = {{ file = \"{}\" }}\n{more}", file.display())).expect("read")
    };
    assert_eq!(of("location = \"northamerica-northeast1\"").check("providers.google"), Vec::<String>::new());
    for (text, key) in [
        ("location = \"Montréal\"", "location"),
        ("model = \"\"", "model"),
        ("base_url = \"wss://speech.googleapis.com\"", "base_url"),
        ("country = \"CA\"", "country"),
        ("codes = { pa-IN = \"\" }", "codes.pa-IN"),
        ("silence_ms = 3000", "silence_ms"),
    ] {
        let all = of(text).check("providers.google");
        let fits = |one: &String| one.starts_with(&format!("providers.google.{key}: ")) && one.contains("; ");
        assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
    }
}
