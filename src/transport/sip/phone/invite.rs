//! One outbound INVITE, from the first packet to the answered call: challenges, longer timers, ringing, giving up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rsipstack::sip::{Headers, Method, Request, Response, Transport, Uri, Version};
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Answered, DialError, DialOptions, DialTimes, Phone};
use crate::transport::sip::client::{Challenges, Sent, cancel_of, flow_of, is_final, renumbered, send, transact};
use crate::transport::sip::dialog::{Dialog, Entry, Flow, Path};
use crate::transport::sip::exchange::{Exchange, leg_config};
use crate::transport::sip::message::{self, ALLOW, SUPPORTED, make};
use crate::transport::sip::ports::Pair;
use crate::transport::sip::screen::asked;
use crate::transport::sip::sdp::{self, Local};
use crate::transport::sip::session::{Beginning, Session, Signals};
use crate::transport::sip::session_timer::{MIN_SE, Refresher, Role};
use crate::transport::sip::stack::{Wire, token};

/// Signals that wait for the dialler, and commands for us.
const SIGNALS: usize = 64;
const COMMANDS: usize = 8;

/// How long the outcome of a CANCEL is waited for (RFC 3261 section 9.1: 64 T1).
const CANCELLED: std::time::Duration = std::time::Duration::from_secs(32);

pub(super) async fn dial(phone: &Phone, target: &str, options: DialOptions) -> Result<Answered, DialError> {
    let uri = read_target(target)?;
    let (mut path, peer, wire) = route(phone, &uri).await?;
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let pair = phone.ports.bind(any).map_err(|error| DialError::NoPort(error.to_string()))?;
    let address = phone.stack.media_address(peer.ip());
    let local = Local { session: rand::random(), version: 1, address, port: pair.port };
    let mut exchange = Exchange::new(local, options.codecs.clone());
    let tag = token();
    let mut invite = first_invite(phone, &uri, peer, wire, &tag, &options, exchange.offer());
    // Entered before the first packet: the answer's own requests may overtake it.
    let call_id = message::header(&invite.headers, "Call-ID").unwrap_or_default().to_owned();
    let entry = phone.stack.dialogs.enter(&call_id, &tag);

    let mut progress = Progress { invited: Instant::now(), trying: None, ringing: None };
    let deadline = Instant::now() + options.patience;
    let mut challenges = Challenges::default();
    let answer = loop {
        let outcome = attempt(phone, &invite, path.clone(), &options, deadline, &mut progress).await?;
        let again = match message::status(&outcome.answer) {
            200..300 => break outcome,
            401 | 407 => challenges.answer(&invite, &outcome.answer, phone.config.credentials.as_ref()),
            422 => longer(&invite, &outcome.answer),
            _ => None,
        };
        invite = again.ok_or_else(|| refused(&outcome.answer))?;
        path = outcome.path;
    };
    let times = DialTimes {
        invited: progress.invited,
        trying: progress.trying,
        ringing: progress.ringing,
        answered: Instant::now(),
    };
    up(phone, &invite, answer, exchange, entry, pair, times)
}

/// Ringing so far.
struct Progress {
    invited: Instant,
    trying: Option<Instant>,
    ringing: Option<Instant>,
}

/// A final answer, and the way it took.
struct Outcome {
    answer: Response,
    path: Path,
}

fn read_target(target: &str) -> Result<Uri, DialError> {
    let text = target.trim();
    if !text.to_ascii_lowercase().starts_with("sip:") || text.contains(['<', '>', '\r', '\n', ' ']) {
        return Err(DialError::BadTarget);
    }
    Uri::try_from(text).map_err(|_| DialError::BadTarget)
}

/// Resolves the way before the first packet, since Via, Contact and SDP name the address it leaves from.
async fn route(phone: &Phone, uri: &Uri) -> Result<(Path, SocketAddr, Wire), DialError> {
    let target = SipAddr::try_from(uri).map_err(|_| DialError::BadTarget)?;
    let wire = match target.r#type {
        Some(Transport::Tcp) => Wire::Tcp,
        Some(Transport::Udp) => Wire::Udp,
        Some(_) => return Err(DialError::BadTarget),
        None => phone.config.wire,
    };
    let target = SipAddr { r#type: Some(wire.transport()), ..target };
    let (connection, address) =
        phone.stack.inner().transport_layer.lookup(&target, None).await.map_err(|_| DialError::Unreachable)?;
    let peer = address.get_socketaddr().map_err(|_| DialError::Unreachable)?;
    Ok((Path { connection: Some(connection), destination: Some(address) }, peer, wire))
}

