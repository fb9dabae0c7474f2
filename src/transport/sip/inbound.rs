//! A call that comes in, until it is up: prove, screen, admit, ring, answer.
//!
//! The call starts when the phone rings, so that its speech providers connect while the caller hears ringing. Nothing is
//! allocated for a call that is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use attendant_media::leg::{Format, LegConfig};
use rsipstack::sip::{Header, Request};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;

use super::dialog::{Dialog, Entry, Flow};
use super::exchange::{Exchange, leg_config};
use super::message::{self, ALLOW, SUPPORTED, make};
use super::ports::Pair;
use super::screen::{self, Refused, Screened};
use super::sdp::{self, Audio, Local};
use super::server::{Serving, refuse};
use super::session::{Answering, Beginning, InviteEvent, Session, Signals, timer_headers};
use super::session_timer::{self, Refresher, Role};
use super::stack::{Wire, peer_of, token};
use crate::call::event::{Command, Gone, RtcpTo, Signal};
use crate::call::registry::{Arriving, MediaPath, NewCall, Refusal, Ticket, Transport};
use crate::privacy::Pii;

/// Commands of a call that wait: it hangs up once and transfers seldom.
const COMMANDS: usize = 8;

/// Where RTP goes while an INVITE without an offer has not been acknowledged: the discard port of the caller's address.
const DISCARD: u16 = 9;

/// Takes an INVITE that begins a call.
pub(crate) async fn take(serving: Arc<Serving>, mut transaction: Transaction) {
    let Some(connection) = transaction.connection.clone() else { return };
    let Some(source) = peer_of(&connection) else { return };
    let tag = token();
    // 100 stops retransmissions while the rest is decided; if it cannot be sent, neither can what follows.
    if transaction.send_trying().await.is_err() {
        return;
    }
    let request = transaction.original.clone();
    let Some(taking) = serving.taken.enter(&request) else {
        refuse(&serving.stack, transaction, Refused::new(482, &[]), &tag);
        return;
    };
    let flow = Flow { connection, source };
    match prepare(&serving, &request, &tag, flow) {
        Ok(ready) => ring(serving, transaction, request, ready).await,
        Err(refused) => {
            let mut refusing = refuse(&serving.stack, transaction, refused, &tag);
            // A copy by a longer way may still come while the refusal waits for its ACK.
            while refusing.events.recv().await.is_some() {}
        }
    }
    drop(taking);
}

/// A call that may ring.
struct Ready {
    dialog: Dialog,
    screened: Screened,
    exchange: Exchange,
    description: String,
    pair: Pair,
    ticket: Ticket,
    arriving: Arriving,
    entry: Entry,
}

fn prepare(serving: &Serving, request: &Request, tag: &str, flow: Flow) -> Result<Ready, Refused> {
    let stack = &serving.stack;
    let source = flow.source;
    prove(serving, request, source.ip())?;
    if !serving.within_rate(source.ip(), stack.clock.now()) {
        return Err(Refused::new(503, &[("Retry-After", "1")]));
    }
    let screened = screen::screen(request, &serving.config.codecs, serving.config.session_expires_s)?;
    let dialog = Dialog::uas(request, tag, flow).ok_or_else(|| Refused::new(400, &[]))?;
    let arriving = Arriving {
        dialled: message::user(&request.uri).unwrap_or_default(),
        addressed: message::header(&request.headers, "To").and_then(message::uri).and_then(|to| message::user(&to)),
        caller: Pii::new(message::caller(request)),
        transport: Transport::Sip,
    };
    let ticket = serving.desk.admit(&arriving).map_err(refusal)?;
    let pair = serving.ports.bind(any_address(source)).map_err(|error| {
        tracing::error!(%error, "a call is refused: there is no RTP port for it");
        Refused::new(503, &[("Retry-After", "5")])
    })?;
    let local =
        Local { session: rand::random(), version: 1, address: stack.media_address(source.ip()), port: pair.port };
    let mut exchange = Exchange::new(local, serving.config.codecs.clone());
    let description = match &screened.offer {
        Some(offer) => exchange.answer(offer).ok_or_else(screen::no_codec)?.0,
        None => exchange.offer(),
    };
    let entry = stack.dialogs.enter(&dialog.call_id, tag);
    Ok(Ready { dialog, screened, exchange, description, pair, ticket, arriving, entry })
}

/// Who is not on the list must answer a challenge.
fn prove(serving: &Serving, request: &Request, from: IpAddr) -> Result<(), Refused> {
    if serving.stack.gate.knows(from) {
        return Ok(());
    }
    // The gate has asked already; the answer may have grown too old since.
    match serving.challenger.lacks(request, from) {
        Some(challenge) => Err(Refused::new(401, &[("WWW-Authenticate", &challenge)])),
        None => Ok(()),
    }
}

