//! What we say to Cartesia. Golden texts below.

use serde_json::json;

use super::config::{CartesiaConfig, code};
use crate::language::Language;

/// The version of the interface, in a header.
pub(super) const VERSION: &str = "2026-08-14";

/// Whether more text of the utterance follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Follows,
    Ends,
}

/// A piece of an utterance. Clauses come whole, so nothing is to be waited for (`max_buffer_delay_ms`).
pub(super) fn speak(config: &CartesiaConfig, language: Language, context: &str, text: &str, more: More) -> String {
    json!({
        "model_id": config.own.model,
        "transcript": text,
        "voice": {"mode": "id", "id": config.own.voice(language).unwrap_or_default()},
        "language": code(language).unwrap_or("en"),
        "context_id": context,
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000},
        "continue": more == More::Follows,
        "add_timestamps": true,
        "max_buffer_delay_ms": 0,
    })
    .to_string()
}

pub(super) fn cancel(context: &str) -> String {
    json!({"context_id": context, "cancel": true}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, read};

    #[test]
    fn an_utterance_in_two_pieces_and_its_cancellation_are_golden() {
        let text = "key = { env = \"X\" }\nvoices = { fr-CA = \"v-1\", zh-CN = \"v-2\" }";
        let config: CartesiaConfig = toml::from_str(text).unwrap();
        let all = [
            speak(&config, Language::French, "c-1", "Bonjour, ", More::Follows),
            speak(&config, Language::French, "c-1", "", More::Ends),
            speak(&config, Language::Mandarin, "c-2", "你好。", More::Follows),
            cancel("c-2"),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let config: CartesiaConfig = toml::from_str("key = { env = \"X\" }\nvoices = { fr-CA = \"v-1\" }").unwrap();
        let ours = [
            speak(&config, Language::French, "c-1", "Bonjour, ", More::Follows),
            speak(&config, Language::French, "c-1", "", More::Ends),
            cancel("c-1"),
        ];
        let golden = Golden::of("cartesia");
        assert_eq!(ours.each_ref().map(|text| read(text)), golden.texts()[..]);
        assert_eq!(golden.header("cartesia-version"), VERSION);
    }
}
