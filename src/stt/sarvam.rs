//! Sarvam's recogniser, for Punjabi first: its realtime interface, with partials, told by our acoustics where a voice begins and ends.
//!
//! Audio leaves as 16 kHz linear PCM, and only that of voices ([`super::told`]). Facts of the protocol: Sarvam's Python SDK 0.1.39 and its page
//! on realtime streaming, as read on 2026-11-21.

mod request;
mod talk;

use super::told::Told;
use crate::provider::sarvam::{NAME, SarvamConfig, kind_of_close};
use crate::provider::{ErrorKind, ProviderError};

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn ears(config: &SarvamConfig, section: &str) -> Result<Told, String> {
    let reached = config.reach(section, NAME, request::PATH)?;
    Ok(Told::new(reached.closing(kind_of_close)))
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
