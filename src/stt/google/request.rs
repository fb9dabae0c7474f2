//! What we say to Google: the headers of a call, what is to be recognised, and audio. Compared below with what its own package says.

use axum::http::header::{HeaderName, HeaderValue};
use url::form_urlencoded;

use super::messages::{
    AdaptationPhraseSet, AudioEncoding, ExplicitDecodingConfig, Phrase, PhraseSet, RecognitionConfig,
    RecognitionFeatures, SpeechAdaptation, Streaming, StreamingRecognitionConfig, StreamingRecognitionFeatures,
    StreamingRecognizeRequest,
};
use super::{GoogleConfig, NAME, Shared, failed};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::Hints;

/// Whose tokens these are for, wherever it is recognised.
const AUDIENCE: &str = "https://speech.googleapis.com/";

/// Google takes as many phrases in one request.
const MOST_PHRASES: usize = 1_000;

/// How much likelier they are: the middle of the 0 to 20 that Google's page gives.
const BOOST: f32 = 10.0;

fn recognizer(config: &GoogleConfig, project: &str) -> String {
    format!("projects/{project}/locations/{}/recognizers/_", config.own.location)
}

pub(super) fn headers(shared: &Shared) -> Result<[(HeaderName, HeaderValue); 2], ProviderError> {
    let token = shared.account.bearer(NAME, AUDIENCE)?;
    let recognizer = recognizer(&shared.config, &shared.account.project);
    let routing: String = form_urlencoded::byte_serialize(recognizer.as_bytes()).collect();
    let routing = HeaderValue::try_from(format!("recognizer={routing}"))
        .map_err(|_| failed(ErrorKind::Request, "its key's project cannot be named; download the key again"))?;
    Ok([token, (HeaderName::from_static("x-goog-request-params"), routing)])
}

/// The first message of a stream.
pub(super) fn first(
    config: &GoogleConfig,
    project: &str,
    language: Language,
    hints: &Hints,
) -> StreamingRecognizeRequest {
    let phrases: Vec<Phrase> =
        hints.phrases.iter().take(MOST_PHRASES).map(|value| Phrase { value: value.clone(), boost: BOOST }).collect();
    let adaptation = (!phrases.is_empty())
        .then(|| SpeechAdaptation { phrase_sets: vec![AdaptationPhraseSet { inline: Some(PhraseSet { phrases }) }] });
    let config_of = RecognitionConfig {
        features: Some(RecognitionFeatures { automatic_punctuation: true }),
        adaptation,
        decoding: Some(ExplicitDecodingConfig {
            encoding: AudioEncoding::Linear16.into(),
            sample_rate_hertz: 16_000,
            audio_channel_count: 1,
        }),
        model: config.own.model.clone(),
        language_codes: vec![config.own.code(language).to_owned()],
    };
    StreamingRecognizeRequest {
        recognizer: recognizer(config, project),
        streaming: Some(Streaming::Config(StreamingRecognitionConfig {
            config: Some(config_of),
            features: Some(StreamingRecognitionFeatures { interim_results: true }),
        })),
    }
}

/// At most 25,600 bytes at once, says Google; half a second is 16,000.
pub(super) fn audio(samples: &[i16]) -> StreamingRecognizeRequest {
    let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    StreamingRecognizeRequest { recognizer: String::new(), streaming: Some(Streaming::Audio(bytes)) }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::provider::golden::{Golden, hex};

    #[test]
    fn what_we_say_is_byte_for_byte_what_its_own_package_says() {
        let config: GoogleConfig = toml::from_str("key = { env = \"X\" }").unwrap();
        let hints = Hints { phrases: vec!["Dr. Wong".into(), "黃醫生".into()], ..Hints::default() };
        let ours = [first(&config, "clinic-1", Language::Cantonese, &hints), audio(&[0x0100, 0x0302])];
        assert_eq!(ours.map(|message| hex(&message.encode_to_vec())), Golden::of("google").messages()[..]);
    }
}
