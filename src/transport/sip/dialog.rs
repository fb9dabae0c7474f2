//! A dialog (RFC 3261 section 12): who the two sides are, what number comes next, which way requests go; and the table that
//! finds the call a request belongs to. An entry leaves the table when its owner drops it, so that nothing leaks.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rsipstack::sip::{Headers, Host, Method, Request, Response, Transport, Uri, Version};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::sync::{Notify, mpsc};

use super::message::{self, make};

/// Requests of one call that wait to be read: a phone sends them one after the other.
const QUEUE: usize = 16;

/// How often one request is repeated with credentials: for a proxy, for the far side, and once for a nonce that was too old.
pub(crate) const MOST_CHALLENGES: u32 = 3;

/// Room that each request takes in our sequence numbers: itself, and its repetitions with credentials.
const STRIDE: u32 = 1 + MOST_CHALLENGES;

/// Where the other side's messages come from.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) connection: SipConnection,
    pub(crate) source: SocketAddr,
}

/// Which way a request goes: over a connection, to an address; nothing means that the stack looks it up.
#[derive(Clone, Default)]
pub(crate) struct Path {
    pub(crate) connection: Option<SipConnection>,
    pub(crate) destination: Option<SipAddr>,
}

pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// From or To values with their tags.
    local: String,
    remote: String,
    pub(crate) local_tag: String,
    next: u32,
    highest: Option<u32>,
    pub(crate) target: Uri,
    routes: Vec<String>,
    pub(crate) flow: Flow,
}

impl Dialog {
    /// The dialog that an INVITE to us begins. `None`: it lacks a Contact or another thing every INVITE has.
    pub(crate) fn uas(invite: &Request, local_tag: &str, flow: Flow) -> Option<Self> {
        let to = message::header(&invite.headers, "To")?;
        Some(Self {
            call_id: message::header(&invite.headers, "Call-ID")?.to_owned(),
            local: format!("{to};tag={local_tag}"),
            remote: message::header(&invite.headers, "From")?.to_owned(),
            local_tag: local_tag.to_owned(),
            next: 1 + rand::random::<u16>() as u32,
            highest: cseq(&invite.headers),
            target: contact(&invite.headers)?,
            routes: owned(message::list(&invite.headers, "Record-Route")),
            flow,
        })
    }

    /// The dialog that a 2xx to our INVITE begins.
    pub(crate) fn uac(invite: &Request, answer: &Response, flow: Flow) -> Option<Self> {
        let from = message::header(&invite.headers, "From")?;
        let mut routes = owned(message::list(&answer.headers, "Record-Route"));
        routes.reverse();
        Some(Self {
            call_id: message::header(&invite.headers, "Call-ID")?.to_owned(),
            local: from.to_owned(),
            remote: message::header(&answer.headers, "To")?.to_owned(),
            local_tag: message::tag(from)?.to_owned(),
            next: cseq(&invite.headers)? + STRIDE,
            highest: None,
            target: contact(&answer.headers)?,
            routes,
            flow,
        })
    }

    /// A request inside the dialog. `via` and `contact` depend on the way it takes.
    pub(crate) fn request(&mut self, method: Method, via: String, contact: &str, user_agent: &str) -> Request {
        let seq = self.next;
        self.next += STRIDE;
        let mut headers = Headers::default();
        headers.push(make("Via", via));
        for route in &self.routes {
            headers.push(make("Route", route.as_str()));
        }
        headers.push(make("Max-Forwards", "70"));
        headers.push(make("From", self.local.as_str()));
        headers.push(make("To", self.remote.as_str()));
        headers.push(make("Call-ID", self.call_id.as_str()));
        headers.push(make("CSeq", format!("{seq} {method}")));
        match method {
            Method::Invite | Method::Update | Method::Refer => headers.push(make("Contact", contact)),
            _ => {}
        }
        headers.push(make("User-Agent", user_agent));
        Request { method, uri: self.target.clone(), version: Version::V2, headers, body: Vec::new() }
    }

    /// Whether a request comes from the other side of this dialog: after forking, another shares our tag and the Call-ID.
    pub(crate) fn is_from_peer(&self, request: &Request) -> bool {
        let theirs = message::header(&request.headers, "From").and_then(message::tag);
        theirs == message::tag(&self.remote)
    }

    /// Notes a request of theirs. `false`: older than one already seen (RFC 3261 section 12.2.2).
    pub(crate) fn in_order(&mut self, request: &Request) -> bool {
        let Some(seq) = cseq(&request.headers) else { return false };
        if self.highest.is_some_and(|highest| seq < highest) {
            return false;
        }
        self.highest = Some(seq);
        true
    }

