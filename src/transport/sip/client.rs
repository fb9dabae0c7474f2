//! Requests we send and their answers: one client transaction each, digest answered once, silence reported as 408.

use std::sync::Arc;

use rsipstack::sip::{Method, Request, Response, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};

use super::dialog::{Flow, MOST_CHALLENGES, Path};
use super::digest::{self, Credentials};
use super::message::{self, make};
use super::stack::{Stack, peer_of, token};

/// Responses of one transaction that wait to be read; retransmissions are filtered below.
const RESPONSES: usize = 8;

/// A request under way.
pub(crate) struct Sent {
    pub(crate) responses: mpsc::Receiver<Response>,
    /// The way it took, once known. Gone if it could not be sent at all.
    pub(crate) path: oneshot::Receiver<Path>,
}

/// Sends a request. The transaction lives on in its own task until its last timer, so that late retransmissions find it.
pub(crate) fn send(stack: &Arc<Stack>, request: Request, path: Path) -> Sent {
    let (answers, responses) = mpsc::channel(RESPONSES);
    let (tell, taken) = oneshot::channel();
    let stack = stack.clone();
    tokio::spawn(async move {
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Client) else { return };
        let mut transaction = Transaction::new_client(key, request, stack.inner().clone(), path.connection);
        transaction.destination = path.destination;
        if transaction.send().await.is_err() {
            return;
        }
        let way = Path { connection: transaction.connection.clone(), destination: transaction.destination.clone() };
        // Nobody may want to know.
        tell.send(way).ok();
        while let Some(message) = transaction.receive().await {
            if let SipMessage::Response(response) = message {
                // A reader that has its answer and left needs no retransmissions of it; a full queue holds the same ones.
                answers.try_send(response).ok();
            }
        }
    });
    Sent { responses, path: taken }
}

/// Whether a status ends a transaction.
pub(crate) const fn is_final(status: u16) -> bool {
    status >= 200
}

/// The challenges that one request has met so far.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Vec<u16>);

impl Challenges {
    /// The request again with credentials. `None`: the answer is no challenge, or says that the credentials are wrong.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        answer: &Response,
        user: Option<&Credentials>,
    ) -> Option<Request> {
        let status = message::status(answer);
        let asked = asked_in(status)?;
        let stale = answer
            .headers
            .iter()
            .any(|header| header.name().eq_ignore_ascii_case(asked) && digest::is_stale(header.value()));
        if self.0.len() as u32 >= MOST_CHALLENGES || (self.0.contains(&status) && !stale) {
            return None;
        }
        self.0.push(status);
        with_credentials(request, answer, user?)
    }
}

/// The header of a challenge.
const fn asked_in(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("WWW-Authenticate"),
        407 => Some("Proxy-Authenticate"),
        _ => None,
    }
}

/// The request again with credentials, as its challenge asks: the next sequence number, a new branch.
fn with_credentials(request: &Request, challenge: &Response, user: &Credentials) -> Option<Request> {
    let status = message::status(challenge);
    let asked = asked_in(status)?;
    let given = if status == 407 { "Proxy-Authorization" } else { "Authorization" };
    let uri = request.uri.to_string();
    let method = request.method.to_string();
    let value = challenge
        .headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case(asked))
        .find_map(|header| digest::answer(header.value(), user, &method, &uri, &token()))?;
    let mut again = renumbered(request)?;
    again.headers.retain(|header| !header.name().eq_ignore_ascii_case(given));
    again.headers.push(make(given, value));
    Some(again)
}

/// The same request as a new one: the next sequence number, a new branch.
pub(crate) fn renumbered(request: &Request) -> Option<Request> {
    let mut again = request.clone();
    let seq: u32 = message::header(&request.headers, "CSeq")?.split_ascii_whitespace().next()?.parse().ok()?;
    let via = message::header(&request.headers, "Via")?;
    let (before, _) = via.rsplit_once(";branch=")?;
    let via = format!("{before};branch=z9hG4bK{}", token());
    again.headers.unique_push(make("CSeq", format!("{} {}", seq + 1, request.method)));
    again.headers.retain(|header| header.name() != "Via");
    again.headers.push_front(make("Via", via));
    Some(again)
}

/// Sends a request and waits for its final answer. `None`: it could not be sent, or the stack has stopped.
pub(crate) async fn transact(
    stack: &Arc<Stack>,
    request: Request,
    path: Path,
    credentials: Option<&Credentials>,
) -> Option<Response> {
    let mut attempt = Some((request, path));
    let mut challenges = Challenges::default();
    while let Some((request, path)) = attempt.take() {
        let mut sent = send(stack, request.clone(), path.clone());
        let answer = loop {
            let response = sent.responses.recv().await?;
            if is_final(message::status(&response)) {
                break response;
            }
        };
        match challenges.answer(&request, &answer, credentials) {
            Some(request) => attempt = Some((request, path)),
            None => return Some(answer),
        }
    }
    None
}

/// The CANCEL of an INVITE (RFC 3261 section 9.1): same branch, same number, same way.
pub(crate) fn cancel_of(invite: &Request) -> Request {
    let mut cancel = invite.clone();
    cancel.method = Method::Cancel;
    cancel.body.clear();
    cancel.headers.retain(|header| {
        ["Via", "From", "To", "Call-ID", "Route", "Max-Forwards", "User-Agent"].contains(&header.name())
    });
    let seq =
        message::header(&invite.headers, "CSeq").and_then(|cseq| cseq.split_ascii_whitespace().next()).unwrap_or("1");
    cancel.headers.push(make("CSeq", format!("{seq} CANCEL")));
    cancel
}

/// Where answers on this way come from.
pub(crate) fn flow_of(path: Path) -> Option<Flow> {
    let connection = path.connection?;
    let source =
        path.destination.as_ref().and_then(|address| address.get_socketaddr().ok()).or_else(|| peer_of(&connection))?;
    Some(Flow { connection, source })
}