fn refusal(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::Busy { retry_after } => {
            let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
            Refused::new(503, &[("Retry-After", &seconds.to_string())])
        }
        Refusal::Divert { to } => Refused::new(302, &[("Contact", &diverted(to.reveal()))]),
        Refusal::Nobody => Refused::new(404, &[]),
    }
}

/// The Contact of a 302: a number stays a number, for the carrier to route.
fn diverted(to: &str) -> String {
    let to: String = to.trim().chars().filter(|c| !c.is_control() && !"<>\" ".contains(*c)).collect();
    if to.starts_with("sip:") || to.starts_with("sips:") || to.starts_with("tel:") {
        format!("<{to}>")
    } else {
        format!("<tel:{to}>")
    }
}

fn any_address(peer: SocketAddr) -> IpAddr {
    if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// Rings, starts the call, and answers unless someone gives up before.
async fn ring(serving: Arc<Serving>, transaction: Transaction, request: Request, ready: Ready) {
    let Ready { dialog, screened, exchange, description, pair, ticket, arriving, entry } = ready;
    let stack = serving.stack.clone();
    let source = dialog.flow.source;
    let tag = dialog.local_tag.clone();
    let contact = stack.contact(Wire::of(&dialog.flow.connection), source);
    let mut invite = Answering::drive(transaction);
    invite.respond(stack.response(&request, 180, &tag, vec![make("Contact", contact.as_str())]));

    let (to_us, mut commands) = mpsc::channel(COMMANDS);
    let call = NewCall {
        arriving,
        leg: leg(&exchange, &serving),
        media: MediaPath::Rtp {
            socket: pair.rtp,
            rtcp: Some(pair.rtcp),
            remote: exchange.audio().map_or_else(|| SocketAddr::new(source.ip(), DISCARD), |audio| audio.remote),
            peer: Some(source.ip()),
            rtcp_to: exchange.audio().map_or(RtcpTo::Above, Audio::rtcp_to),
        },
        commands: to_us,
    };
    let handle = serving.desk.start(ticket, call);
    tracing::info!(call = %handle.call, "a SIP call rings");
    let signals = Signals::Call(handle.mailbox);

    let outcome = tokio::select! {
        () = crate::clock::elapse(serving.config.ring()) => Ringing::Answer,
        event = invite.events.recv() => match event {
            Some(InviteEvent::Cancelled) => Ringing::Cancelled,
            Some(InviteEvent::Acknowledged(_) | InviteEvent::Unacknowledged) | None => Ringing::GaveUp(480),
        },
        Some(Command::HangUp | Command::Transfer { .. }) = commands.recv() => Ringing::GaveUp(480),
        () = signals.closed() => Ringing::GaveUp(480),
        () = stack.stop.cancelled() => Ringing::GaveUp(503),
    };
    let refused = match outcome {
        Ringing::Answer => {
            let mut headers = accepted_headers(&contact);
            let timer = match screened.timer {
                session_timer::Answer::Timer { session_expires, require } => {
                    headers.extend(timer_headers(session_expires, require));
                    let refresher = session_expires.refresher.unwrap_or(Role::Uas);
                    Some((session_expires.interval, Refresher::from_roles(refresher, Role::Uas)))
                }
                session_timer::Answer::TooSmall { .. } => None,
            };
            let mut response = stack.response(&request, 200, &tag, headers);
            message::attach(&mut response.headers, &mut response.body, sdp::CONTENT_TYPE, description);
            invite.respond(response);
            let beginning = Beginning {
                stack,
                dialog,
                entry,
                exchange,
                signals,
                commands,
                credentials: None,
                timer,
                wanted: serving.config.session_expires_s,
                allows_update: message::names(&request.headers, "Allow", "UPDATE"),
            };
            Session::answered(beginning, invite, screened.offer.is_none()).run().await;
            tracing::info!(call = %handle.call, "a SIP call is over");
            return;
        }
        Ringing::Cancelled => 487,
        Ringing::GaveUp(status) => status,
    };
    invite.respond(stack.response(&request, refused, &tag, Vec::new()));
    let gone = if refused == 487 { Gone::Cancelled } else { Gone::Lost };
    signals.send(&stack, Signal::Gone(gone)).await;
}

/// How ringing ends.
enum Ringing {
    Answer,
    Cancelled,
    GaveUp(u16),
}

fn accepted_headers(contact: &str) -> Vec<Header> {
    vec![make("Contact", contact), make("Allow", ALLOW), make("Supported", SUPPORTED)]
}

/// The leg for what was agreed; for an INVITE without an offer, our first codec until the ACK says more.
fn leg(exchange: &Exchange, serving: &Serving) -> LegConfig {
    match exchange.agreed() {
        Some(agreed) => leg_config(agreed),
        None => {
            let codec = serving.config.codecs[0];
            let format = Format { codec: codec.codec(), payload_type: codec.number() };
            leg_config(&super::negotiate::Agreed { codec, inbound: format, outbound: format, dtmf: None })
        }
    }
}
