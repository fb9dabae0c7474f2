//! Google's Speech v2 messages as far as they are used here: declared by hand, with the numbers of `cloud_speech.proto` as in Google's Python
//! package 2.41.0. Fields that are not here are skipped when they are read.

use prost::{Enumeration, Message, Oneof};

use crate::provider::grpc::Span;

/// The method of the call.
pub(crate) const METHOD: &str = "/google.cloud.speech.v2.Speech/StreamingRecognize";

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingRecognizeRequest {
    #[prost(string, tag = "3")]
    pub(crate) recognizer: String,
    #[prost(oneof = "Streaming", tags = "5, 6")]
    pub(crate) streaming: Option<Streaming>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Streaming {
    #[prost(bytes = "vec", tag = "5")]
    Audio(Vec<u8>),
    #[prost(message, tag = "6")]
    Config(StreamingRecognitionConfig),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingRecognitionConfig {
    #[prost(message, optional, tag = "1")]
    pub(crate) config: Option<RecognitionConfig>,
    #[prost(message, optional, tag = "2")]
    pub(crate) features: Option<StreamingRecognitionFeatures>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RecognitionConfig {
    #[prost(message, optional, tag = "2")]
    pub(crate) features: Option<RecognitionFeatures>,
    #[prost(message, optional, tag = "6")]
    pub(crate) adaptation: Option<SpeechAdaptation>,
    #[prost(message, optional, tag = "8")]
    pub(crate) decoding: Option<ExplicitDecodingConfig>,
    #[prost(string, tag = "9")]
    pub(crate) model: String,
    #[prost(string, repeated, tag = "10")]
    pub(crate) language_codes: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RecognitionFeatures {
    #[prost(bool, tag = "4")]
    pub(crate) automatic_punctuation: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExplicitDecodingConfig {
    #[prost(enumeration = "AudioEncoding", tag = "1")]
    pub(crate) encoding: i32,
    #[prost(int32, tag = "2")]
    pub(crate) sample_rate_hertz: i32,
    #[prost(int32, tag = "3")]
    pub(crate) audio_channel_count: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum AudioEncoding {
    Unspecified = 0,
    Linear16 = 1,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SpeechAdaptation {
    #[prost(message, repeated, tag = "1")]
    pub(crate) phrase_sets: Vec<AdaptationPhraseSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AdaptationPhraseSet {
    #[prost(message, optional, tag = "2")]
    pub(crate) inline: Option<PhraseSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PhraseSet {
    #[prost(message, repeated, tag = "3")]
    pub(crate) phrases: Vec<Phrase>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Phrase {
    #[prost(string, tag = "1")]
    pub(crate) value: String,
    #[prost(float, tag = "2")]
    pub(crate) boost: f32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingRecognitionFeatures {
    #[prost(bool, tag = "2")]
    pub(crate) interim_results: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingRecognizeResponse {
    #[prost(message, optional, tag = "5")]
    pub(crate) metadata: Option<RecognitionResponseMetadata>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) results: Vec<StreamingRecognitionResult>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RecognitionResponseMetadata {
    #[prost(message, optional, tag = "6")]
    pub(crate) total_billed_duration: Option<Span>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingRecognitionResult {
    #[prost(message, repeated, tag = "1")]
    pub(crate) alternatives: Vec<SpeechRecognitionAlternative>,
    #[prost(bool, tag = "2")]
    pub(crate) is_final: bool,
    #[prost(float, tag = "3")]
    pub(crate) stability: f32,
    /// From the beginning of the stream's audio.
    #[prost(message, optional, tag = "4")]
    pub(crate) result_end_offset: Option<Span>,
    #[prost(string, tag = "6")]
    pub(crate) language_code: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SpeechRecognitionAlternative {
    #[prost(string, tag = "1")]
    pub(crate) transcript: String,
    #[prost(float, tag = "2")]
    pub(crate) confidence: f32,
}
