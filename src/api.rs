//! The HTTP server: health, metrics, the carriers' webhooks, the WebSockets of media streams, and the links of notices.
//!
//! It decides who may come in; what is said on a stream is [`crate::transport::stream`]'s. Plain HTTP/1.1, for a proxy with TLS in front.
//! Request bodies are at most 64 KiB; connections are as many and live as long as [`connections`] says.

mod config;
mod connections;
mod health;
mod metrics;
mod notices;
mod stream;
mod telnyx;
mod twilio;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::call::desk::NotReady;
use crate::call::registry::FrontDesk;
use crate::notices::Notices;
use crate::records::FirstTimes;
use crate::state::Shared as State;
use crate::telemetry;
use crate::transport::stream::{Entrance, StreamConfig};

pub use config::ApiConfig;
use connections::Places;

/// Carriers' webhooks are a few KiB.
const MOST_BODY: usize = 64 * 1024;

/// What every handler may need.
#[derive(Clone)]
struct Shared {
    entrance: Arc<Entrance>,
    ready: Arc<Ready>,
    /// Whose links are opened here: each clinic's.
    notices: Arc<Links>,
}

/// The notices of the clinics, as they are at the moment.
type Links = dyn Fn() -> Vec<Notices> + Send + Sync;

/// Whether new calls are taken.
type Ready = dyn Fn() -> Result<(), NotReady> + Send + Sync;

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Config(String),
    #[error("cannot listen on {address}: {error}; stop what listens there, or name another address in api.listen")]
    Bind { address: SocketAddr, error: io::Error },
}

/// Bound and not yet serving.
pub struct Server {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    shared: Shared,
    stop: CancellationToken,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Server {
    /// Binds. Cancelling `stop` closes every stream and the server. `ready` says whether new calls are taken; `announced` knows the calls that
    /// earlier processes have answered.
    pub async fn bind(
        api: &ApiConfig,
        streams: &StreamConfig,
        desk: Arc<dyn FrontDesk>,
        ready: impl Fn() -> Result<(), NotReady> + Send + Sync + 'static,
        announced: FirstTimes,
        state: State,
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let entrance = Entrance::open(streams, api.public_url.as_deref(), desk, announced, state, stop.clone())
            .map_err(Error::Config)?;
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for &address in &api.listen {
            let listener = TcpListener::bind(address).await.map_err(|error| Error::Bind { address, error })?;
            addresses.push(listener.local_addr().map_err(|error| Error::Bind { address, error })?);
            listeners.push(listener);
        }
        Ok(Self {
            listeners,
            addresses,
            shared: Shared { entrance, ready: Arc::new(ready), notices: Arc::new(Vec::new) },
            stop,
        })
    }

    /// Also opens the links of these notices. To be called before [`Self::run`].
    #[must_use]
    pub fn with_notices(mut self, notices: impl Fn() -> Vec<Notices> + Send + Sync + 'static) -> Self {
        self.shared.notices = Arc::new(notices);
        self
    }

    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until stopped, and until every stream has said goodbye.
    pub async fn run(self) {
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(telemetry::metrics::keep_up()));
        let (app, places) = (router(self.shared.clone()), Places::new(connections::MOST));
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            serving.spawn(connections::serve(listener, app.clone(), places.clone(), self.stop.clone()));
        }
        serving.join_all().await;
        self.stop.cancelled().await;
        self.shared.entrance.closed().await;
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/health", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health/redis", get(health::redis))
        .route("/metrics", get(metrics::text))
        .route(twilio::PATH, post(twilio::voice))
        .route("/webhooks/telnyx", post(telnyx::event))
        .route("/stream/twilio/{token}", any(stream::twilio))
        .route("/stream/twilio", any(stream::twilio_without))
        .route("/stream/twilio/", any(stream::twilio_without))
        .route("/stream/telnyx/{token}", any(stream::telnyx))
        .route("/stream/telnyx", any(stream::telnyx_without))
        .route("/stream/telnyx/", any(stream::telnyx_without))
        .route("/stream/pcm", any(stream::pcm))
        .route("/notices/{token}", get(notices::ask).post(notices::acknowledge))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .with_state(shared)
}
