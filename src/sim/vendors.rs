//! Every simulated vendor behind one port of this machine, told apart by the paths that the real ones have too.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use super::{ScriptedConfig, Trouble, azure, cartesia, deepgram, openai, qwen, sarvam};

/// What is wrong with whom.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    pub model: Option<openai::Fault>,
    pub hearing: Trouble,
    pub speaking: Trouble,
}

/// Serves until `stop` resolves. The listener must be bound to a loopback address.
pub async fn serve(
    listener: TcpListener,
    scripted: ScriptedConfig,
    troubles: Troubles,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(scripted, troubles)).with_graceful_shutdown(stop).await
}

fn router(scripted: ScriptedConfig, troubles: Troubles) -> Router {
    openai::router(openai::Settings { scripted, fault: troubles.model })
        .merge(deepgram::router(scripted, troubles.hearing.clone()))
        .merge(sarvam::router(scripted, troubles.hearing, troubles.speaking.clone()))
        .merge(qwen::router(scripted, troubles.speaking.clone()))
        .merge(azure::router(scripted, troubles.speaking.clone()))
        .merge(cartesia::router(scripted, troubles.speaking))
}
