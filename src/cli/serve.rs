//! `attendant serve`: takes calls until it is told to stop.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::origin::Origin;
use super::{Exit, Failure};
use crate::descriptors;
use crate::server::{Kind, Server, StartError};
use crate::telemetry;

/// Take calls until told to stop (SIGTERM or Ctrl-C): then take no new ones and let those going on end.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    origin: Origin,
    /// Who hears, thinks and speaks, instead of what is configured.
    #[arg(long, value_name = "KIND")]
    providers: Option<Kind>,
}

impl Serve {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let mut config = self.origin.load()?;
        if let Some(kind) = self.providers {
            config.providers.kind = kind;
        }
        telemetry::start(&config.log);
        let (open, needed) = (descriptors::raise(), descriptors::needed(config.call.max_calls));
        if open < needed {
            tracing::warn!(
                open,
                needed,
                "too few files may be open for call.max_calls; raise the limit (LimitNOFILE of a systemd unit, ulimit -Hn) or lower call.max_calls"
            );
        }
        let grace = Duration::from_secs(config.server.grace_s);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(crate::priority::shared_threads())
            .on_thread_start(crate::priority::shared)
            .enable_all()
            .build()
            .map_err(Failure::internal)?;
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::internal)?;
            let mut terminate = signal(SignalKind::terminate()).map_err(Failure::internal)?;
            let server = Server::start(config).await.map_err(failure)?;
            for address in server.http() {
                tracing::info!(%address, "listening for HTTP and media streams");
            }
            for listening in server.listening() {
                tracing::info!(address = %listening.address, transport = ?listening.transport, "listening for SIP");
            }
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let active = server.desk().active();
            tracing::info!(
                active,
                grace_s = grace.as_secs(),
                "stopping: no new calls; send the signal again to stop at once"
            );
            tokio::select! {
                drained = server.drain(grace) => {
                    if !drained {
                        tracing::warn!("calls were still going on when the grace period ended");
                    }
                }
                _ = interrupt.recv() => tracing::warn!("stopped at once"),
                _ = terminate.recv() => tracing::warn!("stopped at once"),
            }
            Ok(Exit::Done)
        })
    }
}

fn failure(error: StartError) -> Failure {
    if error.is_configuration() { Failure::usage(error) } else { Failure::unavailable(error) }
}
