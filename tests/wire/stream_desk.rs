//! What the stream tests share: the real HTTP server on a free port, and a front desk that hands its calls to the test.

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::api::{ApiConfig, Server};
use attendant::call::registry::{MediaPath, Refusal, StreamMedia, StreamOut};
use attendant::records::FirstTimes;
use attendant::state::Shared;
use attendant::transport::stream::config::{StreamConfig, TelnyxCodec};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wiremock::MockServer;

use crate::desk::{Desk, in_time};
use crate::wire::accounts::{PUBLIC, Secrets};

/// The channels of a stream.
pub struct Channels {
    inbound: mpsc::Receiver<StreamMedia>,
    outbound: mpsc::Sender<StreamOut>,
}

pub type Started = crate::desk::Started<Channels>;

impl Started {
    pub async fn chunk(&mut self) -> StreamMedia {
        in_time(self.media.inbound.recv()).await.expect("the stream is open")
    }

    pub async fn say(&self, out: StreamOut) {
        self.media.outbound.send(out).await.expect("the stream is open");
    }
}

/// The server under test, and the carriers' HTTP interface that it calls.
pub struct House {
    pub address: SocketAddr,
    pub carrier: MockServer,
    pub secrets: Secrets,
    pub started: mpsc::Receiver<Started>,
    pub stop: CancellationToken,
    pub running: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl House {
    pub async fn open(refusal: Option<Refusal>) -> Self {
        Self::with(refusal, |_| {}).await
    }

    pub async fn with(refusal: Option<Refusal>, change: impl FnOnce(&mut StreamConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::in_folder(folder, MockServer::start().await, refusal, change).await
    }

    /// The next process on the same machine.
    pub async fn restarted(self) -> Self {
        self.stop.cancel();
        in_time(self.running).await.expect("no panic");
        Self::in_folder(self.folder, self.carrier, None, |_| {}).await
    }

    async fn in_folder(
        folder: tempfile::TempDir,
        carrier: MockServer,
        refusal: Option<Refusal>,
        change: impl FnOnce(&mut StreamConfig),
    ) -> Self {
        let secrets = Secrets::in_folder(folder.path());
        let mut streams = secrets.streams(&carrier.uri(), TelnyxCodec::Pcmu);
        change(&mut streams);
        let api = ApiConfig { listen: vec![([127, 0, 0, 1], 0).into()], public_url: Some(PUBLIC.into()) };
        assert_eq!(api.check(true), Vec::<String>::new());
        let (desk, started) = Desk::new(refusal, |media, _| match media {
            MediaPath::Stream { inbound, outbound } => Channels { inbound, outbound },
            MediaPath::Rtp { .. } => panic!("streams are no sockets"),
        });
        let stop = CancellationToken::new();
        let announced = FirstTimes::open(folder.path()).expect("the folder is readable");
        let server =
            Server::bind(&api, &streams, Arc::new(desk), || Ok(()), announced, Shared::default(), stop.clone())
                .await
                .expect("a free port");
        let address = server.addresses()[0];
        let running = tokio::spawn(server.run());
        Self { address, carrier, secrets, started, stop, running, folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn call(&mut self) -> Started {
        in_time(self.started.recv()).await.expect("the server holds the desk")
    }

    /// Stops and waits until everything is closed.
    pub async fn close(self) {
        self.stop.cancel();
        in_time(self.running).await.expect("no panic");
    }
}
