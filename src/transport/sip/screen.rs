//! Decides whether an INVITE can be taken at all, before anything is spent on it: extensions, body, timers, codecs.
//!
//! Pure: a request in, an offer or a refusal out. Refusals say what would have been acceptable.

use rsipstack::sip::{Header, Headers, Request};

use super::message::{self, ACCEPT, SUPPORTED, make};
use super::negotiate::{self, CodecName};
use super::sdp::{self, Remote, SdpError};
use super::session_timer::{self, Asked, SessionExpires};

/// A final answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub headers: Vec<Header>,
}

impl Refused {
    pub fn new(status: u16, headers: &[(&str, &str)]) -> Self {
        Self { status, headers: headers.iter().map(|(name, value)| make(name, *value)).collect() }
    }
}

/// What an acceptable INVITE or UPDATE brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screened {
    /// `None`: no description; in an INVITE, we are to offer.
    pub offer: Option<Remote>,
    pub timer: session_timer::Answer,
}

/// Screens a request that may carry an offer. `wanted`: our session interval, seconds.
pub fn screen(request: &Request, codecs: &[CodecName], wanted: u32) -> Result<Screened, Refused> {
    extensions(request)?;
    if message::header(&request.headers, "Contact").is_none() {
        return Err(Refused::new(400, &[("Warning", "399 attendant \"Contact is missing\"")]));
    }
    let timer = match session_timer::answer(asked(&request.headers), wanted) {
        session_timer::Answer::TooSmall { min_se } => {
            return Err(Refused::new(422, &[("Min-SE", &min_se.to_string())]));
        }
        timer @ session_timer::Answer::Timer { .. } => timer,
    };
    let offer = description(&request.headers, &request.body)?;
    if let Some(offer) = &offer
        && negotiate::answer(codecs, None, &offer.audio).is_none()
    {
        return Err(no_codec());
    }
    Ok(Screened { offer, timer })
}

/// 420 for a Require that we do not know (RFC 3261 section 8.2.2.3).
pub fn extensions(request: &Request) -> Result<(), Refused> {
    let unknown: Vec<_> = message::list(&request.headers, "Require")
        .into_iter()
        .filter(|option| !option.eq_ignore_ascii_case(SUPPORTED))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Refused::new(420, &[("Unsupported", &unknown.join(", "))])) }
}

/// The description in a body; 415, 400 or 488 if it is of another kind, broken, or without audio that we can do.
pub fn description(headers: &Headers, body: &[u8]) -> Result<Option<Remote>, Refused> {
    if body.is_empty() {
        return Ok(None);
    }
    let encoded =
        message::header(headers, "Content-Encoding").is_some_and(|value| !value.eq_ignore_ascii_case("identity"));
    let Some(body) = message::body_of_type(headers, body, sdp::CONTENT_TYPE).filter(|_| !encoded) else {
        return Err(Refused::new(415, &[("Accept", ACCEPT), ("Accept-Encoding", "identity")]));
    };
    match sdp::parse(body) {
        Ok(remote) => Ok(Some(remote)),
        Err(SdpError::Malformed | SdpError::TooLong) => {
            Err(Refused::new(400, &[("Warning", "399 attendant \"the session description cannot be read\"")]))
        }
        Err(SdpError::NoAudio) => {
            Err(Refused::new(488, &[("Warning", "304 attendant \"there is no plain RTP audio\"")]))
        }
    }
}

/// 488 for an offer without a codec of ours.
pub fn no_codec() -> Refused {
    Refused::new(488, &[("Warning", "305 attendant \"there is no codec in common\"")])
}

/// What a message says about session timers.
pub fn asked(headers: &Headers) -> Asked {
    Asked {
        supported: message::names(headers, "Supported", "timer") || message::names(headers, "Require", "timer"),
        session_expires: message::header(headers, "Session-Expires").and_then(SessionExpires::parse),
        min_se: message::header(headers, "Min-SE").and_then(|value| value.split(';').next()?.trim().parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rsipstack::sip::SipMessage;

    const OFFER: &str =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

    fn invite(headers: &str, body: &str) -> Request {
        let text = format!(
            "INVITE sip:clinic@198.51.100.7 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n\
             To: <sip:clinic@198.51.100.7>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match SipMessage::try_from(text.as_bytes()).unwrap() {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!("it is a request"),
        }
    }

    fn refused(headers: &str, body: &str) -> (u16, String) {
        let refused = screen(&invite(headers, body), &negotiate::PREFERENCE, 1_800).unwrap_err();
        let headers: Vec<_> = refused.headers.iter().map(ToString::to_string).collect();
        (refused.status, headers.join("\n"))
    }

    const CONTACT: &str = "Contact: <sip:x@192.0.2.1>\r\n";
    const SDP: &str = "Contact: <sip:x@192.0.2.1>\r\nContent-Type: application/sdp\r\n";

    #[test]
    fn a_plain_invite_with_an_offer_is_acceptable() {
        let screened = screen(&invite(SDP, OFFER), &negotiate::PREFERENCE, 1_800).unwrap();
        assert!(screened.offer.is_some());
        assert!(screen(&invite(CONTACT, ""), &negotiate::PREFERENCE, 1_800).unwrap().offer.is_none());
    }

    #[test]
    fn each_refusal_says_what_would_do() {
        assert_eq!(
            refused(&format!("{SDP}Require: 100rel, timer\r\nRequire: foo\r\n"), OFFER),
            (420, "Unsupported: 100rel, foo".into())
        );
        assert_eq!(refused("Content-Type: application/sdp\r\n", OFFER).0, 400);
        assert_eq!(
            refused(&format!("{SDP}Supported: timer\r\nSession-Expires: 60\r\n"), OFFER),
            (422, "Min-SE: 90".into())
        );
        assert_eq!(
            refused(&format!("{CONTACT}Content-Type: application/isup\r\n"), "x"),
            (415, format!("Accept: {ACCEPT}\nAccept-Encoding: identity"))
        );
        assert_eq!(refused(&format!("{SDP}Content-Encoding: gzip\r\n"), OFFER).0, 415);
        assert_eq!(refused(SDP, "v=0\r\nwhat").0, 400);
        assert_eq!(refused(SDP, &OFFER.replace("audio", "video")).0, 488);
        assert_eq!(
            refused(SDP, &OFFER.replace("RTP/AVP 0", "RTP/AVP 18")),
            (488, "Warning: 305 attendant \"there is no codec in common\"".into())
        );
        assert_eq!(refused(SDP, &OFFER.replace("RTP/AVP", "RTP/SAVP")).0, 488);
    }

    proptest! {
        #[test]
        fn hostile_descriptions_are_refused_and_never_panic(body in ".{0,400}", cut in 0_usize..120, line in "[a-z]=.{0,60}") {
            description(&invite(SDP, "").headers, body.as_bytes()).ok();
            let damaged = format!("{}{line}\r\n{}", &OFFER[..cut.min(OFFER.len())], &OFFER[cut.min(OFFER.len())..]);
            description(&invite(SDP, "").headers, damaged.as_bytes()).ok();
            screen(&invite(SDP, &damaged), &negotiate::PREFERENCE, 1_800).ok();
        }
    }
}
