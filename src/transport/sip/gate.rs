//! The gate before the SIP stack: decides, for a few microseconds each, which datagrams and messages reach it at all.
//!
//! Strangers, scanners, floods and garbage are dropped without an answer, since any answer tells a scanner that somebody is
//! here; each is counted. It sits inside the socket that the stack reads from, so that the stack never sees the rest.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use attendant_media::time::Time;
use parking_lot::Mutex;
use rsipstack::sip::{HeadersExt, Method, Request, SipMessage};

use super::allow::{Limiter, Network, Rate};
use super::counters::{Counters, Dropped};
use super::dialog::Dialogs;
use super::message;
use super::streams::{Standing, Streams, Use};
use crate::transport::sip::clock::Clock;

/// Nothing longer is SIP over UDP: it would arrive in fragments.
const LONGEST_DATAGRAM: usize = 16 * 1_024;

/// What an address that is not on the list may send: a call needs about ten messages.
const STRANGERS: Rate = Rate { per_second: 10.0, burst: 40.0 };

/// What a listed address may send: a carrier's busiest gateway, with room.
const KNOWN: Rate = Rate { per_second: 5_000.0, burst: 10_000.0 };

/// User agents of tools that look for open SIP servers, in small letters.
const SCANNERS: [&str; 10] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sipscan",
    "sundayddr",
    "iwar",
    "pplsip",
    "vaxsipuseragent",
];

/// Who is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Addresses that are not on the list get no answer.
    Ignored,
    /// They are challenged: users exist who could ring from anywhere.
    Challenged,
}

/// See the module header.
#[derive(Debug)]
pub struct Gate {
    allow: Vec<Network>,
    strangers: Strangers,
    known_rate: Mutex<Limiter>,
    stranger_rate: Mutex<Limiter>,
    counters: Arc<Counters>,
    dialogs: Dialogs,
    clock: Clock,
    pub(super) streams: Streams,
}

impl Gate {
    pub(crate) fn new(
        allow: Vec<Network>,
        strangers: Strangers,
        counters: Arc<Counters>,
        dialogs: Dialogs,
        clock: Clock,
    ) -> Self {
        Self {
            allow,
            strangers,
            known_rate: Mutex::new(Limiter::new(KNOWN)),
            stranger_rate: Mutex::new(Limiter::new(STRANGERS)),
            counters,
            dialogs,
            clock,
            streams: Streams::default(),
        }
    }

    /// Whether this address may ring without a password.
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip))
    }

    /// Whether a connection from here is worth having.
    pub fn hears(&self, ip: IpAddr) -> bool {
        self.knows(ip) || self.strangers == Strangers::Challenged
    }

    /// Judges a datagram before anything parses it for good.
    pub fn datagram(&self, datagram: &[u8], from: IpAddr) -> Result<(), Dropped> {
        self.within_rate(from, self.clock.now())?;
        // Keep-alives of NATs and phones: empty lines, which the stack answers.
        if datagram.iter().all(u8::is_ascii_whitespace) {
            return if self.hears(from) { Ok(()) } else { Err(Dropped::Stranger) };
        }
        if datagram.len() > LONGEST_DATAGRAM {
            return Err(Dropped::Malformed);
        }
        self.message(&read(datagram).ok_or(Dropped::Malformed)?, from)
    }

    fn within_rate(&self, from: IpAddr, now: Time) -> Result<(), Dropped> {
        let limiter = if self.knows(from) { &self.known_rate } else { &self.stranger_rate };
        if limiter.lock().take(from, now) { Ok(()) } else { Err(Dropped::Flood) }
    }

    /// Judges a message by what it says and where it comes from.
    pub fn message(&self, message: &SipMessage, from: IpAddr) -> Result<(), Dropped> {
        let request = match message {
            SipMessage::Request(request) => request,
            // An answer to what we never asked finds no transaction and dies there.
            SipMessage::Response(response) => {
                return if is_whole(response) { Ok(()) } else { Err(Dropped::Malformed) };
            }
        };
        let known = self.knows(from);
        if !known && self.strangers == Strangers::Ignored && !self.belongs(request) {
            return Err(Dropped::Stranger);
        }
        if !is_whole(request) || !is_consistent(request) {
            return Err(Dropped::Malformed);
        }
        if message::header(&request.headers, "User-Agent").is_some_and(is_scanner) {
            return Err(Dropped::Scanner);
        }
        Ok(())
    }

    /// Part of a call that we made or took: its address may differ from the one that began it.
    fn belongs(&self, request: &Request) -> bool {
        message::header(&request.headers, "Call-ID").is_some_and(|call_id| self.dialogs.knows(call_id))
    }

    /// Whether what came on a stream reaches the stack; if so, the stream is of use.
    pub(super) fn streamed(&self, message: &SipMessage, peer: SocketAddr) -> Result<(), Dropped> {
        self.within_rate(peer.ip(), self.clock.now())?;
        self.message(message, peer.ip())?;
        self.streams.used(peer, self.use_of(message));
        Ok(())
    }

    /// What a stream is good for that such a message came on.
    fn use_of(&self, message: &SipMessage) -> Use {
        match message {
            SipMessage::Request(request) if self.belongs(request) => Use::Call,
            SipMessage::Request(_) | SipMessage::Response(_) => Use::Message,
        }
    }

    pub(crate) fn standing(&self, ip: IpAddr) -> Standing {
        if self.knows(ip) { Standing::Listed } else { Standing::Stranger }
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    pub(crate) fn count(&self, reason: Dropped) {
        self.counters.count(reason);
    }
}

