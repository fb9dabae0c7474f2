//! How long each simulated vendor takes: what is published of it, or fixed delays.
//!
//! The published figures, where each is from, and which of them had to be derived or assumed: docs/measure.md. They are of a day
//! and a place; a clinic's own are in its records.

use super::pace::Pace;
use super::{Delay, ScriptedConfig};

/// Milliseconds: to the first token, from the request for last words to these, from a text to its first audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Of all draws; each vendor's own follow from it.
    pub seed: u64,
    /// Of an answer, a sentence each.
    pub parts: u8,
    pub model: Delay,
    pub anthropic: Delay,
    pub deepgram: Delay,
    pub azure_stt: Delay,
    pub google: Delay,
    pub openai_stt: Delay,
    pub sarvam_ears: Delay,
    pub cartesia: Delay,
    pub elevenlabs: Delay,
    pub azure: Delay,
    pub google_tts: Delay,
    pub openai_tts: Delay,
    pub sarvam_voice: Delay,
    pub qwen: Delay,
}

const fn spread(median: u64, p99: u64) -> Delay {
    Delay::Spread { median, p99 }
}

impl Profile {
    /// As read on 2026-11-22; see docs/measure.md.
    pub const fn published(parts: u8, seed: u64) -> Self {
        Self {
            seed,
            parts,
            // kwindla/aiewf-eval, gpt-4.1: p50 536, p95 1,771; the p99 of the log-normal through both.
            model: spread(536, 2_905),
            // The same, claude-haiku-4-5: p50 637, p95 1,615; the p99 in the same way.
            anthropic: spread(637, 2_374),
            // pipecat-ai/stt-benchmark, 1,000 utterances.
            deepgram: spread(247, 326),
            // p99 of Pipecat's own table; median assumed at 0.6 of it, as of the slower ones in the benchmark above.
            sarvam_ears: spread(700, 1_170),
            // The same.
            google: spread(940, 1_570),
            azure_stt: spread(1_080, 1_800),
            // The same.
            openai_stt: spread(996, 1_660),
            // Coval, May 2026: p50 188, quartiles 100 apart; the p99 of the log-normal through both.
            cartesia: spread(188, 465),
            // The same of Flash v2.5: p50 288, quartiles 28 apart.
            elevenlabs: spread(288, 341),
            // Vexyl, 2025, the mean from Delhi; p99 assumed at 2.5 times it, as of Cartesia.
            azure: spread(363, 910),
            // Nobody has published it of Chirp 3: HD that we found; assumed as of Azure's.
            google_tts: spread(363, 910),
            // The same.
            openai_tts: spread(363, 910),
            // The vendor's own, 2026; p99 assumed in the same way.
            sarvam_voice: spread(250, 625),
            // The model's first packet by its authors, without a network; p99 assumed in the same way.
            qwen: spread(97, 240),
        }
    }

    #[must_use]
    pub const fn hearing_in(self, delay: Delay) -> Self {
        Self { deepgram: delay, google: delay, azure_stt: delay, openai_stt: delay, sarvam_ears: delay, ..self }
    }

    #[must_use]
    pub const fn thinking_in(self, delay: Delay) -> Self {
        Self { model: delay, anthropic: delay, ..self }
    }

    #[must_use]
    pub const fn speaking_in(self, delay: Delay) -> Self {
        Self {
            cartesia: delay,
            elevenlabs: delay,
            azure: delay,
            google_tts: delay,
            openai_tts: delay,
            sarvam_voice: delay,
            qwen: delay,
            ..self
        }
    }

    /// Each vendor draws for itself: how often one is asked does not change what another takes. `which` tells them apart.
    pub(super) fn pace(&self, delay: Delay, which: u64) -> Pace {
        Pace::new(delay, self.seed.wrapping_mul(1_000).wrapping_add(which))
    }
}

/// All vendors of a kind alike.
impl From<ScriptedConfig> for Profile {
    fn from(scripted: ScriptedConfig) -> Self {
        Self::published(scripted.parts, 0)
            .hearing_in(scripted.stt_ms)
            .thinking_in(scripted.llm_ms)
            .speaking_in(scripted.tts_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_delays_replace_every_published_one_of_their_kind() {
        let scripted = ScriptedConfig::default();
        let profile = Profile::from(scripted);
        assert_eq!(
            [profile.deepgram, profile.azure_stt, profile.openai_stt, profile.sarvam_ears],
            [scripted.stt_ms; 4]
        );
        let streamed = [profile.cartesia, profile.elevenlabs, profile.sarvam_voice, profile.qwen];
        assert_eq!(streamed, [scripted.tts_ms; 4]);
        assert_eq!([profile.azure, profile.google_tts, profile.openai_tts], [scripted.tts_ms; 3]);
        assert_eq!([profile.model, profile.anthropic], [scripted.llm_ms; 2]);
        assert_eq!(profile.parts, scripted.parts);
    }
}
