//! Keeps the trunk: registers with the carrier where it asks for that, and asks with OPTIONS whether it is still there.
//!
//! A registration is renewed when four fifths of it are over, moved to the next outbound proxy when one fails, and taken back
//! when the process stops. All waiting is on the stack's clock.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Headers, Method, Request, Response, Transport, Uri, Version};
use rsipstack::transport::SipAddr;

use super::client::transact;
use super::config::{TrunkConfig, UserConfig};
use super::dialog::Path;
use super::digest::Credentials;
use super::message::{self, make};
use super::stack::{Stack, Wire, token};

#[cfg(test)]
mod tests;

/// After a failure at every proxy, the next try; doubled each time up to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// Shortest registration we believe in, seconds: a registrar that grants less would be asked all the time.
const SHORTEST_GRANT: u32 = 30;

/// Longest registration that a 423 can make us ask for, seconds: a day.
const LONGEST_MIN_EXPIRES: u32 = 86_400;

/// Keeps the trunk until the stack stops.
pub(crate) async fn keep(stack: Arc<Stack>, config: TrunkConfig) {
    let Ok(uri) = Uri::try_from(config.uri.as_str()) else { return };
    let proxies: Vec<Uri> = config.proxies.iter().filter_map(|proxy| Uri::try_from(proxy.as_str()).ok()).collect();
    let user = config.user.as_ref().map(UserConfig::credentials).and_then(Result::ok);
    let registering = config.user.is_some();
    if registering && user.is_none() {
        tracing::error!("the trunk is not registered: its secret cannot be read any more");
        return;
    }
    let parting = stack.parting();
    let mut trunk = Trunk::new(stack.clone(), uri.clone(), proxies.clone(), user.clone());
    let mut other = Trunk::new(stack.clone(), uri, proxies, user);
    tokio::select! {
        () = stack.stop.cancelled() => {}
        () = trunk.register(config.expires_s), if registering => {}
        () = other.ask(config.options_s), if config.options_s > 0 => {}
    }
    if registering {
        // The last request of a stopping process: it is not waited for longer than the sockets live.
        trunk.send(Method::Register, Some(0)).await;
    }
    drop(parting);
}

struct Trunk {
    stack: Arc<Stack>,
    uri: Uri,
    /// Tried in order, from the one in use; empty: the carrier's own address.
    proxies: Vec<Uri>,
    proxy: usize,
    user: Option<Credentials>,
    call_id: String,
    tag: String,
    seq: u32,
}

impl Trunk {
    fn new(stack: Arc<Stack>, uri: Uri, proxies: Vec<Uri>, user: Option<Credentials>) -> Self {
        Self { stack, uri, proxies, proxy: 0, user, call_id: token(), tag: token(), seq: 1 }
    }

    /// Waits on the stack's clock.
    async fn rest(&self, time: Duration) {
        let clock = self.stack.clock;
        tokio::time::sleep_until(clock.instant(clock.now() + time)).await;
    }

    /// Turns to the next proxy. `false`: all have been tried, the first is next.
    fn next_proxy(&mut self) -> bool {
        self.proxy += 1;
        if self.proxy < self.proxies.len() {
            return true;
        }
        self.proxy = 0;
        false
    }

    /// Registers again and again, each time before the last one runs out.
    async fn register(&mut self, mut expires: u32) {
        let mut retry = FIRST_RETRY;
        let mut raised = 0_u32;
        loop {
            let answer = self.send(Method::Register, Some(expires)).await;
            let status = answer.as_ref().map(message::status);
            match outcome(answer.as_ref(), expires) {
                Outcome::Registered { seconds } => {
                    (retry, raised) = (FIRST_RETRY, 0);
                    metrics::gauge!("sip_trunk_registered").set(1.0);
                    self.rest(Duration::from_secs(u64::from(seconds) * 4 / 5)).await;
                    continue;
                }
                Outcome::TooBrief { min } => {
                    expires = min;
                    raised += 1;
                    // Who wants more each time is not asked as fast as it answers.
                    if raised == 1 {
                        continue;
                    }
                }
                Outcome::Not => {}
            }
            metrics::gauge!("sip_trunk_registered").set(0.0);
            // Who answers and refuses refuses everywhere; who does not answer may have a neighbour who does.
            if gone(status) && self.next_proxy() {
                tracing::warn!(?status, proxy = self.proxy, "the trunk's proxy fails; the next one is tried");
                continue;
            }
            tracing::warn!(?status, retry_s = retry.as_secs(), "the trunk is not registered; check sip.trunk");
            self.rest(retry).await;
            retry = (retry * 2).min(LONGEST_RETRY);
        }
    }

