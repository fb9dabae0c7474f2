//! What only exact bytes can show: repetitions, lost ACKs, silence towards scanners, and the texts of our answers.

use attendant::call::event::{Command, Gone, Signal};
use attendant::transport::sip::Dropped;

use super::sip_peer::Peer;
use super::sip_raw_peer::{RawPeer, header, to_tag};

/// Our answer with everything that differs from run to run replaced.
fn normalised(message: &str, raw: &RawPeer, peer: &Peer) -> String {
    let tag = to_tag(message);
    let rtp = message.lines().find_map(|line| line.strip_prefix("m=audio ")).and_then(|line| line.split(' ').next());
    let session = message.lines().find_map(|line| line.strip_prefix("o=- ")).and_then(|line| line.split(' ').next());
    let mut text = message.replace(&raw.address.to_string(), "PEER").replace(&peer.udp.to_string(), "SERVER");
    text = text.replace(&format!("rport={}", raw.address.port()), "rport=PORT").replace(&tag, "TAG");
    if let (Some(rtp), Some(session)) = (rtp, session) {
        text = text.replace(&format!("m=audio {rtp}"), "m=audio RTP").replace(&format!("a=rtcp:{rtp}"), "a=rtcp:RTP");
        let above = rtp.parse::<u16>().expect("it is a port") + 1;
        text =
            text.replace(&format!("a=rtcp:{above}"), "a=rtcp:RTCP").replace(&format!("o=- {session}"), "o=- SESSION");
    }
    // The length follows the ports and the session id, so it is held against the body instead of the golden file.
    let body = message.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let length = format!("Content-Length: {}", body.len());
    assert!(message.contains(&format!("\r\n{length}\r\n")), "{message}");
    text = text.replace(&length, "Content-Length: LENGTH");
    text.replace("\r\n", "\n").replace(concat!("attendant/", env!("CARGO_PKG_VERSION")), "attendant/VERSION")
}

#[tokio::test]
async fn the_answers_to_a_call_read_as_written() {
    let peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "golden").await;
    let offer = raw.description(1).replace("RTP/AVP 0", "RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000");
    let headers = "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\nRecord-Route: <sip:127.0.0.1:9;lr>\r\n";
    let invite = raw.request("INVITE", 1, None, headers, &offer);
    raw.send(&invite).await;
    let mut texts = Vec::new();
    for _ in 0..3 {
        let message = raw.receive().await;
        // The 100 needs no tag and has none.
        let tagged = if message.starts_with("SIP/2.0 100") {
            message.replacen("\r\nCall-ID", ";tag=none\r\nCall-ID", 1)
        } else {
            message
        };
        texts.push(normalised(&tagged, &raw, &peer));
    }
    insta::assert_snapshot!(texts.join("\n"));
    peer.stop().await;
}

#[tokio::test]
async fn a_repeated_invite_rings_once() {
    let mut peer = Peer::with(|config| config.ring_ms = 10_000, None).await;
    let mut raw = RawPeer::bind(peer.udp, "repeated").await;
    let offer = raw.description(1);
    let invite = raw.request("INVITE", 1, None, "", &offer);
    raw.send(&invite).await;
    let ringing = raw.expect("SIP/2.0 180").await;
    for _ in 0..3 {
        raw.send(&invite).await;
        assert_eq!(raw.expect("SIP/2.0 180").await, ringing);
    }
    let _call = peer.call().await;
    assert!(peer.started.try_recv().is_err());
    peer.stop().await;
}

#[tokio::test]
async fn the_answer_is_repeated_until_it_is_acknowledged() {
    let mut peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "lost-ack").await;
    let first = raw.ring("").await;
    // The ACK is lost: the same answer comes again.
    let second = raw.expect("SIP/2.0 200").await;
    assert_eq!(first, second);
    let tag = to_tag(&second);
    let ack = raw.request("ACK", 1, Some(&tag), "", "");
    raw.send(&ack).await;
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    let bye = raw.request("BYE", 2, Some(&tag), "", "");
    raw.send(&bye).await;
    let goodbye = raw.expect("SIP/2.0 200").await;
    assert_eq!(header(&goodbye, "CSeq"), Some("2 BYE"));
    // A repeated BYE is answered the same way, though the call is gone.
    raw.send(&bye).await;
    assert_eq!(raw.expect("SIP/2.0 200").await, goodbye);
    assert_eq!(call.signals().await, [Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
}

#[tokio::test]
async fn an_old_sequence_number_is_refused_and_the_call_goes_on() {
    let mut peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "order").await;
    let tag = raw.call("").await;
    let options = raw.request("OPTIONS", 9, Some(&tag), "", "");
    raw.send(&options).await;
    raw.expect("SIP/2.0 200").await;
    let late = raw.request("INFO", 8, Some(&tag), "Content-Type: application/dtmf\r\n", "1");
    raw.send(&late).await;
    raw.expect("SIP/2.0 500").await;
    let next = raw.request("INFO", 10, Some(&tag), "Content-Type: application/dtmf\r\n", "2");
    raw.send(&next).await;
    raw.expect("SIP/2.0 200").await;
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    assert_eq!(call.signal().await, Signal::Dtmf('2'));
    peer.stop().await;
}