fn first_invite(
    phone: &Phone,
    uri: &Uri,
    peer: SocketAddr,
    wire: Wire,
    tag: &str,
    options: &DialOptions,
    offer: String,
) -> Request {
    let host = phone.stack.reachable(wire, peer).ip();
    let host = SocketAddr::new(host, 0).to_string();
    let host = host.trim_end_matches(":0");
    let from: String =
        options.from.reveal().chars().filter(|c| c.is_ascii_alphanumeric() || "+-._*#".contains(*c)).collect();
    let mut headers = Headers::default();
    headers.push(make("Via", phone.stack.via(wire, peer)));
    headers.push(make("Max-Forwards", "70"));
    headers.push(make("From", format!("<sip:{from}@{host}>;tag={tag}")));
    headers.push(make("To", format!("<{uri}>")));
    headers.push(make("Call-ID", token()));
    headers.push(make("CSeq", "1 INVITE"));
    headers.push(make("Contact", phone.stack.contact(wire, peer)));
    headers.push(make("Allow", ALLOW));
    headers.push(make("Supported", SUPPORTED));
    headers.push(make("Session-Expires", phone.config.session_expires_s.max(MIN_SE).to_string()));
    headers.push(make("Min-SE", MIN_SE.to_string()));
    headers.push(make("User-Agent", phone.stack.user_agent));
    for (name, value) in &options.headers {
        headers.push(make(name, value.as_str()));
    }
    let mut request =
        Request { method: Method::Invite, uri: uri.clone(), version: Version::V2, headers, body: Vec::new() };
    message::attach(&mut request.headers, &mut request.body, sdp::CONTENT_TYPE, offer);
    request
}

/// Sends one INVITE and waits for its end; cancels when patience or will ends first.
async fn attempt(
    phone: &Phone,
    invite: &Request,
    path: Path,
    options: &DialOptions,
    deadline: Instant,
    progress: &mut Progress,
) -> Result<Outcome, DialError> {
    let mut sent = send(&phone.stack, invite.clone(), path);
    let path = (&mut sent.path).await.map_err(|_| DialError::Unreachable)?;
    let mut provisional = None;
    loop {
        let response = tokio::select! {
            response = sent.responses.recv() => response.ok_or(DialError::Unreachable)?,
            () = options.give_up.cancelled() => {
                cancel(phone, invite, sent, path, provisional);
                return Err(DialError::GivenUp);
            }
            () = phone.stack.stop.cancelled() => {
                cancel(phone, invite, sent, path, provisional);
                return Err(DialError::GivenUp);
            }
            () = tokio::time::sleep_until(deadline) => {
                cancel(phone, invite, sent, path, provisional);
                return Err(DialError::NoAnswer);
            }
        };
        let now = Instant::now();
        match message::status(&response) {
            // The stack's own 408 looks like theirs; nobody has answered before it.
            408 if provisional.is_none() && progress.trying.is_none() => return Err(DialError::Unreachable),
            status if is_final(status) => {
                progress.trying.get_or_insert(now);
                tokio::spawn(end_forks(phone.clone(), invite.clone(), sent, path.clone(), to_tag(&response)));
                return Ok(Outcome { answer: response, path });
            }
            status => {
                provisional = Some(());
                progress.trying.get_or_insert(now);
                if status == 180 || status == 183 {
                    progress.ringing.get_or_insert(now);
                }
            }
        }
    }
}

fn to_tag(response: &Response) -> Option<String> {
    message::header(&response.headers, "To").and_then(message::tag).map(str::to_owned)
}

/// CANCEL, now or after the first provisional answer (RFC 3261 section 9.1); a 200 that crosses it is hung up.
fn cancel(phone: &Phone, invite: &Request, mut sent: Sent, path: Path, mut provisional: Option<()>) {
    let (phone, invite) = (phone.clone(), invite.clone());
    tokio::spawn(async move {
        let ending = async {
            if provisional.is_some() {
                spawn_cancel(&phone, &invite, &path);
            }
            while let Some(response) = sent.responses.recv().await {
                let status = message::status(&response);
                if is_final(status) {
                    if status < 300 {
                        hang_up(&phone, &invite, &response, &path).await;
                    }
                    return;
                }
                if provisional.is_none() {
                    provisional = Some(());
                    spawn_cancel(&phone, &invite, &path);
                }
            }
        };
        // Past this the INVITE's own transaction is over as well.
        tokio::time::timeout(CANCELLED, ending).await.ok();
    });
}

