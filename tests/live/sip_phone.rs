//! Our own telephone against our own server: both roles of everything that two ends agree on.

use std::net::SocketAddr;
use std::time::Duration;

use attendant::call::event::{Command, Gone, RtcpTo, Signal};
use attendant::call::registry::Refusal;
use attendant::transport::sip::{
    CodecName, Credentials, DialError, DialOptions, Phone, PhoneConfig, SipConfig, Wire, config::UserConfig,
};
use attendant_media::leg::Codec;
use tokio_util::sync::CancellationToken;

use super::sip_peer::{PATIENCE, Peer};

async fn phone(change: impl FnOnce(&mut PhoneConfig)) -> Phone {
    let mut config = PhoneConfig { bind: "127.0.0.1:0".parse().expect("it is an address"), ..PhoneConfig::default() };
    change(&mut config);
    Phone::bind(config, CancellationToken::new()).await.expect("loopback has free ports")
}

fn options() -> DialOptions {
    DialOptions { from: "+16045550123".to_owned().into(), patience: PATIENCE, ..DialOptions::default() }
}

fn clinic(address: SocketAddr) -> String {
    format!("sip:clinic@{address}")
}

async fn next(signals: &mut tokio::sync::mpsc::Receiver<Signal>) -> Option<Signal> {
    tokio::time::timeout(PATIENCE, signals.recv()).await.expect("a signal in time")
}

#[tokio::test]
async fn a_dialled_call_carries_audio_both_ways_and_ends_when_we_hang_up() {
    let mut peer = Peer::start().await;
    let phone = phone(|_| {}).await;
    let mut answered = phone.dial(&clinic(peer.udp), options()).await.expect("the server answers");
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    assert_eq!(call.arriving.caller.reveal(), "+16045550123");
    // Best codec of both: Opus, in 111 both ways; RTCP shares the port.
    assert_eq!((answered.leg.inbound.codec, answered.leg.outbound.payload_type), (Codec::Opus, 111));
    assert_eq!(call.leg.inbound, answered.leg.outbound);
    assert_eq!(answered.rtcp_to, RtcpTo::Muxed);
    let times = answered.times;
    assert!(times.ringing.expect("it rang") <= times.answered && times.invited <= times.ringing.expect("it rang"));

    let socket = tokio::net::UdpSocket::from_std(answered.socket).expect("it is non-blocking");
    assert_eq!(call.media.port(), socket.local_addr().expect("it is bound").port());
    socket.send_to(b"are you there", answered.remote).await.expect("loopback takes it");
    let mut heard = [0; 64];
    let (length, from) =
        tokio::time::timeout(PATIENCE, socket.recv_from(&mut heard)).await.expect("an echo").expect("a packet");
    assert_eq!((&heard[..length], from), (&b"are you there"[..], answered.remote));

    answered.commands.send(Command::HangUp).await.expect("the session listens");
    assert_eq!(call.signals().await, [Signal::Gone(Gone::HungUp)]);
    assert_eq!(next(&mut answered.signals).await, None, "we know that we hung up");
    peer.stop().await;
}

#[tokio::test]
async fn the_dialler_hears_that_the_other_side_hung_up() {
    for wire in [Wire::Udp, Wire::Tcp] {
        let mut peer = Peer::start().await;
        let phone = phone(|config| config.wire = wire).await;
        let to = if wire == Wire::Udp { peer.udp } else { peer.tcp };
        let mut answered = phone.dial(&clinic(to), options()).await.expect("the server answers");
        let mut call = peer.call().await;
        assert_eq!(call.signal().await, Signal::Answered);
        call.commands.send(Command::HangUp).await.expect("the session listens");
        assert_eq!(next(&mut answered.signals).await, Some(Signal::Gone(Gone::HungUp)));
        peer.stop().await;
    }
}

#[tokio::test]
async fn one_port_serves_many_calls() {
    let mut peer = Peer::start().await;
    let phone = phone(|_| {}).await;
    let dials = (0..40).map(|_| {
        let (phone, to) = (phone.clone(), clinic(peer.udp));
        tokio::spawn(async move { phone.dial(&to, options()).await })
    });
    let mut calls = Vec::new();
    for dial in dials.collect::<Vec<_>>() {
        calls.push(dial.await.expect("no panic").expect("every call is answered"));
    }
    assert_eq!(phone.calls(), 40);
    for call in calls {
        // Dropping a call hangs it up.
        drop(call);
        let mut taken = peer.call().await;
        assert_eq!(taken.signal().await, Signal::Answered);
    }
    peer.stop().await;
}

