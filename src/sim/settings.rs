//! `[scripted]` in the configuration: how slow the scripted providers are.

use serde::{Deserialize, Serialize};

use super::Delay;

/// `[scripted]`. The defaults are the shares of V3 halved, as good hosted providers reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedConfig {
    /// From a flush to the last words.
    pub stt_ms: Delay,
    /// From the question to the first token.
    pub llm_ms: Delay,
    /// From the first clause to its first audio.
    pub tts_ms: Delay,
    /// Parts of an answer, 0.9 s each.
    pub parts: u8,
}

impl Default for ScriptedConfig {
    fn default() -> Self {
        Self { stt_ms: Delay::Fixed(100), llm_ms: Delay::Fixed(250), tts_ms: Delay::Fixed(150), parts: 4 }
    }
}

impl ScriptedConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let parts = (1..=15).contains(&self.parts);
        (!parts)
            .then(|| format!("scripted.parts: {} parts cannot be told apart; write 1 to 15", self.parts))
            .into_iter()
            .collect()
    }
}