fn spawn_cancel(phone: &Phone, invite: &Request, path: &Path) {
    let (stack, cancel, path) = (phone.stack.clone(), cancel_of(invite), path.clone());
    tokio::spawn(async move { transact(&stack, cancel, path, None).await });
}

/// A forking proxy may bring several 200s: every one but the first is hung up (RFC 3261 section 13.2.2.4).
async fn end_forks(phone: Phone, invite: Request, mut sent: Sent, path: Path, first: Option<String>) {
    let mut ended = vec![first];
    while let Some(response) = sent.responses.recv().await {
        let status = message::status(&response);
        // A fork's 200 is repeated until its ACK arrives; one BYE is enough.
        if (200..300).contains(&status) && !ended.contains(&to_tag(&response)) {
            ended.push(to_tag(&response));
            hang_up(&phone, &invite, &response, &path).await;
        }
    }
}

async fn hang_up(phone: &Phone, invite: &Request, answer: &Response, path: &Path) {
    let Some(mut dialog) = flow_of(path.clone()).and_then(|flow| Dialog::uac(invite, answer, flow)) else { return };
    let (wire, peer) = (Wire::of(&dialog.flow.connection), dialog.flow.source);
    let path = dialog.path();
    let bye = dialog.request(Method::Bye, phone.stack.via(wire, peer), "", phone.stack.user_agent);
    // Whatever it is answered, nothing is left to do.
    transact(&phone.stack, bye, path, phone.config.credentials.as_ref()).await;
}

/// The INVITE again with the interval that a 422 asks for.
fn longer(invite: &Request, answer: &Response) -> Option<Request> {
    let min = asked(&answer.headers).min_se?;
    let now = asked(&invite.headers).session_expires?.interval;
    if min <= now {
        return None;
    }
    let mut again = renumbered(invite)?;
    again.headers.unique_push(make("Session-Expires", min.to_string()));
    again.headers.unique_push(make("Min-SE", min.to_string()));
    Some(again)
}

fn refused(answer: &Response) -> DialError {
    let retry_after = message::header(&answer.headers, "Retry-After")
        .and_then(|value| value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    DialError::Refused { status: message::status(answer), retry_after }
}

/// The call is up: its session runs by itself from here.
fn up(
    phone: &Phone,
    invite: &Request,
    outcome: Outcome,
    mut exchange: Exchange,
    entry: Entry,
    pair: Pair,
    times: DialTimes,
) -> Result<Answered, DialError> {
    let Outcome { answer, path } = outcome;
    let flow: Flow = flow_of(path.clone()).ok_or(DialError::Unreachable)?;
    let dialog = Dialog::uac(invite, &answer, flow).ok_or(DialError::BadAnswer)?;
    let accepted = message::body_of_type(&answer.headers, &answer.body, sdp::CONTENT_TYPE)
        .and_then(|body| sdp::parse(body).ok())
        .and_then(|remote| exchange.accept(&remote));
    let (Some(_), Some(agreed), Some(audio)) = (accepted, exchange.agreed(), exchange.audio()) else {
        let (phone, invite) = (phone.clone(), invite.clone());
        tokio::spawn(async move { hang_up(&phone, &invite, &answer, &path).await });
        return Err(DialError::BadAnswer);
    };
    let (leg, remote, rtcp_to) = (leg_config(agreed), audio.remote, audio.rtcp_to());
    let timer = asked(&answer.headers).session_expires.map(|agreed| {
        let refresher = Refresher::from_roles(agreed.refresher.unwrap_or(Role::Uac), Role::Uac);
        (agreed.interval.max(MIN_SE), refresher)
    });
    let (signals, to_dialler) = mpsc::channel(SIGNALS);
    let (commands, from_dialler) = mpsc::channel(COMMANDS);
    let held = exchange.held();
    let beginning = Beginning {
        stack: phone.stack.clone(),
        dialog,
        entry,
        exchange,
        signals: Signals::Dialler(signals.clone()),
        commands: from_dialler,
        credentials: phone.config.credentials.clone(),
        timer,
        wanted: phone.config.session_expires_s.max(MIN_SE),
        allows_update: message::names(&answer.headers, "Allow", "UPDATE"),
    };
    if held {
        // The channel is new and empty.
        signals.try_send(crate::call::event::Signal::Hold).ok();
    }
    tokio::spawn(Session::dialled(beginning).run());
    Ok(Answered { socket: pair.rtp, rtcp: pair.rtcp, rtcp_to, remote, leg, times, signals: to_dialler, commands })
}
