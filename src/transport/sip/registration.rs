//! Keeps the trunk: registers with the carrier where it asks for that, and asks with OPTIONS whether it is still there.

use std::net::SocketAddr;
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

/// After a failure, the next try; doubled each time up to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// Keeps the trunk until the stack stops.
pub(crate) async fn keep(stack: Arc<Stack>, config: TrunkConfig) {
    let Ok(uri) = Uri::try_from(config.uri.as_str()) else { return };
    let user = config.user.as_ref().map(UserConfig::credentials).and_then(Result::ok);
    let mut trunk = Trunk { stack: stack.clone(), uri, user, call_id: token(), tag: token(), seq: 1 };
    let registering = config.user.is_some();
    if registering && trunk.user.is_none() {
        tracing::error!("the trunk is not registered: its secret cannot be read any more");
        return;
    }
    let mut other = trunk.another();
    tokio::select! {
        () = stack.stop.cancelled() => {}
        () = trunk.register(config.expires_s), if registering => {}
        () = other.ask(config.options_s), if config.options_s > 0 => {}
        else => {}
    }
    if registering {
        // The last request of a stopping process: it is not waited for longer than the sockets live.
        trunk.send(Method::Register, Some(0)).await;
    }
}

struct Trunk {
    stack: Arc<Stack>,
    uri: Uri,
    user: Option<Credentials>,
    call_id: String,
    tag: String,
    seq: u32,
}

impl Trunk {
    fn another(&self) -> Self {
        Self {
            stack: self.stack.clone(),
            uri: self.uri.clone(),
            user: self.user.clone(),
            call_id: token(),
            tag: token(),
            seq: 1,
        }
    }

    /// Registers again and again, each time before the last one runs out.
    async fn register(&mut self, expires: u32) {
        let mut retry = FIRST_RETRY;
        loop {
            let answer = self.send(Method::Register, Some(expires)).await;
            let wait = match answer.as_ref().map(message::status) {
                Some(200..300) => {
                    retry = FIRST_RETRY;
                    let granted = answer.as_ref().and_then(granted).unwrap_or(expires).max(30);
                    metrics::gauge!("attendant_sip_trunk_registered").set(1.0);
                    Duration::from_secs(u64::from(granted) * 4 / 5)
                }
                status => {
                    metrics::gauge!("attendant_sip_trunk_registered").set(0.0);
                    tracing::warn!(?status, retry_s = retry.as_secs(), "the trunk is not registered; check sip.trunk");
                    let wait = retry;
                    retry = (retry * 2).min(LONGEST_RETRY);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask(&mut self, every_s: u32) {
        loop {
            let status = self.send(Method::Options, None).await.as_ref().map(message::status);
            // Any answer but a time-out means that somebody is there.
            let there = status.is_some_and(|status| status != 408 && status != 503);
            metrics::gauge!("attendant_sip_trunk_reachable").set(if there { 1.0 } else { 0.0 });
            if !there {
                tracing::warn!(?status, "the trunk does not answer OPTIONS");
            }
            tokio::time::sleep(Duration::from_secs(every_s.into())).await;
        }
    }

    async fn send(&mut self, method: Method, expires: Option<u32>) -> Option<Response> {
        let target = SipAddr::try_from(&self.uri).ok()?;
        let wire = if target.r#type == Some(Transport::Tcp) { Wire::Tcp } else { Wire::Udp };
        let (connection, address) = self.stack.inner().transport_layer.lookup(&target, None).await.ok()?;
        let peer: SocketAddr = address.get_socketaddr().ok()?;
        let mut domain = self.uri.clone();
        domain.auth = None;
        let host = domain.host_with_port.host.to_string();
        let us = format!("sip:{}@{host}", self.user.as_ref().map_or("attendant", |user| user.name.as_str()));
        let mut headers = Headers::default();
        headers.push(make("Via", self.stack.via(wire, peer)));
        headers.push(make("Max-Forwards", "70"));
        headers.push(make("From", format!("<{us}>;tag={}", self.tag)));
        let to = if method == Method::Register { us } else { domain.to_string() };
        headers.push(make("To", format!("<{to}>")));
        headers.push(make("Call-ID", self.call_id.as_str()));
        headers.push(make("CSeq", format!("{} {method}", self.seq)));
        self.seq += 2;
        headers.push(make("Contact", self.stack.contact(wire, peer)));
        if let Some(expires) = expires {
            headers.push(make("Expires", expires.to_string()));
        }
        headers.push(make("User-Agent", self.stack.user_agent));
        let request = Request { method, uri: domain, version: Version::V2, headers, body: Vec::new() };
        let path = Path { connection: Some(connection), destination: Some(address) };
        transact(&self.stack, request, path, self.user.as_ref()).await
    }
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
