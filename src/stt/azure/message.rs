//! The frames of USP: headers, then a body. In text they are parted by an empty line; in binary the length of the headers stands first, in two
//! bytes, big endian.
//!
//! Pure. Times are of the wall clock, as Microsoft's packages send them; nothing depends on them.

use serde_json::{Value, json};

use crate::language::Language;
use crate::stt::Hints;

/// Where the packages go for whatever is said one after the other.
pub(crate) const PATH: &str = "/speech/recognition/conversation/cognitiveservices/v1";

/// Words that are likely are a list of Microsoft's; it names no limit that we found. As many as Sarvam takes.
const MOST_PHRASES: usize = 50;

/// The only stream of audio.
const STREAM: &str = "1";

/// One frame, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message<B> {
    pub(crate) path: String,
    /// Of the turn that it belongs to, if it belongs to one.
    pub(crate) request: String,
    pub(crate) body: B,
}

fn headers(path: &str, request: &str, kind: Option<&str>, at: &str) -> String {
    let kind = kind.map(|kind| format!("Content-Type:{kind}\r\n")).unwrap_or_default();
    format!("X-Timestamp:{at}\r\nPath:{path}\r\n{kind}X-RequestId:{request}\r\n")
}

pub(crate) fn text(path: &str, request: &str, at: &str, body: &Value) -> String {
    format!("{}\r\n{body}", headers(path, request, Some("application/json"), at))
}

/// Audio of a turn; the first has a header of its own, and nothing at all ends it.
pub(crate) fn audio(request: &str, at: &str, kind: Option<&str>, body: &[u8]) -> Vec<u8> {
    let headers = format!("{}X-StreamId:{STREAM}\r\n", headers("audio", request, kind, at));
    let length = (headers.len() as u16).to_be_bytes();
    [&length[..], headers.as_bytes(), body].concat()
}

/// `None`: it is no frame of USP.
pub(crate) fn read_text(frame: &str) -> Option<Message<&str>> {
    let (headers, body) = frame.split_once("\r\n\r\n")?;
    message(headers, body)
}

/// The same of a binary one.
pub(crate) fn read_binary(frame: &[u8]) -> Option<Message<&[u8]>> {
    let (length, rest) = frame.split_first_chunk::<2>()?;
    let (headers, body) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    message(str::from_utf8(headers).ok()?, body)
}

fn message<B>(headers: &str, body: B) -> Option<Message<B>> {
    let field = |wanted: &str| {
        let mut fields = headers.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    Some(Message { path: field("Path")?.to_ascii_lowercase(), request: field("X-RequestId").unwrap_or_default(), body })
}

/// Who we are: said once on a connection.
pub(crate) fn config() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let system = json!({"name": "attendant", "version": version, "build": "Rust", "lang": "Rust"});
    let os = json!({"platform": "Linux", "name": "attendant", "version": version});
    let source = json!({"connectivity": "Unknown", "manufacturer": "Unknown", "model": "Unknown", "type": "Stream",
        "samplerate": 16_000, "bitspersample": 16, "channelcount": 1});
    json!({"context": {"system": system, "os": os, "audio": {"source": source}}})
}

/// What a turn is to be heard as: each word as it was said.
pub(crate) fn context(language: Language, hints: &Hints) -> Value {
    let detection = json!({"language": language.tag(), "enrichment": {"profanity": "raw"}});
    let mut context = json!({"phraseDetection": detection, "audio": {"streams": {STREAM: null}}});
    let phrases = hints.phrases.iter().filter(|phrase| !phrase.is_empty()).take(MOST_PHRASES);
    let items: Vec<Value> = phrases.map(|phrase| json!({"Text": phrase})).collect();
    if !items.is_empty() {
        context["dgi"] = json!({"Groups": [{"Type": "Generic", "Items": items}], "bias": 1.0});
    }
    context
}

/// The header of a WAV file without an end: 16 kHz linear PCM, one channel.
pub(crate) const WAVE: [u8; 44] =
    *b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\0\0\0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, hex};

    const AT: &str = "2026-11-22T09:15:05.586Z";
    const REQUEST: &str = "7f4a37e2591f4337a0cc9b78d9b09922";

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let golden = Golden::of("azure_stt");
        let hints = Hints { phrases: vec!["Dr. Wong".into(), String::new()], ..Hints::default() };
        let mut ours = vec![(None, context(Language::English, &hints))];
        for (kind, body) in [(Some("audio/x-wav"), &WAVE[..]), (None, &[0, 1, 2, 3]), (None, &[])] {
            let frame = audio("ID", "TIME", kind, body);
            let (length, rest) = frame.split_first_chunk().unwrap();
            let (head, body) = rest.split_at(u16::from_be_bytes(*length).into());
            ours.push((Some(std::str::from_utf8(head).unwrap().to_owned()), hex(body).into()));
        }
        let (heads, bodies) = (golden.heads(), golden.bodies());
        for (head, body) in ours {
            let place =
                bodies.iter().position(|theirs| *theirs == body).unwrap_or_else(|| panic!("{body}: {bodies:?}"));
            assert!(head.is_none_or(|head| head == heads[place]), "{:?}", heads[place]);
        }
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let request = REQUEST;
        let body = json!({"a": "b"});
        let text = text("speech.config", request, AT, &body);
        let read = read_text(&text).unwrap();
        assert_eq!((read.path.as_str(), read.request.as_str(), read.body), ("speech.config", request, "{\"a\":\"b\"}"));
        for (kind, body) in [(Some("audio/x-wav"), &WAVE[..]), (None, &[1, 2]), (None, &[])] {
            let frame = audio(request, AT, kind, body);
            let read = read_binary(&frame).unwrap();
            assert_eq!((read.path.as_str(), read.request.as_str(), read.body), ("audio", request, body));
        }
        for wrong in [&[][..], &[0], &[1, 0, b'P'], b"\0\x02ab"] {
            assert_eq!(read_binary(wrong), None, "{wrong:?}");
        }
        assert_eq!(read_text("Path: turn.end\r\n"), None);
    }
}
