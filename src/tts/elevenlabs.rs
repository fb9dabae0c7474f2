//! ElevenLabs: several contexts over one WebSocket (`multi-stream-input`); each utterance is one of its own ([`super::contextual`]).
//!
//! Each clause is spoken at once (`flush`), with the times of its letters, which count from the beginning of the audio that they come with. Voice and
//! language stand in the address: another language is another connection. A context that is closed in the middle goes on with what it was
//! given, so few may be left behind. Facts of the protocol: the types of ElevenLabs' Python package 2.78.0, its pages, and what
//! Pipecat does, as read on 2026-11-22.

mod config;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::header::HeaderName;
use url::Url;

pub use config::{ElevenLabsConfig, ElevenLabsOwn};

use super::contextual::{Connecting, Contextual, Format, Message, News, Part, Timed, Vendor};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError, code};

const NAME: &str = "elevenlabs";

/// Contexts that may be left on a connection: with the present one, and one that keeping alive may open, they are the five that it can have.
const MOST_LEFT: usize = 3;

/// Seconds after which a context of which nothing is heard is closed: the most that can be asked for.
const INACTIVITY: u16 = 180;

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &ElevenLabsConfig, section: &str) -> Result<Contextual, String> {
    let reached = config.reach(section, NAME, "/v1/text-to-speech")?;
    Ok(Contextual::new(reached.closing(kind_of_close)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    #[serde(default)]
    audio: Option<String>,
    #[serde(default)]
    alignment: Value,
    #[serde(default)]
    normalized_alignment: Value,
    #[serde(default)]
    context_id: Option<String>,
    /// The same: messages have either spelling, and may have both.
    #[serde(default, rename = "context_id")]
    context: Option<String>,
    #[serde(default)]
    is_final: Option<bool>,
    #[serde(default, rename = "is_final")]
    ended: Option<bool>,
    #[serde(default)]
    error: Option<String>,
    /// A number, or a word.
    #[serde(default)]
    code: Value,
}

/// Milliseconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alignment {
    chars: Vec<String>,
    #[serde(alias = "charsStartTimesMs")]
    char_start_times_ms: Vec<f64>,
    #[serde(alias = "charsDurationsMs")]
    char_durations_ms: Vec<f64>,
}

impl Alignment {
    fn timed(self) -> Vec<Timed> {
        let times = self.char_start_times_ms.into_iter().zip(self.char_durations_ms);
        let timed = self.chars.into_iter().zip(times);
        timed.map(|(text, (at, lasts))| Timed { text, from: at / 1_000.0, to: (at + lasts) / 1_000.0 }).collect()
    }
}

/// Where this language is spoken, if anybody speaks it.
fn address(reached: &Reached<ElevenLabsOwn>, language: Language) -> Url {
    let own = &reached.config.own;
    let mut url = reached.address.clone();
    let voice = own.voice(language).unwrap_or_default();
    url.set_path(&format!("{}/{voice}/multi-stream-input", reached.address.path()));
    let mut query = url.query_pairs_mut();
    query.clear().append_pair("model_id", &own.model);
    if let Some(code) = own.code(language) {
        query.append_pair("language_code", code);
    }
    query.append_pair("output_format", own.format.name()).append_pair("auto_mode", "true");
    query.append_pair("sync_alignment", "true").append_pair("inactivity_timeout", &INACTIVITY.to_string());
    if own.zero_retention {
        query.append_pair("enable_logging", "false");
    }
    drop(query);
    url
}

impl Vendor for Reached<ElevenLabsOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self) -> &str {
        &self.config.own.model
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn format(&self) -> Format {
        self.config.own.format
    }

    fn connect(&self, language: Language) -> Connecting {
        let (connector, address) = (self.connector.clone(), address(self, language));
        let (key, deadline) =
            (self.key(HeaderName::from_static("xi-api-key"), ""), self.config.own.connect_ms.duration());
        Box::pin(async move { connector.connect(&address, [key?], deadline).await })
    }

    fn usual(&self) -> Language {
        let own = &self.config.own;
        std::iter::once(Language::default()).chain(Language::ALL).find(|l| own.voice(*l).is_some()).unwrap_or_default()
    }

    fn speaks(&self, connected: Language, language: Language) -> bool {
        connected == language
    }

