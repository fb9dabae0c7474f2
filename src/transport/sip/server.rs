//! The serving side: takes what the stack hands up and gives each request to its call, or answers it.

use std::net::IpAddr;
use std::sync::Arc;

use attendant_media::time::Time;
use parking_lot::Mutex;
use rsipstack::sip::{HeadersExt, Method};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio_util::sync::CancellationToken;

use super::allow::{Limiter, Rate};
use super::challenge::Challenger;
use super::clock::Clock;
use super::config::{SipConfig, UserConfig};
use super::counters::{Counters, Dropped};
use super::dialog::Delivery;
use super::digest::Gatekeeper;
use super::merged::Taken;
use super::message::{ACCEPT, ALLOW, SUPPORTED};
use super::phone::{Phone, PhoneConfig};
use super::ports::Ports;
use super::registration;
use super::screen::Refused;
use super::session::Answering;
use super::stack::{Listening, Stack, StackOptions, peer_of, to_tag, token};
use super::{Error, USER_AGENT, inbound};
use crate::call::registry::FrontDesk;

/// What every inbound call needs of the server.
pub(crate) struct Serving {
    pub(crate) stack: Arc<Stack>,
    pub(crate) config: SipConfig,
    pub(crate) desk: Arc<dyn FrontDesk>,
    pub(crate) ports: Ports,
    pub(crate) challenger: Arc<Challenger>,
    calls: Mutex<Limiter>,
    pub(crate) taken: Taken,
}

impl Serving {
    /// Whether this address may begin another call now.
    pub(crate) fn within_rate(&self, ip: IpAddr, now: Time) -> bool {
        self.calls.lock().take(ip, now)
    }
}

/// A SIP server. Bound means listening: calls that come before [`Server::run`] wait for it.
pub struct Server {
    serving: Arc<Serving>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("stack", &self.serving.stack).finish_non_exhaustive()
    }
}

impl Server {
    /// Checks the configuration and binds its addresses. `shutdown`: cancelled, every call gets BYE and the sockets close.
    pub async fn bind(config: SipConfig, desk: Arc<dyn FrontDesk>, shutdown: CancellationToken) -> Result<Self, Error> {
        Self::bind_on(Clock::start(), config, desk, shutdown).await
    }

    pub(crate) async fn bind_on(
        clock: Clock,
        config: SipConfig,
        desk: Arc<dyn FrontDesk>,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        let wrong = config.check();
        if !wrong.is_empty() {
            return Err(Error::Config(wrong));
        }
        super::refuse_leaking_logs()?;
        let users = config
            .users
            .iter()
            .map(UserConfig::credentials)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|wrong| Error::Config(vec![wrong]))?;
        let gatekeeper = Gatekeeper::new(config.realm.clone(), users, rand::random());
        let is_open = gatekeeper.has_users();
        let challenger = Arc::new(Challenger::new(gatekeeper, clock));
        let options = StackOptions {
            udp: config.udp.clone(),
            tcp: config.tcp.clone(),
            external: config.external_address,
            allow: config.allow.clone(),
            challenger: is_open.then(|| challenger.clone()),
            user_agent: USER_AGENT,
            clock,
        };
        let stack = Stack::bind(options, shutdown).await.map_err(Error::Bind)?;
        let rate = f64::from(config.calls_per_second);
        let serving = Serving {
            ports: Ports::new(config.rtp_ports, rand::random::<u16>().into()),
            stack,
            config,
            desk,
            challenger,
            calls: Mutex::new(Limiter::new(Rate { per_second: rate, burst: rate * 2.0 })),
            taken: Taken::default(),
        };
        Ok(Self { serving: Arc::new(serving) })
    }

    /// Where it listens, ports chosen by the system included.
    pub fn addresses(&self) -> &[Listening] {
        &self.serving.stack.listening
    }

    pub fn counters(&self) -> Arc<Counters> {
        self.serving.stack.counters.clone()
    }

    /// Calls ringing or up.
    pub fn calls(&self) -> usize {
        self.serving.stack.dialogs.len()
    }

    /// A telephone on the server's own sockets.
    pub fn phone(&self, config: PhoneConfig) -> Phone {
        Phone::over(self.serving.stack.clone(), config)
    }

    /// Cancelled once no call is heard any more: by a fault of the stack, or because serving is over.
    pub fn deaf(&self) -> CancellationToken {
        self.serving.stack.deaf.clone()
    }

    /// Transactions that the stack holds, those that are over and still remembered included.
    #[cfg(test)]
    pub(crate) fn transactions(&self) -> impl Fn() -> usize + use<> {
        let stack = self.serving.stack.clone();
        move || {
            let held = stack.inner().get_stats();
            held.running_transactions + held.finished_transactions
        }
    }

    /// Ends the stack as a fault of its would.
    #[cfg(test)]
    pub(crate) fn running(&self) -> tokio::task::AbortHandle {
        self.serving.stack.running.clone()
    }

    /// Serves until the shutdown token is cancelled, or the stack has a fault.
    pub async fn run(self) {
        let stack = &self.serving.stack;
        // Whatever ends this, a fault here included, nothing is taken afterwards.
        let _deaf = stack.deaf.clone().drop_guard();
        let Some(mut incoming) = stack.incoming() else { return };
        if let Some(trunk) = self.serving.config.trunk.clone() {
            tokio::spawn(registration::keep(stack.clone(), trunk));
        }
        loop {
            let transaction = tokio::select! {
                () = stack.stop.cancelled() => break,
                () = stack.deaf.cancelled() => return,
                transaction = incoming.recv() => transaction,
            };
            let Some(transaction) = transaction else { return };
            if let Some(invite) = dispatch(stack, transaction).await {
                tokio::spawn(inbound::take(self.serving.clone(), invite));
            }
        }
        stack.closed.cancelled().await;
    }
}

