//! `attendant serve`: takes calls until it is told to stop.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::origin::Origin;
use super::{Exit, Failure};
use crate::descriptors;
use crate::server::{Kind, Server};
use crate::telemetry;

/// After a fault calls going on have so long to end: meanwhile nobody new gets through.
const AFTER_A_FAULT: Duration = Duration::from_secs(30);

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
            let interrupt = signal(SignalKind::interrupt()).map_err(Failure::internal)?;
            let terminate = signal(SignalKind::terminate()).map_err(Failure::internal)?;
            let server = Server::start(config).await.map_err(super::start_failure)?;
            for address in server.http() {
                tracing::info!(%address, "listening for HTTP and media streams");
            }
            for listening in server.listening() {
                tracing::info!(address = %listening.address, transport = ?listening.transport, "listening for SIP");
            }
            attend(server, grace, interrupt, terminate).await
        })
    }
}

/// Serves until a signal or a fault, then lets calls end.
async fn attend(
    server: Server,
    grace: Duration,
    mut interrupt: Signal,
    mut terminate: Signal,
) -> Result<Exit, Failure> {
    let (ends, grace) = tokio::select! {
        _ = interrupt.recv() => (Ok(Exit::Done), grace),
        _ = terminate.recv() => (Ok(Exit::Done), grace),
        () = server.fault() => {
            let why = "SIP was not heard any more; a service manager that is told to starts a new process (Restart=always)";
            (Err(Failure::internal(anyhow::anyhow!(why))), grace.min(AFTER_A_FAULT))
        }
    };
    let active = server.active();
    tracing::info!(active, grace_s = grace.as_secs(), "stopping: no new calls; send the signal again to stop at once");
    tokio::select! {
        drained = server.drain(grace) => {
            if !drained {
                tracing::warn!("calls were still going on when the grace period ended");
            }
        }
        _ = interrupt.recv() => tracing::warn!("stopped at once"),
        _ = terminate.recv() => tracing::warn!("stopped at once"),
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::sim::Delay;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sip_stack_with_a_fault_is_not_ready_and_ends_the_process_with_70() {
        let folder = tempfile::tempdir().unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let mut config = Config::default();
        (config.sip.udp, config.sip.tcp, config.api.listen) = (vec![free], vec![free], vec![free]);
        config.providers.kind = Kind::Scripted;
        config.scripted.tts_ms = Delay::Fixed(0);
        config.records.path = Some(folder.path().to_path_buf());
        let server = Server::start(config).await.unwrap();
        let ready = format!("http://{}/health/ready", server.http()[0]);
        assert_eq!(reqwest::get(&ready).await.unwrap().status(), 200);
        server.sip_running.abort();
        server.fault().await;
        let told = reqwest::get(&ready).await.unwrap();
        assert_eq!(told.status(), 503);
        assert_eq!(told.text().await.unwrap(), "not ready: SIP is not being served\n");
        let never = || signal(SignalKind::user_defined1()).unwrap();
        let ended = attend(server, Duration::from_secs(120), never(), never()).await.unwrap_err();
        assert_eq!(ended.exit.code(), 70);
    }
}
