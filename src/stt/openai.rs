//! OpenAI's realtime transcription over a WebSocket (`/v1/realtime?intent=transcription`), told by our acoustics where a voice begins and ends: what
//! is said is committed where the voice ends, and OpenAI's own turn detection is off.
//!
//! Audio leaves as 24 kHz linear PCM, the only rate it takes, and only that of voices ([`super::told`]). Facts of the protocol: OpenAI's Python
//! package 3.54.0 and its page on realtime transcription, as read on 2026-11-22.

mod config;
mod message;
mod request;
mod talk;

pub use config::{OpenAiEarsConfig, OpenAiEarsOwn};

use super::told::Told;
use crate::provider::{ErrorKind, ProviderError, openai};

const NAME: &str = "openai_stt";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn ears(config: &OpenAiEarsConfig, section: &str) -> Result<Told, String> {
    let mut reached = config.reach(section, NAME, request::PATH)?;
    reached.account = config.account_name(openai::VENDOR);
    reached.address.query_pairs_mut().append_pair("intent", "transcription");
    Ok(Told::new(reached))
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
