//! Who is asked in a language, and in what order, by the names of the configuration: for people to read. The order is that of a call.

use super::ProvidersConfig;
use super::order;
use crate::costs::Kind as Use;
use crate::language::Language;
use crate::provider::chain;

impl ProvidersConfig {
    /// The first first; whoever does not know the language is not asked.
    pub fn asked(&self, what: Use, language: Language) -> Vec<&str> {
        let [ears, models, voices] = self.names();
        let (names, wanted) = match what {
            Use::Hearing => (ears, &self.hearing),
            Use::Thinking => (models, &self.thinking),
            Use::Speaking => (voices, &self.speaking),
        };
        let knows = |member: usize| self.knows(what, names[member], language);
        let places = chain::in_order(&order::places(wanted, &names), language, names.len(), knows);
        places.into_iter().map(|member| names[member]).collect()
    }

    pub(super) fn knows(&self, what: Use, name: &str, language: Language) -> bool {
        match (what, name) {
            (Use::Hearing, "deepgram") => {
                self.deepgram.as_ref().is_some_and(|deepgram| deepgram.own.model_name(language).is_some())
            }
            (Use::Hearing, "sarvam") => self.sarvam.as_ref().is_some_and(|sarvam| sarvam.own.is_to_hear(language)),
            (Use::Speaking, "sarvam") => {
                self.sarvam.as_ref().is_some_and(|sarvam| sarvam.own.voice(language).is_some())
            }
            (Use::Speaking, "qwen") => self.qwen.as_ref().is_some_and(|qwen| qwen.own.voice(language).is_some()),
            (Use::Speaking, "cartesia") => {
                self.cartesia.as_ref().is_some_and(|cartesia| cartesia.own.voices.contains_key(&language))
            }
            (Use::Speaking, "elevenlabs") => {
                self.elevenlabs.as_ref().is_some_and(|eleven| eleven.own.voice(language).is_some())
            }
            (Use::Hearing, "openai_stt") => {
                self.openai_stt.as_ref().is_some_and(|openai| openai.own.is_to_hear(language))
            }
            (Use::Speaking, "openai_tts") => {
                self.openai_tts.as_ref().is_some_and(|openai| openai.own.voice(language).is_some())
            }
            (Use::Speaking, "google_tts") => {
                self.google_tts.as_ref().is_some_and(|google| google.own.voice(language).is_some())
            }
            // What is on this machine, Google's ears, Azure's both, and every model.
            (Use::Hearing | Use::Speaking | Use::Thinking, _) => true,
        }
    }
}
