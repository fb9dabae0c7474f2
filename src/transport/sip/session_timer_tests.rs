//! Session timers on the wire, in both roles, with a clock that runs a hundred times too fast: 90 s pass in 0.9 s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::clock::Clock;
use super::{DialOptions, Phone, PhoneConfig, Server, SipConfig};
use crate::call::CallId;
use crate::call::event::{Event, Gone, Mailbox, Signal};
use crate::call::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};

#[path = "../../../tests/live/sip_raw_peer.rs"]
mod raw_peer;
use raw_peer::{RawPeer, header};

const SPEED: u32 = 100;

struct Desk(mpsc::Sender<Taken>);

/// A call that the desk took, with what keeps it up.
struct Taken {
    events: mpsc::Receiver<Event>,
    _call: NewCall,
}

impl FrontDesk for Desk {
    fn admit(&self, _arriving: &Arriving) -> Result<Ticket, Refusal> {
        Ok(Ticket::unlimited(CallId::new()))
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        let (mailbox, events) = Mailbox::new();
        assert!(self.0.try_send(Taken { events, _call: call }).is_ok(), "a test takes each call that starts");
        CallHandle { call: ticket.call, mailbox }
    }
}

struct Fast {
    address: SocketAddr,
    calls: mpsc::Receiver<Taken>,
    _stop: DropGuard,
}

async fn server() -> Fast {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let config = SipConfig { udp: vec![any], tcp: Vec::new(), ring_ms: 0, ..SipConfig::default() };
    let (started, calls) = mpsc::channel(4);
    let stop = CancellationToken::new();
    let server = Server::bind_on(Clock::faster(SPEED), config, Arc::new(Desk(started)), stop.clone()).await.unwrap();
    let address = server.addresses()[0].address;
    tokio::spawn(server.run());
    Fast { address, calls, _stop: stop.drop_guard() }
}

async fn last(mut call: Taken) -> Event {
    let mut last = None;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(10), call.events.recv()).await {
        let over = matches!(event, Event::Signal(Signal::Gone(_)));
        last = Some(event);
        if over {
            break;
        }
    }
    last.expect("the call began")
}

const TIMER: &str = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n";
const AGREED: &str = "Supported: timer\r\nRequire: timer\r\nSession-Expires: 90;refresher=uac\r\n";

#[tokio::test]
async fn we_refresh_with_update_and_hang_up_when_nobody_answers_it() {
    let mut fast = server().await;
    let mut raw = RawPeer::bind(fast.address, "update").await;
    raw.call(TIMER).await;
    for _ in 0..3 {
        let update = raw.expect("UPDATE").await;
        assert_eq!(header(&update, "Session-Expires"), Some("90;refresher=uac"));
        raw.reply(&update, "200 OK", AGREED, "").await;
    }
    raw.expect("UPDATE").await;
    let bye = raw.expect("BYE").await;
    raw.reply(&bye, "200 OK", "", "").await;
    assert_eq!(last(fast.calls.recv().await.unwrap()).await, Event::Signal(Signal::Gone(Gone::Lost)));
}

#[tokio::test]
async fn who_does_not_know_update_is_refreshed_with_invite_and_glare_passes() {
    let fast = server().await;
    let mut raw = RawPeer::bind(fast.address, "reinvite").await;
    let tag = raw.call(&TIMER.replace(", UPDATE", "")).await;
    let ours = raw.expect("INVITE").await;
    assert!(ours.contains("m=audio "), "{ours}");
    // Theirs crosses ours: both are refused, ours is tried again.
    let offer = raw.description(2);
    let theirs = raw.request("INVITE", 2, Some(&tag), "", &offer);
    raw.send(&theirs).await;
    raw.expect("SIP/2.0 491").await;
    raw.reply(&ours, "491 Request Pending", "", "").await;
    raw.expect("ACK").await;
    let again = raw.expect("INVITE").await;
    let answer = raw.description(3);
    raw.reply(&again, "200 OK", AGREED, &answer).await;
    raw.expect("ACK").await;
    // And the next one, half an interval later.
    raw.expect("INVITE").await;
}