    async fn ask(&mut self, every_s: u32) {
        loop {
            let status = self.send(Method::Options, None).await.as_ref().map(message::status);
            // Any other answer means that somebody is there.
            let there = !gone(status);
            metrics::gauge!("sip_trunk_reachable").set(if there { 1.0 } else { 0.0 });
            if !there {
                tracing::warn!(?status, "the trunk does not answer OPTIONS");
                self.next_proxy();
            }
            self.rest(Duration::from_secs(every_s.into())).await;
        }
    }

    async fn send(&mut self, method: Method, expires: Option<u32>) -> Option<Response> {
        let proxy = self.proxies.get(self.proxy).cloned();
        let target = SipAddr::try_from(proxy.as_ref().unwrap_or(&self.uri)).ok()?;
        let wire = if target.r#type == Some(Transport::Tcp) { Wire::Tcp } else { Wire::Udp };
        let target = SipAddr { r#type: Some(wire.transport()), ..target };
        let (connection, address) = self.stack.inner().transport_layer.lookup(&target, None).await.ok()?;
        let peer = address.get_socketaddr().ok()?;
        let mut domain = self.uri.clone();
        domain.auth = None;
        let host = domain.host_with_port.host.to_string();
        let us = format!("sip:{}@{host}", self.user.as_ref().map_or("attendant", |user| user.name.as_str()));
        let mut headers = Headers::default();
        headers.push(make("Via", self.stack.via(wire, peer)));
        if let Some(proxy) = proxy {
            headers.push(make("Route", format!("<{}>", loose(proxy))));
        }
        headers.push(make("Max-Forwards", "70"));
        headers.push(make("From", format!("<{us}>;tag={}", self.tag)));
        let to = if method == Method::Register { us } else { domain.to_string() };
        headers.push(make("To", format!("<{to}>")));
        headers.push(make("Call-ID", self.call_id.as_str()));
        headers.push(make("CSeq", format!("{} {method}", self.seq)));
        headers.push(make("Contact", self.stack.contact(wire, peer)));
        if let Some(expires) = expires {
            headers.push(make("Expires", expires.to_string()));
        }
        headers.push(make("User-Agent", self.stack.user_agent));
        let request = Request { method, uri: domain, version: Version::V2, headers, body: Vec::new() };
        let path = Path { connection: Some(connection), destination: Some(address) };
        // Were this future dropped while it waits, the next request would still have a number of its own.
        let first = self.seq;
        self.seq += 1 + super::dialog::MOST_CHALLENGES;
        let answer = transact(&self.stack, request, path, self.user.as_ref()).await?;
        // One by one, those repeated with credentials included (RFC 3261 section 10.2).
        let last = message::header(&answer.headers, "CSeq")
            .and_then(|cseq| cseq.split_ascii_whitespace().next()?.parse::<u32>().ok())
            .filter(|last| (first..self.seq).contains(last));
        self.seq = last.map_or(self.seq, |last| last + 1);
        Some(answer)
    }
}

/// What the answer to a REGISTER means.
enum Outcome {
    Registered {
        seconds: u32,
    },
    /// Too brief for them (RFC 3261 section 10.2.8): what they want instead, seconds, is asked for at once, the first time.
    TooBrief {
        min: u32,
    },
    /// Refused, or not answered.
    Not,
}

fn outcome(answer: Option<&Response>, asked: u32) -> Outcome {
    let Some(answer) = answer else { return Outcome::Not };
    let min = message::header(&answer.headers, "Min-Expires").and_then(|value| value.parse::<u32>().ok());
    match (message::status(answer), min) {
        (200..300, _) => Outcome::Registered { seconds: granted(answer).unwrap_or(asked).max(SHORTEST_GRANT) },
        (423, Some(min)) if (asked + 1..=LONGEST_MIN_EXPIRES).contains(&min) => Outcome::TooBrief { min },
        (_, Some(_) | None) => Outcome::Not,
    }
}

/// Nobody there, or nobody able: no answer, 408, or 5xx other than "not implemented".
const fn gone(status: Option<u16>) -> bool {
    matches!(status, None | Some(408 | 500 | 502..600))
}

/// A proxy's URI as a loose route (RFC 3261 section 16.12.1.1).
fn loose(proxy: Uri) -> String {
    let text = proxy.to_string();
    let has = text.split(';').any(|parameter| parameter.eq_ignore_ascii_case("lr"));
    if has { text } else { format!("{text};lr") }
}

/// How long a registration lasts, as its answer says: in the Contact or beside it.
fn granted(answer: &Response) -> Option<u32> {
    let contact = message::list(&answer.headers, "Contact").into_iter().find_map(|contact| {
        contact.split(';').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("expires").then(|| value.trim().parse().ok())?
        })
    });
    contact.or_else(|| message::header(&answer.headers, "Expires")?.parse().ok())
}
