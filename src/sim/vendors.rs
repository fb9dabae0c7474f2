//! Every simulated vendor behind one port of this machine, told apart by the paths that the real ones have too.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use super::{Habit, Profile, Trouble, anthropic, azure, cartesia, deepgram, elevenlabs, openai, qwen, sarvam};

/// What is wrong with whom.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    pub model: openai::Lapse,
    pub hearing: Trouble,
    pub speaking: Trouble,
    /// What recognisers do beside.
    pub habit: Option<Habit>,
}

/// Serves until `stop` resolves. The listener must be bound to a loopback address.
pub async fn serve(
    listener: TcpListener,
    profile: impl Into<Profile>,
    troubles: Troubles,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(&profile.into(), troubles)).with_graceful_shutdown(stop).await
}

fn router(profile: &Profile, troubles: Troubles) -> Router {
    let ears = profile.pace(profile.sarvam_ears, 2);
    let voice = profile.pace(profile.sarvam_voice, 3);
    openai::router(openai::Settings::new(profile.pace(profile.model, 0), profile.parts, troubles.model.clone()))
        .merge(anthropic::router(anthropic::Settings::new(
            profile.pace(profile.anthropic, 12),
            profile.parts,
            troubles.model,
        )))
        .merge(deepgram::router(profile.pace(profile.deepgram, 1), troubles.hearing.clone()))
        .merge(azure::ears::router(profile.pace(profile.azure_stt, 11), troubles.hearing.clone(), troubles.habit))
        .merge(openai::transcription::router(
            profile.pace(profile.openai_stt, 9),
            troubles.hearing.clone(),
            troubles.habit,
        ))
        .merge(openai::speech::router(profile.pace(profile.openai_tts, 10), troubles.speaking.clone()))
        .merge(sarvam::router([(ears, troubles.hearing), (voice, troubles.speaking.clone())]))
        .merge(qwen::router(profile.pace(profile.qwen, 4), troubles.speaking.clone()))
        .merge(azure::router(profile.pace(profile.azure, 5), troubles.speaking.clone()))
        .merge(elevenlabs::router(profile.pace(profile.elevenlabs, 13), troubles.speaking.clone()))
        .merge(cartesia::router(profile.pace(profile.cartesia, 6), troubles.speaking))
}
