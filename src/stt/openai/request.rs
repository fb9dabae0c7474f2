//! What we say to OpenAI's recogniser. Compared below with what its own package says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::config::LIVE;
use crate::stt::Hints;

/// Of the realtime interface, below the base address.
pub(super) const PATH: &str = "/realtime";

/// The rate of its linear PCM, says the package: always.
pub(super) const THEIRS: u32 = 24_000;

/// No limit is stated; as many as Sarvam takes.
const MOST_KEYWORDS: usize = 50;

/// What is heard from now on, and as which words likely. We say where what was said ends, so its own turn detection is off.
pub(super) fn session(model: &str, code: &str, hints: &Hints) -> String {
    let transcription = if model == LIVE {
        let words: Vec<&String> = hints.phrases.iter().filter(|word| !word.is_empty()).take(MOST_KEYWORDS).collect();
        json!({"model": model, "languages": [code], "keywords": words})
    } else {
        json!({"model": model, "language": code})
    };
    let input = json!({
        "format": {"type": "audio/pcm", "rate": THEIRS},
        "transcription": transcription,
        "turn_detection": Value::Null,
    });
    json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}}).to_string()
}

/// 24 kHz.
pub(super) fn audio(samples: &[i16]) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    json!({"type": "input_audio_buffer.append", "audio": STANDARD.encode(bytes)}).to_string()
}

/// What was sent since the last is one item: its words are wanted.
pub(super) fn commit() -> String {
    json!({"type": "input_audio_buffer.commit"}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, read};

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let hints = Hints { phrases: vec!["Dr. Wong".into(), String::new(), "黃醫生".into()], ..Hints::default() };
        let ours = [
            session(LIVE, "en", &hints),
            session("gpt-realtime-whisper", "fr", &hints),
            audio(&[0x0100, 0x0302]),
            commit(),
        ];
        assert_eq!(ours.each_ref().map(|text| read(text)), Golden::of("openai_stt").texts()[..]);
    }
}
