//! sipp, an independent SIP implementation, against our server: one scenario file for each promise.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use attendant::call::event::{Command, Gone, Signal};
use attendant::call::registry::Refusal;
use attendant_media::leg::Codec;
use tokio::process::Command as Process;

use super::sip_peer::Peer;

enum Over {
    Udp,
    Tcp,
}

/// Runs one scenario file and expects it to succeed, within `seconds`.
async fn sipp_for(scenario: &str, peer: &Peer, over: Over, seconds: u32, calls: u32) {
    sipp_with(scenario, peer, over, seconds, calls, &[]).await;
}

/// The same without sipp's own retransmissions and its absorbing of ours: the scenario writes and sees every one.
async fn sipp_exactly(scenario: &str, peer: &Peer) {
    sipp_with(scenario, peer, Over::Udp, 15, 1, &["-nr"]).await;
}

async fn sipp_with(scenario: &str, peer: &Peer, over: Over, seconds: u32, calls: u32, more: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/live/sipp/{scenario}.xml"));
    let (transport, to): (_, SocketAddr) = match over {
        Over::Udp => ("u1", peer.udp),
        Over::Tcp => ("t1", peer.tcp),
    };
    let output = Process::new("sipp")
        .current_dir(&folder)
        .arg("-sf")
        .arg(&file)
        .args(["-m", &calls.to_string(), "-r", "20", "-l", "50", "-nostdin", "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-t", transport, "-s", "clinic", "-timeout", &seconds.to_string(), "-timeout_error", "-trace_err"])
        .args(more)
        .arg(to.to_string())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(u64::from(seconds) + 5), output)
        .await
        .expect("sipp ends by its own time-out")
        .expect("sipp is installed (Debian package sip-tester)");
    let mut errors = String::from_utf8_lossy(&output.stderr).into_owned();
    for entry in std::fs::read_dir(&folder).expect("the folder is there").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            errors.push_str(&std::fs::read_to_string(entry.path()).unwrap_or_default());
        }
    }
    assert!(output.status.success(), "{scenario}: {}\n{errors}", output.status);
}

async fn sipp(scenario: &str, peer: &Peer) {
    sipp_for(scenario, peer, Over::Udp, 15, 1).await;
}