/// Parses a datagram, or says that it is no SIP message.
pub fn read(datagram: &[u8]) -> Option<SipMessage> {
    if !datagram.first()?.is_ascii_alphabetic() {
        return None;
    }
    SipMessage::try_from(datagram).ok()
}

/// The headers that every message has (RFC 3261 section 8.1.1), in a form the stack can use.
fn is_whole(message: &impl HeadersExt) -> bool {
    message.top_via_header().is_ok_and(|via| rsipstack::sip::typed::Via::parse(via.value()).is_ok())
        && message.from_header().is_ok_and(|from| from.tag().is_ok_and(|tag| tag.is_some()))
        && message.to_header().is_ok_and(|to| to.tag().is_ok())
        && message.call_id_header().is_ok_and(|id| !id.value().is_empty())
        && message.cseq_header().is_ok_and(|cseq| cseq.seq().is_ok() && cseq.method().is_ok())
}

fn is_consistent(request: &Request) -> bool {
    let method = request.cseq_header().and_then(|cseq| cseq.method());
    method.is_ok_and(|method| method == request.method || (request.method == Method::Ack && method == Method::Invite))
}

fn is_scanner(user_agent: &str) -> bool {
    let user_agent = user_agent.to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| user_agent.contains(scanner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CARRIER: &str = "192.76.120.31";

    fn gate(strangers: Strangers) -> Gate {
        let allow = vec!["192.76.120.0/24".parse().unwrap()];
        Gate::new(allow, strangers, Arc::default(), Dialogs::default(), Clock::start())
    }

    fn request(user_agent: &str) -> String {
        format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\n\
             Call-ID: c1\r\nCSeq: 1 OPTIONS\r\nUser-Agent: {user_agent}\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn judge(gate: &Gate, text: &str, from: &str) -> Result<(), Dropped> {
        gate.datagram(text.as_bytes(), from.parse().unwrap())
    }

    #[test]
    fn the_carrier_passes_and_strangers_do_not() {
        let gate = gate(Strangers::Ignored);
        assert_eq!(judge(&gate, &request("Telnyx"), CARRIER), Ok(()));
        assert_eq!(judge(&gate, &request("Telnyx"), "8.8.8.8"), Err(Dropped::Stranger));
        assert_eq!(judge(&gate, "\r\n\r\n", CARRIER), Ok(()));
        assert_eq!(judge(&gate, "\r\n\r\n", "8.8.8.8"), Err(Dropped::Stranger));
    }

    #[test]
    fn scanners_are_known_by_their_names() {
        let gate = gate(Strangers::Challenged);
        for tool in ["friendly-scanner", "sipcli/v1.8", "SIPVicious 0.3"] {
            assert_eq!(judge(&gate, &request(tool), CARRIER), Err(Dropped::Scanner), "{tool}");
        }
        assert_eq!(judge(&gate, &request("Yealink T46"), "8.8.8.8"), Ok(()));
    }

    #[test]
    fn half_a_message_is_malformed() {
        let gate = gate(Strangers::Ignored);
        let whole = request("x");
        for line in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let without: String =
                whole.split_inclusive("\r\n").filter(|text| !text.starts_with(&format!("{line}:"))).collect();
            assert_eq!(judge(&gate, &without, CARRIER), Err(Dropped::Malformed), "{line}");
        }
        for text in [
            "\0\0\0\0",
            "GET / HTTP/1.1\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.0",
            &whole.replace("1 OPTIONS", "1 INVITE"),
            &whole.replace(";tag=1", ""),
            &whole.replace("1 OPTIONS", "x OPTIONS"),
        ] {
            assert_eq!(judge(&gate, text, CARRIER), Err(Dropped::Malformed), "{text}");
        }
    }

    #[test]
    fn a_flood_from_one_address_stops_at_its_burst() {
        let gate = gate(Strangers::Challenged);
        let passed = (0..500).filter(|_| judge(&gate, &request("x"), "8.8.8.8").is_ok()).count();
        assert!((40..=50).contains(&passed), "{passed}");
        assert_eq!(judge(&gate, &request("x"), "8.8.4.4"), Ok(()));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let gate = gate(Strangers::Challenged);
            let verdict = gate.datagram(&bytes, CARRIER.parse().unwrap());
            prop_assert!(verdict.is_ok() || verdict == Err(Dropped::Malformed));
        }

        #[test]
        fn a_damaged_message_never_panics(cut in 0_usize..300, insert in ".{0,20}", skip in 0_usize..40) {
            let text = request("x");
            let cut = cut.min(text.len());
            let rest = (cut + skip).min(text.len());
            let damaged = format!("{}{insert}{}", &text[..cut], &text[rest..]);
            let gate = gate(Strangers::Challenged);
            gate.datagram(damaged.as_bytes(), CARRIER.parse().unwrap()).ok();
        }
    }
}
