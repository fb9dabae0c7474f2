//! Requests of the other side inside a call: what each changes and what it is answered.

use rsipstack::sip::{Header, Method};
use rsipstack::transaction::transaction::Transaction;

use super::{Answering, End, Incoming, Outgoing, RefreshBy, Session, Transfer};
use crate::call::event::Signal;
use crate::transport::sip::counters::Dropped;
use crate::transport::sip::message::{self, ACCEPT, ALLOW, SUPPORTED, make};
use crate::transport::sip::screen::{self, Refused};
use crate::transport::sip::sdp::{self, Remote};
use crate::transport::sip::session_timer::{self, Refresher, Role, SessionTimer};

/// A request that came while another of its kind is unanswered may come again after this (RFC 3261 section 14.2: 0 to 10 s).
const RETRY_AFTER_S: u8 = 2;

impl Session {
    pub(super) async fn request(&mut self, mut transaction: Transaction) -> Option<End> {
        let request = transaction.original.clone();
        // Nothing answers an ACK (RFC 3261 section 17): this is one that no transaction claimed, such as a repeated one.
        if request.method == Method::Ack {
            return None;
        }
        if !self.dialog.is_from_peer(&request) {
            self.reply(&mut transaction, Refused::new(481, &[])).await;
            return None;
        }
        if !self.dialog.in_order(&request) {
            self.reply(&mut transaction, Refused::new(500, &[])).await;
            return None;
        }
        if let Err(refused) = screen::extensions(&request) {
            self.reply(&mut transaction, refused).await;
            return None;
        }
        if matches!(request.method, Method::Invite | Method::Update)
            && let Some(end) = self.settle().await
        {
            return Some(end);
        }
        match request.method {
            Method::Bye => {
                self.reply(&mut transaction, Refused::new(200, &[])).await;
                return Some(End::Theirs);
            }
            Method::Invite => self.reinvite(transaction).await,
            Method::Update => self.update(&mut transaction).await,
            Method::Info => self.info(&mut transaction).await,
            Method::Notify => self.notify(&mut transaction).await,
            Method::Options => {
                let capable = [("Allow", ALLOW), ("Accept", ACCEPT), ("Supported", SUPPORTED)];
                self.reply(&mut transaction, Refused::new(200, &capable)).await;
            }
            // Left alone above.
            Method::Ack => {}
            Method::Cancel
            | Method::Message
            | Method::PRack
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe => {
                self.reply(&mut transaction, Refused::new(405, &[("Allow", ALLOW)])).await;
            }
        }
        None
    }

    /// Answers a request that is not an INVITE, or refuses an INVITE.
    async fn reply(&self, transaction: &mut Transaction, answer: Refused) {
        let response =
            self.stack.response(&transaction.original, answer.status, &self.dialog.local_tag, answer.headers);
        if transaction.respond(response).await.is_err() {
            self.stack.count(Dropped::Overflow);
        }
    }

    /// Refuses an INVITE; its transaction repeats the refusal until the ACK.
    fn refuse_invite(&self, transaction: Transaction, refused: Refused) {
        let response =
            self.stack.response(&transaction.original, refused.status, &self.dialog.local_tag, refused.headers);
        Answering::drive(transaction).respond(response);
    }

    async fn reinvite(&mut self, transaction: Transaction) {
        if matches!(self.outgoing, Some(Outgoing::Reinvite | Outgoing::Update)) {
            self.refuse_invite(transaction, Refused::new(491, &[]));
            return;
        }
        if self.incoming.is_some() {
            self.refuse_invite(transaction, Refused::new(500, &[("Retry-After", &RETRY_AFTER_S.to_string())]));
            return;
        }
        let request = transaction.original.clone();
        let screened = match screen::screen(&request, self.exchange.codecs(), self.wanted) {
            Ok(screened) => screened,
            Err(refused) => {
                self.refuse_invite(transaction, refused);
                return;
            }
        };
        let (body, signals, offered) = match &screened.offer {
            Some(offer) => match self.exchange.answer(offer) {
                Some((body, signals)) => (body, signals, false),
                None => {
                    self.refuse_invite(transaction, screen::no_codec());
                    return;
                }
            },
            None => (self.exchange.offer(), Vec::new(), true),
        };
        self.dialog.refresh_target(&request.headers);
        let mut headers = self.agree_timer(screened.timer);
        headers.push(make("Contact", self.our_contact()));
        headers.push(make("Allow", ALLOW));
        headers.push(make("Supported", SUPPORTED));
        let mut response = self.stack.response(&request, 200, &self.dialog.local_tag, headers);
        message::attach(&mut response.headers, &mut response.body, sdp::CONTENT_TYPE, body);
        let invite = Answering::drive(transaction);
        invite.respond(response);
        self.incoming = Some(Incoming { offered });
        self.forward(invite);
        self.tell_all(signals).await;
    }