#[tokio::test]
async fn a_call_is_taken_and_ends_with_the_callers_bye() {
    let mut peer = Peer::start().await;
    sipp("basic", &peer).await;
    let mut call = peer.call().await;
    assert_eq!(call.arriving.dialled, "clinic");
    assert_eq!(call.arriving.caller.reveal(), "+16045550123");
    assert_eq!(call.leg.inbound.codec, Codec::Pcmu);
    assert_eq!(call.leg.dtmf, Some(101));
    assert_eq!(call.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn a_call_is_taken_over_tcp() {
    let mut peer = Peer::start().await;
    sipp_for("basic", &peer, Over::Tcp, 15, 1).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn our_bye_reaches_the_caller_over_both_transports() {
    for over in [Over::Udp, Over::Tcp] {
        let mut peer = Peer::start().await;
        let mut started = std::mem::replace(&mut peer.started, tokio::sync::mpsc::channel(1).1);
        let call = tokio::spawn(async move {
            let mut call = started.recv().await.expect("the call starts");
            assert_eq!(call.signal().await, Signal::Answered);
            call.commands.send(Command::HangUp).await.expect("the session listens");
            call
        });
        sipp_for("they_hang_up", &peer, over, 15, 1).await;
        call.await.expect("the call was answered and hung up");
        peer.stop().await;
    }
}

#[tokio::test]
async fn fifty_calls_at_once_all_succeed_and_leave_nothing_behind() {
    let mut peer = Peer::start().await;
    sipp_for("basic", &peer, Over::Udp, 30, 50).await;
    for _ in 0..50 {
        assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    }
    peer.stop().await;
}

#[tokio::test]
async fn a_cancelled_call_ends_with_487() {
    let mut peer = Peer::with(|config| config.ring_ms = 10_000, None).await;
    sipp("cancel", &peer).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Gone(Gone::Cancelled)]);
    peer.stop().await;
}

#[tokio::test]
async fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let mut peer = Peer::start().await;
    sipp("cancel_too_late", &peer).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn hold_and_resume_reach_the_call_in_both_forms() {
    let mut peer = Peer::start().await;
    sipp("hold", &peer).await;
    assert_eq!(
        peer.call().await.signals().await,
        [Signal::Answered, Signal::Hold, Signal::Unhold, Signal::Hold, Signal::Unhold, Signal::Gone(Gone::HungUp)]
    );
    peer.stop().await;
}

#[tokio::test]
async fn hold_and_resume_reach_the_call_over_tcp() {
    let mut peer = Peer::start().await;
    sipp_for("hold", &peer, Over::Tcp, 15, 1).await;
    assert_eq!(peer.call().await.signals().await.len(), 6);
    peer.stop().await;
}

#[tokio::test]
async fn a_lost_ack_brings_the_answer_again_until_one_arrives() {
    let mut peer = Peer::start().await;
    sipp_exactly("lost_ack", &peer).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn a_repeated_invite_or_bye_is_absorbed() {
    let mut peer = Peer::with(|config| config.ring_ms = 300, None).await;
    sipp_exactly("repeated", &peer).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    assert!(peer.started.try_recv().is_err(), "one call has rung");
    peer.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_never_acknowledged_ends_with_bye_after_32_s() {
    let mut peer = Peer::start().await;
    sipp_for("never_acknowledged", &peer, Over::Udp, 45, 1).await;
    // The greeting was not held back for ever.
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Gone(Gone::Lost)]);
    peer.stop().await;
}

#[tokio::test]
async fn an_invite_without_an_offer_gets_ours_and_its_ack_decides() {
    let mut peer = Peer::start().await;
    sipp("offerless", &peer).await;
    let mut call = peer.call().await;
    let signals = call.signals().await;
    let Signal::Media { inbound, outbound, dtmf, remote: Some(remote), .. } = signals[0] else { panic!("{signals:?}") };
    assert_eq!((inbound.codec, outbound.payload_type, dtmf), (Codec::Pcmu, 0, Some(101)));
    assert!(remote.port() >= 6_000);
    assert_eq!(signals[1..], [Signal::Answered, Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn update_info_and_options_are_answered_inside_a_call() {
    let mut peer = Peer::start().await;
    sipp("update_and_info", &peer).await;
    assert_eq!(peer.call().await.signals().await, [Signal::Answered, Signal::Dtmf('5'), Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_own_status() {
    let mut peer = Peer::start().await;
    for scenario in ["bad_sdp", "no_codec", "encrypted_only", "unknown_require", "unknown_body", "interval_too_small"] {
        sipp(scenario, &peer).await;
    }
    assert!(peer.started.try_recv().is_err(), "no call starts");
    peer.stop().await;
}

#[tokio::test]
async fn options_and_requests_outside_of_calls_are_answered() {
    let peer = Peer::start().await;
    sipp("options", &peer).await;
    sipp_for("options", &peer, Over::Tcp, 15, 1).await;
    sipp("wrong_dialog", &peer).await;
    peer.stop().await;
}

#[tokio::test]
async fn a_full_desk_answers_503_or_passes_the_caller_on() {
    let busy = Refusal::Busy { retry_after: Duration::from_millis(6_500) };
    let peer = Peer::with(|_| {}, Some(busy)).await;
    sipp("busy", &peer).await;
    peer.stop().await;
    let peer = Peer::with(|_| {}, Some(Refusal::Divert { to: "+16045550199".to_owned().into() })).await;
    sipp("diverted", &peer).await;
    peer.stop().await;
}
