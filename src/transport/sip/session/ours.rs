//! Requests of ours inside a call: the refresh, the transfer, the goodbye.

use std::time::Duration;

use rsipstack::sip::{Method, Request, Response};

use super::{End, Outgoing, REQUEST_TIMEOUT, RefreshBy, Report, Session, TRANSFER_DEADLINE, Transfer};
use crate::transport::sip::client::transact;
use crate::transport::sip::dialog::Path;
use crate::transport::sip::message::{self, ALLOW, SUPPORTED, make};
use crate::transport::sip::screen::asked;
use crate::transport::sip::sdp;
use crate::transport::sip::session::InviteEvent;
use crate::transport::sip::session_timer::{MIN_SE, Refresher, Role, SessionTimer};
use crate::transport::sip::stack::{Wire, peer_on};
use tokio::time::Instant;

/// No answer to BYE for this long: the other side is gone, and so are we (RFC 3261 timer F).
const GOODBYE: Duration = Duration::from_secs(33);

impl Session {
    /// Begins a request on the way this dialog takes.
    fn prepare(&mut self, method: Method) -> (Request, Path) {
        let path = self.dialog.path();
        let wire = path.connection.as_ref().map_or_else(|| Wire::of(&self.dialog.flow.connection), Wire::of);
        let peer = peer_on(&path).unwrap_or(self.dialog.flow.source);
        let via = self.stack.via(wire, peer);
        let contact = self.stack.contact(wire, peer);
        (self.dialog.request(method, via, &contact, self.stack.user_agent), path)
    }

    /// Sends it; the answer comes back as a report.
    fn dispatch(&mut self, outgoing: Outgoing, request: Request, path: Path) {
        let (stack, credentials, report) = (self.stack.clone(), self.credentials.clone(), self.report.clone());
        if outgoing != Outgoing::Refer {
            self.outgoing = Some(outgoing);
        }
        tokio::spawn(async move {
            let answer = transact(&stack, request, path, credentials.as_ref()).await;
            // A session that is over needs no answer.
            report.send(Report::Answer(Box::new(outgoing), answer.map(Box::new))).await.ok();
        });
    }

    /// Refreshes the session (RFC 4028 section 7.4): we stay the refresher.
    pub(super) fn refresh(&mut self) {
        let Some(timer) = &mut self.timer else { return };
        if self.outgoing.is_some() || self.incoming.is_some() {
            timer.failed(self.stack.clock.now());
            return;
        }
        timer.refreshing();
        let interval = timer.interval();
        let (method, outgoing) = match self.refresh_by {
            RefreshBy::Update => (Method::Update, Outgoing::Update),
            RefreshBy::Reinvite => (Method::Invite, Outgoing::Reinvite),
        };
        let (mut request, path) = self.prepare(method);
        request.headers.push(make("Supported", SUPPORTED));
        request.headers.push(make("Allow", ALLOW));
        request.headers.push(make("Session-Expires", format!("{interval};refresher=uac")));
        request.headers.push(make("Min-SE", MIN_SE.to_string()));
        if outgoing == Outgoing::Reinvite {
            let offer = self.exchange.offer();
            message::attach(&mut request.headers, &mut request.body, sdp::CONTENT_TYPE, offer);
        }
        self.dispatch(outgoing, request, path);
    }

    /// Passes the caller on (RFC 3515).
    pub(super) async fn transfer(&mut self, to: &str) {
        if self.transfer != Transfer::None {
            return;
        }
        let target = refer_to(to, &self.dialog.target.host_with_port.to_string());
        let (mut request, path) = self.prepare(Method::Refer);
        request.headers.push(make("Refer-To", target));
        let us = message::header(&request.headers, "Contact").unwrap_or_default().to_owned();
        request.headers.push(make("Referred-By", us));
        self.transfer = Transfer::Pending { deadline: Instant::now() + TRANSFER_DEADLINE };
        self.dispatch(Outgoing::Refer, request, path);
    }

    pub(super) async fn answered_to(&mut self, request: Outgoing, response: Option<&Response>) -> Option<End> {
        if self.outgoing == Some(request) {
            self.outgoing = None;
        }
        let status = response.map_or(REQUEST_TIMEOUT, message::status);
        match request {
            Outgoing::Refer => {
                if status >= 300 && self.transfer != Transfer::None {
                    self.transferred(Err(status)).await;
                }
                None
            }
            Outgoing::Update | Outgoing::Reinvite => self.refreshed(request, status, response).await,
        }
    }

