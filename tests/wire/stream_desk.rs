//! What the stream tests share: the real HTTP server on a free port, and a front desk that hands its calls to the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::api::{ApiConfig, Server};
use attendant::call::CallId;
use attendant::call::event::{Command, Event, Mailbox, Signal};
use attendant::call::registry::{
    Arriving, CallHandle, FrontDesk, MediaPath, NewCall, Refusal, StreamMedia, StreamOut, Ticket,
};
use attendant::config::{Secret, SecretSource};
use attendant::transport::stream::{PcmConfig, StreamConfig, TelnyxConfig, TwilioConfig};
use attendant_media::leg::LegConfig;
use base64::Engine as _;
use ed25519_dalek::SigningKey;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wiremock::MockServer;

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const PUBLIC: &str = "https://calls.clinic.example/attendant";
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A call that the desk has started.
pub struct Started {
    pub arriving: Arriving,
    pub leg: LegConfig,
    pub inbound: mpsc::Receiver<StreamMedia>,
    pub outbound: mpsc::Sender<StreamOut>,
    pub events: mpsc::Receiver<Event>,
    pub commands: mpsc::Sender<Command>,
}

impl Started {
    pub async fn signal(&mut self) -> Signal {
        match in_time(self.events.recv()).await.expect("the transport keeps the mailbox until the end") {
            Event::Signal(signal) => signal,
            other => panic!("a transport sends signals only, not {other:?}"),
        }
    }

    pub async fn chunk(&mut self) -> StreamMedia {
        in_time(self.inbound.recv()).await.expect("the stream is open")
    }

    pub async fn say(&self, out: StreamOut) {
        self.outbound.send(out).await.expect("the stream is open");
    }
}

pub async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("in time")
}

struct Desk {
    refusal: Option<Refusal>,
    started: mpsc::Sender<Started>,
}

impl FrontDesk for Desk {
    fn admit(&self, _arriving: &Arriving) -> Result<Ticket, Refusal> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Ticket::unlimited(CallId::new())),
        }
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        let (mailbox, events) = Mailbox::new();
        let NewCall { arriving, leg, media, commands } = call;
        let MediaPath::Stream { inbound, outbound } = media else { panic!("streams are no sockets") };
        let started = Started { arriving, leg, inbound, outbound, events, commands };
        self.started.try_send(started).expect("the test takes its calls");
        CallHandle { call: ticket.call, mailbox }
    }
}

/// The server under test, and the carriers' HTTP interface that it calls.
pub struct House {
    pub address: SocketAddr,
    pub carrier: MockServer,
    pub key: SigningKey,
    pub started: mpsc::Receiver<Started>,
    pub stop: CancellationToken,
    pub running: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn open(refusal: Option<Refusal>) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, SECRET).expect("the folder is writable");
        let secret = SecretSource { env: None, file: Some(path) };
        let carrier = MockServer::start().await;
        let key = SigningKey::from_bytes(&[5; 32]);
        let streams = StreamConfig {
            twilio: Some(TwilioConfig {
                account_sid: ACCOUNT.into(),
                auth_token: secret.clone(),
                api_url: carrier.uri(),
            }),
            telnyx: Some(TelnyxConfig {
                public_key: base64::engine::general_purpose::STANDARD.encode(key.verifying_key().as_bytes()),
                api_key: secret.clone(),
                api_url: format!("{}/v2", carrier.uri()),
                codec: attendant::transport::stream::config::TelnyxCodec::Pcmu,
            }),
            pcm: Some(PcmConfig { key: secret }),
            ..StreamConfig::default()
        };
        let api = ApiConfig { listen: vec![([127, 0, 0, 1], 0).into()], public_url: Some(PUBLIC.into()) };
        assert_eq!(streams.check(), Vec::<String>::new());
        assert_eq!(api.check(true), Vec::<String>::new());
        let (started_in, started) = mpsc::channel(8);
        let desk = Arc::new(Desk { refusal, started: started_in });
        let stop = CancellationToken::new();
        let server = Server::bind(&api, &streams, desk, || true, stop.clone()).await.expect("a free port");
        let address = server.addresses()[0];
        let running = tokio::spawn(server.run());
        Self { address, carrier, key, started, stop, running, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn call(&mut self) -> Started {
        in_time(self.started.recv()).await.expect("the server holds the desk")
    }

    pub fn secret() -> Secret {
        Secret::new(SECRET.into())
    }

    /// Stops and waits until everything is closed.
    pub async fn close(self) {
        self.stop.cancel();
        in_time(self.running).await.expect("no panic");
    }
}
