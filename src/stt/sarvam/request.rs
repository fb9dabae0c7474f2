//! What we say to Sarvam's recogniser. Compared below with what its own SDK says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::Url;

use crate::provider::sarvam::SarvamConfig;
use crate::stt::Hints;

/// Of the realtime interface.
pub(super) const PATH: &str = "/speech-to-text-realtime/ws";

/// Sarvam takes as many keyterms, of as many characters each.
const MOST_KEYTERMS: usize = 50;
const LONGEST_KEYTERM: usize = 64;

/// The model that takes keyterms; others take the same words as a prompt.
const WITH_KEYTERMS: &str = "saaras:v4";

/// The address of a session. The key is in a header, never here. `manual`: we say where an utterance begins and ends.
pub(super) fn address(config: &SarvamConfig, address: &Url, code: &str, hints: &Hints) -> Url {
    let mut url = address.clone();
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("language_code", code).append_pair("model", &config.own.stt_model);
        query.append_pair("stream_type", "fast").append_pair("mode", "transcribe");
        let terms = terms(hints);
        if !terms.is_empty() && config.own.stt_model == WITH_KEYTERMS {
            query.append_pair("keyterms", &json!(terms).to_string());
        } else if !terms.is_empty() {
            query.append_pair("prompt", &terms.join(", "));
        }
        query.append_pair("endpointing", "manual").append_pair("encoding", "linear16");
        query.append_pair("sample_rate", "16000");
    }
    url
}

/// Words that are likely from the next utterance on. Keyterms hold for a connection; a prompt can be changed within it.
pub(super) fn likely(hints: &Hints) -> String {
    json!({"event": "config.update", "prompt": terms(hints).join(", ")}).to_string()
}

pub(super) fn language(code: &str) -> String {
    json!({"event": "config.update", "language_code": code}).to_string()
}

pub(super) fn audio(samples: &[i16]) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    json!({"event": "audio_input", "audio": STANDARD.encode(bytes)}).to_string()
}

/// A message without fields.
pub(super) fn plain(event: &'static str) -> String {
    json!({"event": event}).to_string()
}

fn terms(hints: &Hints) -> Vec<&str> {
    let fits = |term: &&str| !term.is_empty() && term.chars().count() <= LONGEST_KEYTERM;
    hints.phrases.iter().map(String::as_str).filter(fits).take(MOST_KEYTERMS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, Place, read};
    use crate::provider::sarvam::KEY;

    fn asked(more: &str, hints: &Hints) -> Url {
        let config: SarvamConfig = toml::from_str(&format!("key = {{ env = \"X\" }}\n{more}")).unwrap();
        address(&config, &config.url(PATH).unwrap(), "pa-IN", hints)
    }

    fn names() -> Hints {
        Hints { phrases: vec!["Dr. Wong & Sons".into(), "ਕੌਰ".into(), "x".repeat(65)], ..Hints::default() }
    }

    #[test]
    fn what_we_say_is_what_its_own_sdk_says() {
        let golden = Golden::of("sarvam_ears");
        let urls = [asked("", &names()), asked("stt_model = \"saaras:v3-realtime\"", &names())];
        assert_eq!(urls.each_ref().map(Place::from), golden.places()[..]);
        assert_eq!(golden.header(KEY), "KEY");
        let ours = [
            plain("speech_start"),
            audio(&[0x0100, 0x0302]),
            plain("speech_end"),
            likely(&Hints { phrases: vec!["Wong".into(), "Kaur".into()], ..Hints::default() }),
            language("en-IN"),
            plain("ping"),
            plain("end"),
            // On the second connection.
            plain("end"),
        ];
        assert_eq!(ours.each_ref().map(|text| read(text)), golden.texts()[..]);
    }

    #[test]
    fn what_is_likely_stands_in_the_address_and_nothing_where_nothing_is() {
        let elsewhere = asked("base_url = \"wss://example.org/s/\"", &Hints::default());
        insta::assert_snapshot!(elsewhere.to_string(), @"wss://example.org/s/speech-to-text-realtime/ws?language_code=pa-IN&model=saaras%3Av4&stream_type=fast&mode=transcribe&endpointing=manual&encoding=linear16&sample_rate=16000");
    }
}