    fn say(&self, _language: Language, context: &str, part: Part<'_>) -> Vec<String> {
        let text = |text: &str| {
            // A word is over where a blank stands.
            let blank = if text.ends_with(char::is_whitespace) { "" } else { " " };
            json!({"text": format!("{text}{blank}"), "context_id": context, "flush": true}).to_string()
        };
        match part {
            Part::First(first) => vec![json!({"text": " ", "context_id": context}).to_string(), text(first)],
            Part::Next(next) => vec![text(next)],
            Part::End => vec![close(context)],
        }
    }

    /// It is closed at its end, and goes on with what it was given.
    fn cancel(&self, context: &str, ended: bool) -> Option<String> {
        (!ended).then(|| close(context))
    }

    fn most_left(&self) -> usize {
        MOST_LEFT
    }

    fn read(&self, message: &str) -> Result<Message, ProviderError> {
        let unread = |what: &str| failed(ErrorKind::Server, what);
        let said: Said = serde_json::from_str(message).map_err(|_| unread("sent a message that cannot be read"))?;
        let mut news = Vec::new();
        if let Some(told) = said.error.as_deref() {
            let told = code(told).unwrap_or("without a code");
            let what = format!("an error message, {} {told}", said.code.as_u64().unwrap_or_default());
            news.push(News::Failed(failed(kind_of(told), &what)));
        }
        // Times that cannot be read cost the words their places, and never the audio.
        let read = |alignment| serde_json::from_value::<Alignment>(alignment).ok();
        if let Some(alignment) = read(said.alignment).or_else(|| read(said.normalized_alignment)) {
            news.push(News::Letters(alignment.timed()));
        }
        if let Some(audio) = said.audio.filter(|audio| !audio.is_empty()) {
            let audio = STANDARD.decode(audio).map_err(|_| unread("sent audio that cannot be read"))?;
            news.push(News::Audio(audio));
        }
        if said.is_final.or(said.ended) == Some(true) {
            news.push(News::Done);
        }
        Ok(Message { context: said.context_id.or(said.context), news })
    }

    /// An empty text is not spoken.
    fn keep_alive(&self, context: Option<&str>) -> Option<String> {
        let message = context.map_or_else(|| json!({"text": ""}), |context| json!({"text": "", "context_id": context}));
        Some(message.to_string())
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }

    fn late(&self) {
        metrics::counter!("elevenlabs_late_messages_total").increment(1);
    }
}

fn close(context: &str) -> String {
    json!({"context_id": context, "close_context": true}).to_string()
}

/// 1008 is how it says that the quota is used up, or too much is open at once.
const fn kind_of_close(close: u16) -> ErrorKind {
    if close == 1008 { ErrorKind::Limited } else { ErrorKind::Connection }
}