/// Serves a phone that nobody can ring: it answers inside its own calls and declines others.
pub(crate) async fn refuse_calls(stack: Arc<Stack>) {
    let Some(mut incoming) = stack.incoming() else { return };
    while let Some(transaction) = incoming.recv().await {
        if let Some(invite) = dispatch(&stack, transaction).await {
            refuse(&stack, invite, Refused::new(480, &[]), &token());
        }
    }
}

/// Answers an INVITE with something other than 2xx; its transaction repeats it until the ACK.
pub(crate) fn refuse(stack: &Stack, transaction: Transaction, refused: Refused, tag: &str) -> Answering {
    let response = stack.response(&transaction.original, refused.status, tag, refused.headers);
    let answering = Answering::drive(transaction);
    answering.respond(response);
    answering
}

/// Gives a request to its call, answers it, or returns it: an INVITE that begins a call.
async fn dispatch(stack: &Arc<Stack>, transaction: Transaction) -> Option<Transaction> {
    let request = &transaction.original;
    if let Some(tag) = to_tag(request) {
        let call_id = request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
        let acknowledges = request.method == Method::Ack;
        match stack.dialogs.deliver(&call_id, &tag, transaction) {
            Delivery::Delivered => {}
            Delivery::Full => stack.count(Dropped::Overflow),
            // Nothing answers an ACK (RFC 3261 section 17).
            Delivery::NoSuchCall(_) if acknowledges => {}
            Delivery::NoSuchCall(transaction) => answer(stack, *transaction, Refused::new(481, &[])).await,
        }
        return None;
    }
    match request.method {
        Method::Invite => return Some(transaction),
        // Neither is answered on its own: the stack matches them to their INVITE.
        Method::Ack | Method::Cancel => {}
        Method::Options => {
            let capable = [("Allow", ALLOW), ("Accept", ACCEPT), ("Supported", SUPPORTED)];
            answer(stack, transaction, Refused::new(200, &capable)).await;
        }
        // These belong to a call, and there is none.
        Method::Bye | Method::Info | Method::Notify | Method::Update | Method::PRack => {
            answer(stack, transaction, Refused::new(481, &[])).await;
        }
        Method::Message | Method::Publish | Method::Refer | Method::Register | Method::Subscribe => {
            answer(stack, transaction, Refused::new(405, &[("Allow", ALLOW)])).await;
        }
    }
    None
}

/// Answers a request outside of any call. A stranger gets nothing: an answer would tell a scanner that we are here.
async fn answer(stack: &Arc<Stack>, mut transaction: Transaction, answer: Refused) {
    let peer = transaction.connection.as_ref().and_then(peer_of);
    let Some(peer) = peer.filter(|peer| stack.gate.knows(peer.ip())) else {
        stack.count(Dropped::Stranger);
        return;
    };
    if transaction.original.method == Method::Invite {
        refuse(stack, transaction, answer, &token());
        return;
    }
    let response = stack.response(&transaction.original, answer.status, &token(), answer.headers);
    if !transaction.connection.as_ref().is_some_and(SipConnection::is_reliable) {
        // The asker repeats its request if this is lost.
        transaction.respond(response).await.ok();
        return;
    }
    // A stream may be full, and nobody else waits for its peer to read.
    match stack.lanes.answer(peer) {
        Some(place) => {
            tokio::spawn(async move {
                // Fails when the peer has closed the stream, and then it wants no answer.
                transaction.respond(response).await.ok();
                drop(place);
            });
        }
        None => stack.count(Dropped::Overflow),
    }
}
