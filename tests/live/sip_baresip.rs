//! A whole call by somebody else's softphone: rung, greeted, asked, held, keyed and ended by baresip, over UDP and TCP.

use std::time::Duration;

use attendant::call::timeline::{EndReason, Entry};
use attendant::config::Config;
use attendant::load::clips;
use attendant::records::Library;
use attendant::server::{Kind, Server};
use attendant::sim::{Delay, code};
use attendant::transport::sip::Wire;
use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::vad::level_db;

use super::sip_baresip_phone::{Baresip, until};

/// Silence before the question: longer than the greeting.
const BEFORE: usize = 6 * 16_000;

/// And after it: longer than the whole call.
const AFTER: usize = 40 * 16_000;

/// Packets by which its decoder is behind its jitter buffer (5 to 10 of them), and some: what comes so much later has been decoded.
const BUFFERED: u32 = 20;

/// The caller's number, from which the scripted voice makes its marker.
const CALLER: &str = "0042";

fn question() -> Vec<i16> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/trial/question.wav");
    let clip = clips(&[file]).expect("the question is in the repository").remove(0);
    let mut speech = vec![0; BEFORE];
    speech.extend_from_slice(&clip.audio);
    speech.resize(speech.len() + AFTER, 0);
    speech
}

async fn server(folder: &std::path::Path) -> Server {
    let mut config = Config::default();
    let free = "127.0.0.1:0".parse().expect("it is an address");
    config.sip.udp = vec![free];
    config.sip.tcp = vec![free];
    config.api.listen = Vec::new();
    config.providers.kind = Kind::Scripted;
    config.scripted.tts_ms = Delay::Fixed(0);
    config.scripted.parts = 1;
    config.records.path = Some(folder.to_path_buf());
    // The journal is read while the call goes on, and after.
    config.store.enabled = false;
    Server::start(config).await.expect("it starts")
}

/// Waits until the call's record has an entry of this kind.
async fn recorded(library: &Library, wanted: fn(&Entry) -> bool) {
    until(async || {
        let calls = library.newest(1).unwrap_or_default();
        calls.iter().any(|call| call.entries.iter().any(wanted)).then_some(())
    })
    .await;
}

async fn whole_call(wire: Wire, transport: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = server(folder.path()).await;
    let address = server.listening().iter().find(|at| at.transport == wire).expect("both are configured").address;
    let library = Library::new(folder.path().to_path_buf());
    let mut phone = Baresip::start(CALLER, transport, &question()).await;

    phone.command("dial", &format!("sip:clinic@{address};transport={transport}")).await;
    phone.event("CALL_ESTABLISHED").await;
    recorded(&library, |entry| matches!(entry, Entry::Turn(turn) if turn.turn > 0 && turn.first_packet_us.is_some()))
        .await;

    // Its recording breaks off at the hold, and what its jitter buffer holds then is lost.
    let at_end = phone.heard_packets().await;
    phone.hears_more_than(at_end + BUFFERED).await;

    phone.command("sndcode", "5").await;
    recorded(&library, |entry| matches!(entry, Entry::Key { .. })).await;

    phone.command("hold", "").await;
    recorded(&library, |entry| matches!(entry, Entry::Hold { .. })).await;
    let at_hold = phone.heard_packets().await;
    phone.command("resume", "").await;
    recorded(&library, |entry| matches!(entry, Entry::Unhold { .. })).await;
    phone.hears_more_than(at_hold).await;

    phone.command("hangup", "").await;
    recorded(&library, |entry| matches!(entry, Entry::Ended { reason: EndReason::Caller, .. })).await;
    let heard = phone.quit().await;
    assert!(server.drain(Duration::from_secs(10)).await, "no call is left");

    let frames = heard.as_chunks::<SLOT_SAMPLES>().0;
    let greeting = frames.iter().take(BEFORE / SLOT_SAMPLES).filter(|frame| level_db(*frame) > -40.0).count();
    assert!(greeting > 20, "the greeting sounds: {greeting} frames of it");
    let mut listener = code::Listener::new();
    let answers: Vec<_> = frames.iter().filter_map(|frame| listener.hear(frame)).collect();
    let expected = code::Code { call: code::call_of(CALLER), turn: 1, part: 0, parts: 1 };
    let record = library.newest(1).unwrap_or_default();
    assert_eq!(answers, [code::Heard::Part(expected)], "the answer is heard whole, and is this call's: {record:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_is_greeted_answered_held_and_keyed_over_udp() {
    whole_call(Wire::Udp, "udp").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_is_greeted_answered_held_and_keyed_over_tcp() {
    whole_call(Wire::Tcp, "tcp").await;
}