#[tokio::test]
async fn update_that_is_not_understood_falls_back_to_invite() {
    let fast = server().await;
    let mut raw = RawPeer::bind(fast.address, "fallback").await;
    raw.call(TIMER).await;
    let update = raw.expect("UPDATE").await;
    raw.reply(&update, "405 Method Not Allowed", "", "").await;
    raw.expect("INVITE").await;
}

#[tokio::test]
async fn a_longer_interval_is_taken_when_they_ask_for_it() {
    let fast = server().await;
    let mut raw = RawPeer::bind(fast.address, "longer").await;
    raw.call(TIMER).await;
    let update = raw.expect("UPDATE").await;
    raw.reply(&update, "422 Session Interval Too Small", "Min-SE: 120\r\n", "").await;
    let again = raw.expect("UPDATE").await;
    assert_eq!(header(&again, "Session-Expires"), Some("120;refresher=uac"));
}

#[tokio::test]
async fn a_caller_that_stops_refreshing_is_hung_up_and_one_that_goes_on_is_not() {
    let mut fast = server().await;
    let mut raw = RawPeer::bind(fast.address, "expiry").await;
    let tag = raw.call(&TIMER.replace("uas", "uac")).await;
    // Two refreshes, 0.4 s apart by the other peer's clock, carry the call past its first end at 0.6 s.
    let mut other = RawPeer::bind(fast.address, "metronome").await;
    other.call(TIMER).await;
    for cseq in [2, 3] {
        let tick = other.expect("UPDATE").await;
        other.reply(&tick, "200 OK", AGREED, "").await;
        let headers = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
        let update = raw.request("UPDATE", cseq, Some(&tag), headers, "");
        raw.send(&update).await;
        let answer = raw.receive().await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        assert_eq!(header(&answer, "Session-Expires"), Some("90;refresher=uac"));
        assert_eq!(header(&answer, "Require"), Some("timer"));
    }
    raw.expect("BYE").await;
    assert_eq!(last(fast.calls.recv().await.unwrap()).await, Event::Signal(Signal::Gone(Gone::Lost)));
}

#[tokio::test]
async fn the_phone_refreshes_what_it_dialled_and_accepts_longer_intervals() {
    let config = PhoneConfig { bind: "127.0.0.1:0".parse().unwrap(), session_expires_s: 90, ..PhoneConfig::default() };
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    let phone = Phone::bind_on(Clock::faster(SPEED), config, stop).await.unwrap();
    let raw = RawPeer::bind(phone.address().unwrap(), "uac").await;
    let target = format!("sip:clinic@{}", raw.address);
    let dialling = tokio::spawn(async move { phone.dial(&target, DialOptions::default()).await });
    let invite = raw.expect("INVITE").await;
    assert_eq!(header(&invite, "Session-Expires"), Some("90"));
    raw.reply(&tagged(&invite), "422 Session Interval Too Small", "Min-SE: 100\r\n", "").await;
    raw.expect("ACK").await;
    let longer = raw.expect("INVITE").await;
    assert_eq!(header(&longer, "Session-Expires"), Some("100"));
    assert_eq!(header(&longer, "Min-SE"), Some("100"));
    assert_eq!(header(&longer, "CSeq"), Some("2 INVITE"));
    let timer = "Allow: UPDATE\r\nRequire: timer\r\nSession-Expires: 100;refresher=uac\r\n";
    raw.reply(&tagged(&longer), "200 OK", timer, &raw.description(1)).await;
    raw.expect("ACK").await;
    let answered = dialling.await.unwrap().unwrap();
    let update = raw.expect("UPDATE").await;
    assert_eq!(header(&update, "Session-Expires"), Some("100;refresher=uac"));
    raw.reply(&update, "481 Call/Transaction Does Not Exist", "", "").await;
    let mut signals = answered.signals;
    assert_eq!(signals.recv().await, Some(Signal::Gone(Gone::Lost)));
}

/// A request as if its To had our tag already, so that the reply carries it.
fn tagged(invite: &str) -> String {
    let to = header(invite, "To").unwrap();
    invite.replace(&format!("To: {to}"), &format!("To: {to};tag=theirs"))
}