    /// A target refresh: later requests go where the newest Contact says.
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.target = target;
        }
    }

    /// The way to the other side. On a stream: the same stream, while it lives. Over UDP: the first route; else the
    /// Contact, unless it names an address other than the one that talks to us, which is then behind NAT and reached only there.
    pub(crate) fn path(&self) -> Path {
        let connection = &self.flow.connection;
        if connection.is_reliable() {
            let alive = connection.cancel_token().is_none_or(|token| !token.is_cancelled());
            return if alive {
                Path { connection: Some(connection.clone()), destination: None }
            } else {
                Path::default()
            };
        }
        let route = self.routes.first().and_then(|route| message::uri(route));
        let uri = route.as_ref().unwrap_or(&self.target);
        let Ok(address) = SipAddr::try_from(uri) else { return Path::default() };
        if address.r#type.is_some_and(|transport| transport != Transport::Udp) {
            return Path::default();
        }
        let to = match (&address.addr.host, route.is_some()) {
            (Host::Domain(_), true) => return Path::default(),
            (Host::IpAddr(_), true) => address,
            (Host::IpAddr(ip), false) if *ip == self.flow.source.ip() => address,
            (Host::IpAddr(_) | Host::Domain(_), false) => SipAddr::from(self.flow.source),
        };
        let to = SipAddr { r#type: Some(Transport::Udp), ..to };
        Path { connection: Some(connection.clone()), destination: Some(to) }
    }
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

fn cseq(headers: &Headers) -> Option<u32> {
    message::header(headers, "CSeq")?.split_ascii_whitespace().next()?.parse().ok()
}

fn contact(headers: &Headers) -> Option<Uri> {
    message::list(headers, "Contact").first().and_then(|contact| message::uri(contact))
}

type Calls = HashMap<String, Vec<(String, mpsc::Sender<Transaction>)>>;

/// Calls by Call-ID and our tag.
#[derive(Clone, Default)]
pub(crate) struct Dialogs(Arc<Table>);

#[derive(Default)]
struct Table {
    calls: Mutex<Calls>,
    left: Notify,
}

impl std::fmt::Debug for Dialogs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dialogs").field(&self.len()).finish()
    }
}

/// What became of a request inside a dialog.
pub(crate) enum Delivery {
    Delivered,
    /// 481.
    NoSuchCall(Box<Transaction>),
    /// The call does not keep up: drop it, it will be sent again.
    Full,
}

impl Dialogs {
    pub(crate) fn enter(&self, call_id: &str, local_tag: &str) -> Entry {
        let (requests, receiver) = mpsc::channel(QUEUE);
        self.0.calls.lock().entry(call_id.to_owned()).or_default().push((local_tag.to_owned(), requests));
        Entry { table: self.clone(), call_id: call_id.to_owned(), local_tag: local_tag.to_owned(), requests: receiver }
    }

    pub(crate) fn knows(&self, call_id: &str) -> bool {
        self.0.calls.lock().contains_key(call_id)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.calls.lock().values().map(Vec::len).sum()
    }

    /// Waits until no call is left.
    pub(crate) async fn emptied(&self) {
        loop {
            let left = self.0.left.notified();
            if self.len() == 0 {
                return;
            }
            left.await;
        }
    }

    pub(crate) fn deliver(&self, call_id: &str, local_tag: &str, request: Transaction) -> Delivery {
        let sender = self
            .0
            .calls
            .lock()
            .get(call_id)
            .and_then(|calls| calls.iter().find(|(tag, _)| tag == local_tag).map(|(_, sender)| sender.clone()));
        let Some(sender) = sender else { return Delivery::NoSuchCall(Box::new(request)) };
        match sender.try_send(request) {
            Ok(()) => Delivery::Delivered,
            Err(mpsc::error::TrySendError::Full(_)) => Delivery::Full,
            Err(mpsc::error::TrySendError::Closed(request)) => Delivery::NoSuchCall(Box::new(request)),
        }
    }
}

/// A call's place in the table; dropping it takes the call out.
pub(crate) struct Entry {
    table: Dialogs,
    call_id: String,
    local_tag: String,
    pub(crate) requests: mpsc::Receiver<Transaction>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut calls = self.table.0.calls.lock();
        if let Some(entries) = calls.get_mut(&self.call_id) {
            entries.retain(|(tag, _)| *tag != self.local_tag);
            if entries.is_empty() {
                calls.remove(&self.call_id);
            }
        }
        drop(calls);
        self.table.0.left.notify_waiters();
    }
}
