//! Azure's speech-to-text over a WebSocket, by the protocol of Microsoft's own packages (USP), in all five languages: told by our acoustics where
//! a voice begins and ends, each voice a turn of its own.
//!
//! Audio leaves as 16 kHz linear PCM, and only that of voices ([`super::told`]). Microsoft promises this protocol to nobody but its own packages.
//! Facts: the source of its JavaScript package (microsoft/cognitive-services-speech-sdk-js) and what its Python package 1.53.0 sends, as
//! read and recorded on 2026-11-22.

mod config;
pub(crate) mod message;
mod talk;

pub use config::{AzureEarsConfig, AzureEarsOwn};

use super::told::Told;
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "azure_stt";

/// Whose accounts these are, whatever they are used for.
const VENDOR: &str = "azure";

/// As prices name it: Azure's own model of the language.
pub const MODEL: &str = "speech-to-text";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn ears(config: &AzureEarsConfig, section: &str) -> Result<Told, String> {
    let mut reached = config.reach(section, NAME, message::PATH)?;
    reached.account = config.account_name(VENDOR);
    Ok(Told::new(reached))
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
