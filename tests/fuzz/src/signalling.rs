//! SIP: a datagram through the gate and the screen, and session descriptions from offer to answer.

use std::net::IpAddr;

use rsipstack::sip::SipMessage;

use crate::transport::sip::gate::{Strangers, read};
use crate::transport::sip::negotiate::{self, PREFERENCE};
use crate::transport::sip::sdp::{self, Local};
use crate::transport::sip::{harness, message, screen};

/// Any description is refused or answered, and every answer of ours can be read.
pub fn sdp(bytes: &[u8]) {
    let Ok(remote) = sdp::parse(bytes) else { return };
    // Whoever holds the call is still a remote.
    std::hint::black_box(remote.audio.held());
    let Some(agreed) = negotiate::answer(&PREFERENCE, None, &remote.audio) else { return };
    let local = Local { session: 1, version: 1, address: [198, 51, 100, 7].into(), port: 4_000 };
    let answer = sdp::answer(&local, &remote, &agreed);
    let read = sdp::parse(answer.as_bytes()).expect("our own answer can be read");
    assert_eq!(read.lines.len(), remote.lines.len(), "an answer mirrors every line of its offer");
}

/// A datagram, from a listed address and from a stranger: what the gate lets in can be read in full.
pub fn sip(bytes: &[u8]) {
    let known: IpAddr = [192, 0, 2, 1].into();
    let stranger: IpAddr = [203, 0, 113, 9].into();
    let ignoring = harness::gate(Strangers::Ignored);
    let heard = ignoring.datagram(bytes, known).is_ok();
    if ignoring.datagram(bytes, stranger).is_ok() {
        assert!(matches!(read(bytes), Some(SipMessage::Response(_))), "no request of a stranger's passes");
    }
    std::hint::black_box(harness::gate(Strangers::Challenged).datagram(bytes, stranger).is_ok());
    if !heard || bytes.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    match read(bytes).expect("the gate has read it") {
        SipMessage::Request(request) => {
            std::hint::black_box(screen::screen(&request, &PREFERENCE, 1_800).is_ok());
            std::hint::black_box(message::caller(&request));
            std::hint::black_box(message::user(&request.uri));
            for header in ["Contact", "Refer-To", "From", "To"] {
                std::hint::black_box(message::header(&request.headers, header).and_then(message::uri));
            }
            let kind = message::content_type(&request.headers).unwrap_or_default();
            std::hint::black_box(message::info_digit(kind, &request.body));
        }
        SipMessage::Response(response) => {
            std::hint::black_box(message::status(&response));
            std::hint::black_box(message::sipfrag_status(&response.body));
            std::hint::black_box(screen::description(&response.headers, &response.body).is_ok());
        }
    }
}
