//! Whether an INVITE that begins a call proves who sends it; and the 401 for one that does not, of which nothing is kept.
//!
//! Who is not on the list gets no further than this without a proof: a flood of INVITEs, from forged addresses too, costs an answer each, sent
//! once, and no transaction. Decides nothing about addresses ([`super::gate`] does).

use std::net::{IpAddr, SocketAddr};

use rsipstack::sip::{Method, Request, SipMessage};

use super::clock::Clock;
use super::digest::{Gatekeeper, Proof};
use super::{gate, message, stateless};

/// See the module header.
#[derive(Debug)]
pub(crate) struct Challenger {
    gatekeeper: Gatekeeper,
    clock: Clock,
}

/// What becomes of a message of somebody who is not on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is no INVITE that begins a call, or it proves who sends it.
    Passes,
    /// It is answered so.
    Challenged(String),
    /// It cannot be answered.
    Malformed,
}

impl Challenger {
    pub(crate) const fn new(gatekeeper: Gatekeeper, clock: Clock) -> Self {
        Self { gatekeeper, clock }
    }

    /// The value of the WWW-Authenticate that this INVITE lacks an answer to, if it does.
    pub(crate) fn lacks(&self, invite: &Request, from: IpAddr) -> Option<String> {
        let now = self.clock.now();
        let proof = message::header(&invite.headers, "Authorization")
            .map(|header| self.gatekeeper.check(header, "INVITE", from, now));
        let stale = match proof {
            Some(Proof::Good) => return None,
            Some(Proof::Stale) => true,
            Some(Proof::Bad) | None => false,
        };
        Some(self.gatekeeper.challenge(from, now, stale))
    }

    /// Judges a datagram.
    pub(crate) fn datagram(&self, datagram: &[u8], from: SocketAddr) -> Verdict {
        if !datagram.starts_with(b"INVITE ") {
            return Verdict::Passes;
        }
        match gate::read(datagram) {
            Some(message) => self.message(&message, from),
            None => Verdict::Malformed,
        }
    }

    /// Judges a message.
    pub(crate) fn message(&self, message: &SipMessage, from: SocketAddr) -> Verdict {
        let SipMessage::Request(request) = message else { return Verdict::Passes };
        let begins = request.method == Method::Invite && super::stack::to_tag(request).is_none();
        let Some(challenge) = begins.then(|| self.lacks(request, from.ip())).flatten() else { return Verdict::Passes };
        let text = request.to_string();
        let headers = text.split_once("\r\n\r\n").and_then(|(head, _)| head.split_once("\r\n"));
        let own = format!("WWW-Authenticate: {challenge}\r\n");
        headers
            .and_then(|(_, headers)| stateless::answer("INVITE", headers, from, "401 Unauthorized", &own))
            .map_or(Verdict::Malformed, Verdict::Challenged)
    }
}

#[cfg(test)]
mod tests;