#[tokio::test]
async fn giving_up_cancels_and_patience_ends() {
    let mut peer = Peer::with(|config| config.ring_ms = 10_000, None).await;
    let phone = phone(|_| {}).await;
    let give_up = CancellationToken::new();
    let to = clinic(peer.udp);
    let dial = phone.dial(&to, DialOptions { give_up: give_up.clone(), ..options() });
    let (result, mut call) = tokio::join!(dial, async {
        let call = peer.call().await;
        give_up.cancel();
        call
    });
    assert_eq!(result.expect_err("it was given up"), DialError::GivenUp);
    assert_eq!(call.signals().await, [Signal::Gone(Gone::Cancelled)]);

    let impatient = DialOptions { patience: Duration::from_millis(100), ..options() };
    assert_eq!(phone.dial(&clinic(peer.udp), impatient).await.expect_err("it only rings"), DialError::NoAnswer);
    assert_eq!(peer.call().await.signals().await, [Signal::Gone(Gone::Cancelled)]);
    peer.stop().await;
}

#[tokio::test]
async fn refusals_and_dead_addresses_are_told_apart() {
    let busy = Refusal::Busy { retry_after: Duration::from_secs(7) };
    let peer = Peer::with(|_| {}, Some(busy)).await;
    let phone = phone(|config| config.wire = Wire::Udp).await;
    let refused = phone.dial(&clinic(peer.udp), options()).await.expect_err("the desk is full");
    assert_eq!(refused, DialError::Refused { status: 503, retry_after: Some(7) });
    let nowhere = phone.dial("sip:x@127.0.0.1:1;transport=tcp", options()).await.expect_err("nobody listens there");
    assert_eq!(nowhere, DialError::Unreachable);
    for wrong in ["clinic", "http://x", "sip:a b@c", "sip:"] {
        let error = phone.dial(wrong, options()).await.expect_err("it is no SIP address");
        assert_eq!(error, DialError::BadTarget, "{wrong}");
    }
    peer.stop().await;
}

#[tokio::test]
async fn codecs_that_do_not_meet_are_refused_with_488() {
    let peer = Peer::with(|config| config.codecs = vec![CodecName::Pcma], None).await;
    let phone = phone(|_| {}).await;
    let only_mu = DialOptions { codecs: vec![CodecName::Pcmu], ..options() };
    let refused = phone.dial(&clinic(peer.udp), only_mu).await.expect_err("no codec");
    assert_eq!(refused, DialError::Refused { status: 488, retry_after: None });
    peer.stop().await;
}

/// A server that knows nobody by address, and one user by password.
fn guarded(folder: &tempfile::TempDir) -> impl FnOnce(&mut SipConfig) {
    let path = folder.path().join("secret");
    std::fs::write(&path, "correct horse\n").expect("the folder is writable");
    move |config| {
        config.allow = Vec::new();
        config.users = vec![UserConfig { name: "desk".into(), secret_env: None, secret_file: Some(path) }];
    }
}

#[tokio::test]
async fn who_is_not_on_the_list_rings_with_a_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut peer = Peer::with(guarded(&folder), None).await;
    let good = Credentials { name: "desk".into(), secret: "correct horse".into() };
    let known = phone(|config| config.credentials = Some(good.clone())).await;
    let answered = known.dial(&clinic(peer.udp), options()).await.expect("the password is right");
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    answered.commands.send(Command::HangUp).await.expect("the session listens");
    assert_eq!(call.signals().await, [Signal::Gone(Gone::HungUp)]);

    let bad = Credentials { secret: "guess".into(), ..good };
    for credentials in [Some(bad), None] {
        let other = phone(|config| config.credentials = credentials).await;
        let refused = other.dial(&clinic(peer.udp), options()).await.expect_err("no password, no call");
        assert_eq!(refused, DialError::Refused { status: 401, retry_after: None });
    }
    assert!(peer.started.try_recv().is_err());
    peer.stop().await;
}

#[tokio::test]
async fn a_transfer_that_the_far_side_cannot_do_is_reported() {
    let mut peer = Peer::start().await;
    let phone = phone(|_| {}).await;
    let answered = phone.dial(&clinic(peer.udp), options()).await.expect("the server answers");
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    let to = "+16045550199".to_owned().into();
    call.commands.send(Command::Transfer { to }).await.expect("the session listens");
    assert_eq!(call.signal().await, Signal::Transferred(Err(405)), "our own phone does not follow REFER");
    drop(answered);
    assert_eq!(call.signals().await, [Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn a_stopping_server_says_goodbye_to_everyone() {
    let mut peer = Peer::start().await;
    let phone = phone(|_| {}).await;
    let mut answered = phone.dial(&clinic(peer.udp), options()).await.expect("the server answers");
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    peer.shutdown.cancel();
    assert_eq!(next(&mut answered.signals).await, Some(Signal::Gone(Gone::HungUp)));
    assert_eq!(call.signals().await, [Signal::Gone(Gone::Lost)]);
    peer.stop().await;
}
