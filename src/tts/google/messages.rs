//! Google's Text-to-Speech v1 messages as far as they are used here: declared by hand, with the numbers of `cloud_tts.proto` as in Google's
//! Python package 2.38.0. Golden bytes below.

use prost::{Enumeration, Message, Oneof};

use super::config::locale;

/// The method of the call.
pub(crate) const METHOD: &str = "/google.cloud.texttospeech.v1.TextToSpeech/StreamingSynthesize";

/// The rate of everything inside: asked for, so that nothing is resampled.
pub(crate) const RATE: i32 = 16_000;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingSynthesizeRequest {
    #[prost(oneof = "Streaming", tags = "1, 2")]
    pub(crate) streaming: Option<Streaming>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Streaming {
    #[prost(message, tag = "1")]
    Config(StreamingSynthesizeConfig),
    #[prost(message, tag = "2")]
    Input(StreamingSynthesisInput),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingSynthesizeConfig {
    #[prost(message, optional, tag = "1")]
    pub(crate) voice: Option<VoiceSelectionParams>,
    #[prost(message, optional, tag = "4")]
    pub(crate) audio: Option<StreamingAudioConfig>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct VoiceSelectionParams {
    #[prost(string, tag = "1")]
    pub(crate) language_code: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingAudioConfig {
    #[prost(enumeration = "AudioEncoding", tag = "1")]
    pub(crate) encoding: i32,
    #[prost(int32, tag = "2")]
    pub(crate) sample_rate_hertz: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum AudioEncoding {
    Unspecified = 0,
    /// Linear, 16 bits, little endian, without a header.
    Pcm = 7,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingSynthesisInput {
    #[prost(string, optional, tag = "1")]
    pub(crate) text: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StreamingSynthesizeResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) audio_content: Vec<u8>,
}

/// Whose voice it is to be.
pub(super) fn first(voice: &str) -> StreamingSynthesizeRequest {
    let voice = VoiceSelectionParams { language_code: locale(voice).to_owned(), name: voice.to_owned() };
    let audio = StreamingAudioConfig { encoding: AudioEncoding::Pcm.into(), sample_rate_hertz: RATE };
    let config = StreamingSynthesizeConfig { voice: Some(voice), audio: Some(audio) };
    StreamingSynthesizeRequest { streaming: Some(Streaming::Config(config)) }
}

pub(super) fn input(text: &str) -> StreamingSynthesizeRequest {
    let input = StreamingSynthesisInput { text: Some(text.to_owned()) };
    StreamingSynthesizeRequest { streaming: Some(Streaming::Input(input)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, hex};

    /// Serialised by Google's own Python package (2.38.0).
    const AUDIO: &str = include_str!("golden/audio.hex");

    #[test]
    fn what_we_say_is_byte_for_byte_what_its_own_package_says() {
        let ours = [first("yue-HK-Chirp3-HD-Kore"), input("你好，Dr. Wong。")];
        assert_eq!(ours.map(|message| hex(&message.encode_to_vec())), Golden::of("google_tts").messages()[..]);
    }

    #[test]
    fn what_its_own_package_reads_is_what_we_read() {
        let audio = StreamingSynthesizeResponse { audio_content: vec![1, 0, 254, 255] };
        assert_eq!(hex(&audio.encode_to_vec()), AUDIO.trim());
    }
}