    async fn update(&mut self, transaction: &mut Transaction) {
        let request = transaction.original.clone();
        let has_offer = !request.body.is_empty();
        if has_offer && matches!(self.outgoing, Some(Outgoing::Reinvite | Outgoing::Update)) {
            self.reply(transaction, Refused::new(491, &[])).await;
            return;
        }
        if has_offer && self.incoming.is_some() {
            self.reply(transaction, Refused::new(500, &[("Retry-After", &RETRY_AFTER_S.to_string())])).await;
            return;
        }
        let screened = match screen::screen(&request, self.exchange.codecs(), self.wanted) {
            Ok(screened) => screened,
            Err(refused) => {
                self.reply(transaction, refused).await;
                return;
            }
        };
        let answered = match screened.offer.as_ref().map(|offer: &Remote| self.exchange.answer(offer)) {
            None => None,
            Some(Some(answered)) => Some(answered),
            Some(None) => {
                self.reply(transaction, screen::no_codec()).await;
                return;
            }
        };
        self.dialog.refresh_target(&request.headers);
        let mut headers = self.agree_timer(screened.timer);
        headers.push(make("Contact", self.our_contact()));
        headers.push(make("Supported", SUPPORTED));
        let mut response = self.stack.response(&request, 200, &self.dialog.local_tag, headers);
        let signals = match answered {
            Some((body, signals)) => {
                message::attach(&mut response.headers, &mut response.body, sdp::CONTENT_TYPE, body);
                signals
            }
            None => Vec::new(),
        };
        if transaction.respond(response).await.is_err() {
            self.stack.count(Dropped::Overflow);
        }
        self.tell_all(signals).await;
    }

    /// Restarts the session timer as agreed in a request of theirs, and says so in the answer.
    fn agree_timer(&mut self, answer: session_timer::Answer) -> Vec<Header> {
        let session_timer::Answer::Timer { session_expires, require } = answer else { return Vec::new() };
        let refresher = Refresher::from_roles(session_expires.refresher.unwrap_or(Role::Uas), Role::Uas);
        self.timer = Some(SessionTimer::new(session_expires.interval, refresher, self.stack.clock.now()));
        timer_headers(session_expires, require)
    }

    async fn info(&mut self, transaction: &mut Transaction) {
        let request = &transaction.original;
        let kind = message::content_type(&request.headers).unwrap_or_default().to_owned();
        let is_dtmf = ["application/dtmf-relay", "application/dtmf"].iter().any(|dtmf| kind.eq_ignore_ascii_case(dtmf));
        if request.body.is_empty() {
            self.reply(transaction, Refused::new(200, &[])).await;
        } else if is_dtmf {
            match message::info_digit(&kind, &request.body) {
                Some(digit) => {
                    self.reply(transaction, Refused::new(200, &[])).await;
                    self.tell(Signal::Dtmf(digit)).await;
                }
                None => self.reply(transaction, Refused::new(400, &[])).await,
            }
        } else {
            let accept = "application/dtmf-relay, application/dtmf";
            self.reply(transaction, Refused::new(415, &[("Accept", accept)])).await;
        }
    }

    /// The progress of a transfer (RFC 3515 section 2.4.5).
    async fn notify(&mut self, transaction: &mut Transaction) {
        let request = transaction.original.clone();
        let event = message::header(&request.headers, "Event").and_then(|event| event.split(';').next()).map(str::trim);
        if !event.is_some_and(|event| event.eq_ignore_ascii_case("refer")) {
            self.reply(transaction, Refused::new(489, &[("Allow-Events", "refer")])).await;
            return;
        }
        if self.transfer == Transfer::None {
            self.reply(transaction, Refused::new(481, &[])).await;
            return;
        }
        self.reply(transaction, Refused::new(200, &[])).await;
        let over = message::header(&request.headers, "Subscription-State")
            .is_some_and(|state| state.trim_start().to_ascii_lowercase().starts_with("terminated"));
        match message::sipfrag_status(&request.body) {
            Some(200..300) => self.transferred(Ok(())).await,
            Some(status @ 300..) => self.transferred(Err(status)).await,
            // No outcome will come any more.
            Some(_) | None if over => self.transferred(Err(NO_OUTCOME)).await,
            Some(_) | None => {}
        }
    }

    /// Our Contact on the way this call takes.
    pub(super) fn our_contact(&self) -> String {
        let flow = &self.dialog.flow;
        self.stack.contact(crate::transport::sip::stack::Wire::of(&flow.connection), flow.source)
    }

    pub(super) fn learn_methods(&mut self, allow: &[&str]) {
        if !allow.is_empty() {
            let update = allow.iter().any(|method| method.eq_ignore_ascii_case("UPDATE"));
            self.refresh_by = if update { RefreshBy::Update } else { RefreshBy::Reinvite };
        }
    }
}

/// 480: the transfer's subscription ended without an outcome.
const NO_OUTCOME: u16 = 480;

/// Session-Expires and, where the other side must act on it, Require.
pub(crate) fn timer_headers(session_expires: session_timer::SessionExpires, require: bool) -> Vec<Header> {
    let mut headers = vec![make("Session-Expires", session_expires.to_string())];
    if require {
        headers.push(make("Require", "timer"));
    }
    headers
}