/// ElevenLabs' codes by their parts: `quota_exceeded`, `too_many_concurrent_requests`, `max_active_conversations`, `invalid_api_key`,
/// `voice_not_found`, `input_timeout_exceeded`.
fn kind_of(code: &str) -> ErrorKind {
    let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if has(&["api_key", "unauthor", "authorization", "authentication", "permission"]) {
        ErrorKind::Unauthorised
    } else if has(&["quota", "concurrent", "max_active", "rate_limit", "busy", "payment", "subscription"]) {
        ErrorKind::Limited
    } else if has(&["timeout"]) {
        ErrorKind::Timeout
    } else if has(&["not_found", "invalid", "unsupported", "policy"]) {
        ErrorKind::Request
    } else {
        ErrorKind::Server
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, Place, read};

    fn reached(more: &str) -> Reached<ElevenLabsOwn> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let text = format!("key = {{ env = \"PATH\" }}\nvoices = {{ en-CA = \"v1\", zh-CN = \"v2\" }}\n{more}");
        let config: ElevenLabsConfig = toml::from_str(&text).unwrap();
        config.reach("providers.elevenlabs", NAME, "/v1/text-to-speech").unwrap()
    }

    #[test]
    fn voice_model_language_and_format_stand_in_the_address() {
        let more = "format = \"ulaw_8000\"\nzero_retention = true\nbase_url = \"wss://tts.clinic.example/eleven\"";
        let all = [
            address(&reached(""), Language::Mandarin),
            address(&reached(more), Language::English),
            address(&reached("model = \"eleven_multilingual_v2\""), Language::English),
        ];
        insta::assert_snapshot!(all.map(|url| url.to_string()).join("\n"));
    }

    #[test]
    fn what_we_say_is_what_the_types_of_its_own_package_say() {
        let (reached, golden) = (reached(""), Golden::of("elevenlabs_types"));
        assert_eq!([Place::from(&address(&reached, Language::English))], golden.places()[..]);
        let say = |part| reached.say(Language::English, "c-1", part);
        let mut ours = say(Part::First("Hello, "));
        ours.extend(say(Part::Next("Amy.")).into_iter().chain(reached.keep_alive(Some("c-1"))));
        ours.extend(say(Part::End));
        let theirs = golden.texts();
        assert_eq!(ours.iter().map(|text| read(text)).collect::<Vec<_>>(), theirs);
        let cancel = |ended| reached.cancel("c-1", ended).map(|text| read(&text));
        assert_eq!([cancel(false), cancel(true)], [Some(theirs[4].clone()), None]);
    }

    #[test]
    fn what_opens_keeps_alive_and_closes_is_what_pipecats_service_says() {
        let (reached, golden) = (reached(""), Golden::of("elevenlabs"));
        let [theirs] = &golden.places()[..] else { panic!("one connection") };
        assert!(theirs.is_within(&Place::from(&address(&reached, Language::English))), "{theirs:?}");
        let opens = reached.say(Language::English, "ID", Part::First("Hello, Amy.")).swap_remove(0);
        let alive = [None, Some("ID")].map(|context| reached.keep_alive(context).expect("it is kept alive"));
        let closes = reached.cancel("ID", false).expect("it is told");
        let theirs = golden.texts();
        for ours in [&opens, &alive[0], &alive[1], &closes] {
            assert!(theirs.contains(&read(ours)), "{ours}");
        }
    }

    #[test]
    fn what_is_said_is_read_with_both_spellings_of_its_keys() {
        let reached = reached("");
        let alignment = json!({"chars": ["H", "i"], "charStartTimesMs": [0, 50], "charDurationsMs": [50, 70]});
        let said = json!({"audio": "AQI=", "isFinal": null, "alignment": alignment, "contextId": "c-1"});
        let letter = |text: &str, from, to| Timed { text: text.into(), from, to };
        let letters = vec![letter("H", 0.0, 0.05), letter("i", 0.05, 0.12)];
        let news = vec![News::Letters(letters), News::Audio(vec![1, 2])];
        assert_eq!(reached.read(&said.to_string()), Ok(Message { context: Some("c-1".into()), news }));
        for last in [json!({"isFinal": true, "contextId": "c-1"}), json!({"is_final": true, "context_id": "c-1"})] {
            let done = Message { context: Some("c-1".into()), news: vec![News::Done] };
            assert_eq!(reached.read(&last.to_string()), Ok(done), "{last}");
        }
    }

    #[test]
    fn letters_that_cannot_be_read_cost_no_audio() {
        let reached = reached("");
        let heard = |alignment: Value| {
            let said = json!({"audio": "AQI=", "alignment": alignment, "contextId": "c-1", "context_id": "c-1"});
            reached.read(&said.to_string()).unwrap().news
        };
        for odd in [json!(null), json!({"chars": null}), json!({"chars": ["H"], "charStartTimesMs": "0"})] {
            assert_eq!(heard(odd.clone()), [News::Audio(vec![1, 2])], "{odd}");
        }
        let other = heard(json!({"chars": ["H"], "charsStartTimesMs": [0], "charsDurationsMs": [50]}));
        assert!(matches!(&other[..], [News::Letters(letters), News::Audio(_)] if letters.len() == 1), "{other:?}");
    }

    #[test]
    fn what_went_wrong_keeps_its_code_and_not_its_words() {
        for (code, kind) in [
            ("quota_exceeded", ErrorKind::Limited),
            ("max_active_conversations", ErrorKind::Limited),
            ("invalid_api_key", ErrorKind::Unauthorised),
            ("voice_not_found", ErrorKind::Request),
            ("input_timeout_exceeded", ErrorKind::Timeout),
            ("authentication_required", ErrorKind::Unauthorised),
            ("payment_required", ErrorKind::Limited),
            ("internal_error", ErrorKind::Server),
            ("Jane Roe said", ErrorKind::Server),
        ] {
            let text = json!({"message": "Jane Roe said", "error": code, "code": 1008}).to_string();
            let news = reached("").read(&text).unwrap().news;
            let [News::Failed(error)] = &news[..] else { panic!("{news:?}") };
            assert!(error.kind == kind && !error.what.contains("Jane"), "{code}: {error}");
        }
        assert_eq!(reached("").read("<html>").unwrap_err().kind, ErrorKind::Server);
    }
}
