//! `attendant sim`: things that stand in for the outside world, for trying and measuring.

use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use super::{Exit, Failure};
use crate::sim::{Delay, ScriptedConfig, openai};

/// Stand-ins for the outside world, for trying and measuring without keys.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Sim {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Providers(Providers),
}

/// Serve a scripted language model behind the OpenAI chat-completions API.
///
/// The scripted recogniser and voice have no wire protocol of their own: they run inside `attendant serve`, chosen by
/// `[providers] kind = "scripted"` or `attendant serve --providers scripted`, with the delays of `[scripted]`.
#[derive(Debug, Args)]
struct Providers {
    /// Address of this machine to listen on.
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR:PORT")]
    bind: SocketAddr,
    /// Milliseconds to the first token: `200`, or `100..300` to draw it.
    #[arg(long, default_value_t = ScriptedConfig::default().llm_ms, value_name = "MS")]
    llm: Delay,
    /// Parts of an answer, a sentence each.
    #[arg(long, default_value_t = ScriptedConfig::default().parts, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15))]
    parts: u8,
    /// Fail so at every request.
    #[arg(long, value_name = "HOW")]
    fault: Option<openai::Fault>,
}

impl Sim {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.what {
            What::Providers(providers) => providers.run(),
        }
    }
}

impl Providers {
    fn run(self) -> Result<Exit, Failure> {
        if !openai::may_bind(self.bind) {
            return Err(Failure::usage(anyhow!(
                "--bind {}: not an address of this machine only; use 127.0.0.1",
                self.bind
            )));
        }
        let settings = ScriptedConfig { llm_ms: self.llm, parts: self.parts, ..ScriptedConfig::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::internal)?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.bind)
                .await
                .with_context(|| format!("{} cannot be listened on; choose another with --bind", self.bind))
                .map_err(Failure::unavailable)?;
            let bound = listener.local_addr().map_err(Failure::internal)?;
            println!("language model  http://{bound}/v1  (first token after {} ms)", self.llm);
            let stop = async {
                if tokio::signal::ctrl_c().await.is_err() {
                    tracing::warn!("no signal handler: end this process by its id");
                    std::future::pending::<()>().await;
                }
            };
            openai::serve(listener, settings, self.fault, stop).await.map_err(Failure::internal)?;
            Ok(Exit::Done)
        })
    }
}