#[tokio::test]
async fn a_second_reinvite_waits_for_the_first_to_be_acknowledged() {
    let peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "two-offers").await;
    let tag = raw.call("").await;
    let hold = raw.description(2) + "a=sendonly\r\n";
    let first = raw.request("INVITE", 2, Some(&tag), "", &hold);
    raw.send(&first).await;
    let answer = raw.expect("SIP/2.0 200").await;
    assert!(answer.contains("a=recvonly\r\n"), "{answer}");
    let resume = raw.description(3);
    let second = raw.request("INVITE", 3, Some(&tag), "", &resume);
    raw.send(&second).await;
    let refused = raw.expect("SIP/2.0 500").await;
    assert!(header(&refused, "Retry-After").is_some());
    peer.stop().await;
}

#[tokio::test]
async fn a_transfer_is_followed_to_its_end() {
    for (outcomes, expected) in [
        (&["SIP/2.0 100 Trying", "SIP/2.0 200 OK"][..], Ok(())),
        (&["SIP/2.0 180 Ringing", "SIP/2.0 486 Busy Here"][..], Err(486)),
    ] {
        let mut peer = Peer::start().await;
        let mut raw = RawPeer::bind(peer.udp, "transfer").await;
        let tag = raw.call("").await;
        let mut call = peer.call().await;
        assert_eq!(call.signal().await, Signal::Answered);
        let to = "+1 604 555 0199".to_owned().into();
        call.commands.send(Command::Transfer { to }).await.expect("the session listens");
        let refer = raw.expect("REFER").await;
        assert_eq!(header(&refer, "Refer-To"), Some(&*format!("<sip:+16045550199@{}>", raw.address)));
        raw.reply(&refer, "202 Accepted", "", "").await;
        for (index, outcome) in outcomes.iter().enumerate() {
            let headers = "Event: refer\r\nSubscription-State: active;expires=60\r\nContent-Type: message/sipfrag\r\n";
            let notify = raw.request("NOTIFY", 2 + index as u32, Some(&tag), headers, outcome);
            raw.send(&notify).await;
            raw.expect("SIP/2.0 200").await;
        }
        assert_eq!(call.signal().await, Signal::Transferred(expected));
        call.commands.send(Command::HangUp).await.expect("the session listens");
        let bye = raw.expect("BYE").await;
        raw.reply(&bye, "200 OK", "", "").await;
        peer.stop().await;
    }
}

#[tokio::test]
async fn strangers_scanners_and_garbage_get_no_answer_and_are_counted() {
    let telnyx = || vec!["192.76.120.0/24".parse().expect("it is a network")];
    let peer = Peer::with(|config| config.allow = telnyx(), None).await;
    let mut raw = RawPeer::bind(peer.udp, "stranger").await;
    for method in ["OPTIONS", "REGISTER", "INVITE", "BYE"] {
        let request = raw.request(method, 1, None, "", "");
        raw.send(&request).await;
    }
    raw.send("\0\u{1}\u{2}").await;

    let open = Peer::start().await;
    let mut known = RawPeer::bind(open.udp, "scanner").await;
    let scan = known.request("OPTIONS", 1, None, "User-Agent: friendly-scanner\r\n", "");
    known.send(&scan).await;
    known.send("OPTIONS nonsense").await;
    let proper = known.request("OPTIONS", 2, None, "", "");
    known.send(&proper).await;
    // UDP over loopback keeps its order: what came before the proper request has been judged when it is answered.
    assert_eq!(header(&known.receive().await, "CSeq"), Some("2 OPTIONS"));
    assert_eq!(open.counters.dropped(Dropped::Scanner), 1);
    assert_eq!(open.counters.dropped(Dropped::Malformed), 1);

    while peer.counters.dropped(Dropped::Stranger) < 4 || peer.counters.dropped(Dropped::Malformed) < 1 {
        tokio::task::yield_now().await;
    }
    assert!(raw.socket.try_recv_from(&mut [0; 16]).is_err(), "nothing was answered");
    peer.stop().await;
    open.stop().await;
}

#[tokio::test]
async fn what_was_logged_of_a_call_names_no_number() {
    use std::io::Write;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Lines(Arc<parking_lot::Mutex<Vec<u8>>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let filter = tracing_subscriber::EnvFilter::new("trace")
        .add_directive(attendant::transport::sip::LOG_DIRECTIVE.parse().expect("it is a directive"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut peer = Peer::start().await;
    let mut raw = RawPeer::bind(peer.udp, "logs").await;
    let tag = raw.call("").await;
    let mut call = peer.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    let bye = raw.request("BYE", 2, Some(&tag), "", "");
    raw.send(&bye).await;
    raw.expect("SIP/2.0 200").await;
    assert_eq!(call.signals().await, [Signal::Gone(Gone::HungUp)]);
    peer.stop().await;
    let logged = String::from_utf8(lines.0.lock().clone()).expect("logs are text");
    assert!(logged.contains("a SIP call rings"), "{logged}");
    assert!(!logged.contains("6045550123"), "{logged}");
}

#[tokio::test]
async fn a_log_filter_that_would_write_messages_keeps_the_server_from_starting() {
    let subscriber = tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::sink).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let phone = attendant::transport::sip::Phone::bind(
        attendant::transport::sip::PhoneConfig::default(),
        tokio_util::sync::CancellationToken::new(),
    );
    let error = phone.await.expect_err("logs would leak");
    assert!(error.to_string().contains("rsipstack=off"), "{error}");
}