    async fn refreshed(&mut self, request: Outgoing, status: u16, response: Option<&Response>) -> Option<End> {
        let now = self.stack.clock.now();
        match outcome(request, status, response) {
            Outcome::Agreed(response) => {
                self.dialog.refresh_target(&response.headers);
                self.learn_methods(&message::list(&response.headers, "Allow"));
                self.timer = asked(&response.headers).session_expires.map(|agreed| {
                    let refresher = Refresher::from_roles(agreed.refresher.unwrap_or(Role::Uac), Role::Uac);
                    SessionTimer::new(agreed.interval.max(MIN_SE), refresher, now)
                });
                if request == Outgoing::Reinvite {
                    let answer = message::body_of_type(&response.headers, &response.body, sdp::CONTENT_TYPE)
                        .and_then(|body| sdp::parse(body).ok());
                    let signals = answer.and_then(|answer| self.exchange.accept(&answer)).unwrap_or_default();
                    self.tell_all(signals).await;
                }
                None
            }
            Outcome::Gone => Some(End::Lost),
            Outcome::TooBrief { min } => {
                match &mut self.timer {
                    Some(timer) if timer.interval() < min => {
                        *timer = SessionTimer::new(min, Refresher::Us, now);
                        self.refresh();
                    }
                    Some(timer) => timer.failed(now),
                    None => {}
                }
                None
            }
            Outcome::NoUpdate => {
                self.refresh_by = RefreshBy::Reinvite;
                self.refresh();
                None
            }
            Outcome::Later => {
                if let Some(timer) = &mut self.timer {
                    timer.failed(now);
                }
                None
            }
        }
    }

    /// BYE, once we may send it: not before their ACK of our 200 or the end of waiting for it (RFC 3261 section 15).
    pub(super) async fn say_bye(mut self) {
        let closed = self.stack.closed.clone();
        while self.incoming.is_some() {
            tokio::select! {
                () = closed.cancelled() => return,
                report = self.reports.recv() => match report {
                    Some(Report::Invite(InviteEvent::Acknowledged(_) | InviteEvent::Unacknowledged)) | None => {
                        self.incoming = None;
                    }
                    Some(Report::Invite(InviteEvent::Cancelled) | Report::Answer(..)) => {}
                },
                request = self.entry.requests.recv() => {
                    if let Some(request) = request
                        && self.request_after_the_end(request).await
                    {
                        return;
                    }
                }
            }
        }
        let (request, path) = self.prepare(Method::Bye);
        let (stack, credentials) = (self.stack.clone(), self.credentials.clone());
        let goodbye = transact(&stack, request, path, credentials.as_ref());
        let goodbye = tokio::time::timeout(GOODBYE, goodbye);
        tokio::pin!(goodbye);
        loop {
            tokio::select! {
                () = closed.cancelled() => return,
                _ = &mut goodbye => return,
                request = self.entry.requests.recv() => {
                    // Their BYE crossed ours: both are answered, and both sides are done.
                    if let Some(request) = request {
                        self.request_after_the_end(request).await;
                    }
                }
            }
        }
    }

    /// Answers a request that came too late. `true`: it was BYE.
    async fn request_after_the_end(
        &mut self,
        mut transaction: rsipstack::transaction::transaction::Transaction,
    ) -> bool {
        let bye = transaction.original.method == Method::Bye && self.dialog.is_from_peer(&transaction.original);
        let status = if bye { 200 } else { 481 };
        let response = self.stack.response(&transaction.original, status, &self.dialog.local_tag, Vec::new());
        // Whether it arrives makes no difference now.
        transaction.respond(response).await.ok();
        bye
    }
}

/// What the answer to a refresh means.
enum Outcome<'a> {
    Agreed(&'a Response),
    /// The call does not exist any more, or its far side does not answer: it is over (RFC 4028 section 10).
    Gone,
    /// They want an interval of so many seconds or more.
    TooBrief {
        min: u32,
    },
    /// They do not know UPDATE after all.
    NoUpdate,
    /// Glare, overload and the like pass; the interval's end still stands behind us.
    Later,
}

fn outcome(request: Outgoing, status: u16, response: Option<&Response>) -> Outcome<'_> {
    match (status, request, response) {
        (200..300, _, Some(response)) => Outcome::Agreed(response),
        (408 | 481, _, _) => Outcome::Gone,
        (422, _, Some(response)) => Outcome::TooBrief { min: asked(&response.headers).min_se.unwrap_or(MIN_SE) },
        (405 | 501, Outgoing::Update, _) => Outcome::NoUpdate,
        // Of the hundreds of statuses there may be, every other one.
        (_, Outgoing::Update | Outgoing::Reinvite | Outgoing::Refer, _) => Outcome::Later,
    }
}

/// A Refer-To value: a URI as it is, a number at the other side's own host.
fn refer_to(to: &str, host: &str) -> String {
    // What would end the header or the brackets has no place in a URI.
    let to: String = to.trim().chars().filter(|c| !c.is_control() && !"<>\" ".contains(*c)).collect();
    if to.starts_with("sip:") || to.starts_with("sips:") || to.starts_with("tel:") {
        return format!("<{to}>");
    }
    let number: String = to.chars().filter(|c| c.is_ascii_alphanumeric() || "+*#".contains(*c)).collect();
    format!("<sip:{number}@{host}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_names_a_uri_whatever_it_is_given() {
        assert_eq!(refer_to("sip:desk@clinic.example", "h"), "<sip:desk@clinic.example>");
        assert_eq!(refer_to("tel:+16045550123", "h"), "<tel:+16045550123>");
        assert_eq!(refer_to("+1 (604) 555-0123", "carrier.example:5060"), "<sip:+16045550123@carrier.example:5060>");
        assert_eq!(refer_to("1>\r\nX: y", "h"), "<sip:1Xy@h>");
        assert_eq!(refer_to("sip:a@b>\r\nX: y", "h"), "<sip:a@bX:y>");
    }
}
