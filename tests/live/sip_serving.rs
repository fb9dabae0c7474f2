//! What our server answers to requests that are right in form and still cannot be served; and calls over IPv6.

use std::net::SocketAddr;

use attendant::call::event::{Command, Gone, Signal};
use attendant::transport::sip::{DialOptions, Phone, PhoneConfig};
use tokio_util::sync::CancellationToken;

use super::sip_peer::{PATIENCE, Peer};
use super::sip_raw_answerer::all;
use super::sip_raw_peer::{RawPeer, header, to_tag};

#[tokio::test]
async fn a_method_that_nobody_knows_is_answered_501_and_one_that_is_not_taken_405() {
    let peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "methods").await;
    let dance = raw.request("DANCE", 1, None, "", "");
    raw.send(&dance).await;
    let answer = raw.expect("SIP/2.0 501").await;
    assert_eq!(header(&answer, "CSeq"), Some("1 DANCE"));
    assert!(header(&answer, "Allow").is_some_and(|allow| allow.starts_with("INVITE, ")), "{answer}");
    // Its repetition gets the same answer; an ACK gets none.
    raw.send(&dance).await;
    assert_eq!(raw.receive().await, answer);
    for (cseq, method) in (2..).zip(["ACK", "MESSAGE", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE"]) {
        let request = raw.request(method, cseq, None, "", "");
        raw.send(&request).await;
        if method != "ACK" {
            let answer = raw.receive().await;
            assert!(answer.starts_with("SIP/2.0 405"), "{method}: {answer}");
            assert!(header(&answer, "Allow").is_some_and(|allow| allow.contains("INVITE")), "{method}");
        }
    }
    peer.stop().await;
}

/// RFC 4475 section 3.3.11: who is meant takes the request; only who would pass it on must not.
#[tokio::test]
async fn a_request_on_its_last_hop_is_taken() {
    let peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "last-hop").await;
    let request = raw.request("OPTIONS", 1, None, "", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    raw.send(&request).await;
    assert!(raw.receive().await.starts_with("SIP/2.0 200"));
    peer.stop().await;
}

#[tokio::test]
async fn the_same_call_by_a_second_way_is_refused_as_merged() {
    let mut peer = Peer::with(|config| config.ring_ms = 10_000, None).await;
    let mut raw = RawPeer::bind(peer.udp, "merged").await;
    let offer = raw.description(1);
    let invite = raw.request("INVITE", 1, None, "", &offer);
    raw.send(&invite).await;
    raw.expect("SIP/2.0 180").await;
    let copy = raw.request("INVITE", 1, None, "", &offer);
    assert_ne!(copy, invite, "another branch");
    raw.send(&copy).await;
    let refused = raw.expect("SIP/2.0 482").await;
    assert_eq!(header(&refused, "Via").map(|via| via.contains("z9hG4bKraw2")), Some(true));
    let _call = peer.call().await;
    assert!(peer.started.try_recv().is_err(), "one call rings");
    peer.stop().await;
}

#[tokio::test]
async fn requests_of_ours_go_by_the_proxies_of_the_invite_in_their_order() {
    let mut peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "routes").await;
    let hop = |name: &str| format!("<sip:{name}@{};lr>", raw.address);
    let (near, far) = (hop("near"), hop("far"));
    let answer = raw.ring(&format!("Record-Route: {near}\r\nRecord-Route: {far}\r\n")).await;
    assert_eq!(all(&answer, "Record-Route"), [near.as_str(), far.as_str()], "copied as they came");
    let ack = raw.request("ACK", 1, Some(&to_tag(&answer)), "", "");
    raw.send(&ack).await;
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    call.commands.send(Command::HangUp).await.expect("the session listens");
    let bye = raw.expect("BYE").await;
    assert!(bye.starts_with(&format!("BYE sip:raw@{} SIP/2.0\r\n", raw.address)), "{bye}");
    assert_eq!(all(&bye, "Route"), [near.as_str(), far.as_str()]);
    raw.reply(&bye, "200 OK", "", "").await;
    peer.stop().await;
}

#[tokio::test]
async fn a_call_over_ipv6_is_signalled_described_and_heard() {
    let any: SocketAddr = "[::1]:0".parse().expect("it is an address");
    let mut peer = Peer::with(
        |config| {
            config.udp = vec![any];
            config.tcp = vec![any];
        },
        None,
    )
    .await;
    let mut raw = RawPeer::bind(peer.udp, "six").await;
    let answer = raw.ring("").await;
    let via = header(&answer, "Via").expect("it is repeated");
    assert!(via.starts_with(&format!("SIP/2.0/UDP [::1]:{}", raw.address.port())), "{via}");
    assert_eq!(header(&answer, "Contact"), Some(&*format!("<sip:attendant@[::1]:{}>", peer.udp.port())));
    assert!(answer.contains("\r\nc=IN IP6 ::1\r\n") && answer.contains(" 1 IN IP6 ::1\r\n"), "{answer}");
    let ack = raw.request("ACK", 1, Some(&to_tag(&answer)), "", "");
    raw.send(&ack).await;
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    call.commands.send(Command::HangUp).await.expect("the session listens");
    let bye = raw.expect("BYE").await;
    let from = format!("Via: SIP/2.0/UDP [::1]:{};rport;branch=", peer.udp.port());
    assert!(bye.contains(&from), "{bye}");
    raw.reply(&bye, "200 OK", "", "").await;

    let config = PhoneConfig { bind: any, ..PhoneConfig::default() };
    let phone = Phone::bind(config, CancellationToken::new()).await.expect("loopback has free ports");
    for target in [format!("sip:clinic@{}", peer.udp), format!("sip:clinic@{};transport=tcp", peer.tcp)] {
        let options = DialOptions { patience: PATIENCE, ..DialOptions::default() };
        let mut answered = phone.dial(&target, options).await.expect("the server answers");
        let mut call = peer.call().await;
        assert_eq!(call.signal().await, Signal::Answered);
        assert!(answered.remote.is_ipv6() && call.media.is_ipv6());
        let socket = tokio::net::UdpSocket::from_std(answered.socket).expect("it is non-blocking");
        socket.send_to(b"are you there", answered.remote).await.expect("loopback takes it");
        let heard = tokio::time::timeout(PATIENCE, socket.recv_from(&mut [0; 64])).await.expect("an echo");
        assert_eq!(heard.expect("a packet"), (13, answered.remote));
        call.commands.send(Command::HangUp).await.expect("the session listens");
        let gone = tokio::time::timeout(PATIENCE, answered.signals.recv()).await.expect("a signal");
        assert_eq!(gone, Some(Signal::Gone(Gone::HungUp)));
    }
    peer.stop().await;
}
