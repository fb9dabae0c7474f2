//! A whole server and a softphone in one process: a call from INVITE to BYE over loopback, and what is left of it.

use std::time::Duration;

use attendant::call::CallId;
use attendant::call::desk::NotReady;
use attendant::call::timeline::{EndReason, Entry};
use attendant::config::Config;
use attendant::load::clips;
use attendant::records::{Library, Recording};
use attendant::server::{Kind, Server};
use attendant::sim::Delay;
use attendant::softphone::dial::{Dialling, Telephone};
use attendant::softphone::report::Report;
use attendant::softphone::{Ended, Script, Utterance, line};
use attendant::store::embedded;
use attendant::transport::sip::CodecName;
use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::time::Time;
use tokio::time::Instant;

use crate::recorded;

const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn config(folder: &std::path::Path) -> Config {
    let mut config = Config::default();
    let free = "127.0.0.1:0".parse().expect("it is an address");
    config.sip.udp = vec![free];
    config.sip.tcp = vec![free];
    config.api.listen = Vec::new();
    config.providers.kind = Kind::Scripted;
    config.scripted.tts_ms = Delay::Fixed(0);
    config.scripted.parts = 1;
    config.records.path = Some(folder.to_path_buf());
    config.records.recording = Recording::Announced;
    config
}

pub(super) fn question() -> Utterance {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/trial/question.wav");
    clips(&[file]).expect("the question is in the repository").remove(0)
}

fn dialling(server: &Server) -> Dialling {
    Dialling {
        target: format!("sip:clinic@{}", server.listening()[0].address),
        from: "0042".into(),
        codecs: vec![CodecName::Pcmu],
        credentials: None,
        patience: Duration::from_secs(10),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_greeted_answered_recorded_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.api.listen = vec!["127.0.0.1:0".parse().unwrap()];
    let server = Server::start(config.clone()).await.unwrap();
    let dialling = dialling(&server);
    let telephone = Telephone::for_target(&dialling).await.unwrap();
    let answered = telephone.dial(&dialling).await.unwrap();
    let mut script = Script::new([question()], None, Duration::from_secs(15), Time::ZERO);
    let outcome = line::run(answered.line, &mut script, None, Instant::now(), LIMIT).await.unwrap();
    assert_eq!(outcome.ended, Ended::HungUp);
    assert!(Report::of(&outcome, script.steps()).complete());
    let metrics = reqwest::get(format!("http://{}/metrics", server.http()[0])).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("\ncalls_active{clinic=\"harbour-street\"} "), "{metrics}");
    for measured in ["attendant_response_seconds", "attendant_response_own_seconds"] {
        let counted = format!("\n{measured}_count{{language=\"en-CA\",filler=\"no\"}} 1\n");
        assert!(metrics.contains(&counted), "{counted} {metrics}");
    }
    assert!(!metrics.contains(&dialling.from) && !metrics.contains("127.0.0.1"), "nobody is named: {metrics}");

    assert!(server.drain(Duration::from_secs(10)).await);
    assert!(embedded(folder.path()).exists());
    let journals = Library::new(folder.path().to_path_buf()).journals().unwrap();
    assert_eq!(journals, Vec::<std::path::PathBuf>::new(), "the journal was moved to the store");
    let calls = recorded::past(&config).await;
    let [call] = &calls[..] else { panic!("one call was made") };
    let has = |wanted: fn(&Entry) -> bool| call.entries.iter().any(wanted);
    assert!(has(|entry| matches!(entry, Entry::Answered { .. })));
    assert!(has(|entry| matches!(entry, Entry::Turn(turn) if turn.turn > 0 && turn.first_packet_us.is_some())));
    assert!(has(|entry| matches!(entry, Entry::Ended { reason: EndReason::Caller, .. })));
    let recording = hound::WavReader::open(call.recording.as_ref().unwrap()).unwrap();
    assert_eq!(recording.spec().channels, 2);
    let Some(Entry::Ended { at_us, .. }) = call.entries.last() else { panic!("the journal ends with the call") };
    let (recorded, slots) = (u64::from(recording.duration()) / SLOT_SAMPLES as u64, at_us / 20_000);
    // The last slots may be on neither side of the end: what came of one side waits 8 slots for the other's.
    assert!((slots.saturating_sub(8)..=slots + 1).contains(&recorded), "{recorded} slots of {slots}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_server_takes_no_new_call() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let dialling = dialling(&server);
    let telephone = Telephone::for_target(&dialling).await.unwrap();
    let going_on = telephone.dial(&dialling).await.unwrap();
    let desk = server.desks().into_iter().next().expect("its clinic's");
    let draining = tokio::spawn(server.drain(Duration::from_secs(30)));
    while desk.ready() != Err(NotReady::Draining) {
        tokio::task::yield_now().await;
    }
    let refused = telephone.dial(&dialling).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    drop(going_on);
    assert!(draining.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_a_folder_does_not_start_and_touches_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(config(folder.path())).await.unwrap();
    // As of a caller of the first who has not heard yet that they are recorded.
    let part = folder.path().join("2026-11-21").join(format!("{}.rec.part", CallId::new()));
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, "").unwrap();
    let refused = Server::start(config(folder.path())).await.unwrap_err().to_string();
    assert!(refused.contains("another server uses it") && refused.contains("records.path"), "{refused}");
    assert!(part.exists());
    assert!(first.drain(Duration::from_secs(10)).await);
    let next = Server::start(config(folder.path())).await.unwrap();
    assert!(!part.exists(), "what a server that is gone has left is deleted");
    assert!(next.drain(Duration::from_secs(10)).await);
}
