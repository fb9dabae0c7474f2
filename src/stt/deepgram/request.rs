//! What we say to Deepgram: the address of a session, and the messages beside the audio. Golden texts below.

use serde_json::{Value, json};
use url::Url;

use super::{DeepgramConfig, Model};
use crate::language::Language;
use crate::stt::{Answer, Hints};

/// Keyterms that one session may have.
const MOST_KEYTERMS: usize = 50;
/// All of them together, each with one more: Deepgram takes 500 tokens, in an address as in mid-stream, and nova that is given more says nothing any
/// more (its changelog of 2026-10-08). Two bytes a token, in which no name is written in any script.
const MOST_BYTES: usize = 1_000;

/// The host at which nova takes other keyterms in mid-stream (Deepgram's page on Configure, as read on 2026-11-22): not the regional ones, and of
/// one's own it says nothing.
const GLOBAL: &str = "api.deepgram.com";

/// A pause of 300 ms makes nova's words final: short enough that a flush finds most of them done, long enough that the
/// groups of a telephone number stay together.
const ENDPOINTING_MS: &str = "300";

pub(super) const NOVA: &str = "nova-3";

/// The address of a session. The key is in a header, never here.
pub(super) fn address(config: &DeepgramConfig, base: &Url, model: Model, language: Language, hints: &Hints) -> Url {
    let mut url = base.clone();
    let path = match model {
        Model::Nova => "/v1/listen",
        Model::Flux => "/v2/listen",
    };
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    {
        let mut query = url.query_pairs_mut();
        query.clear();
        match model {
            Model::Nova => {
                query.append_pair("model", NOVA).append_pair("language", nova_language(language));
                query.append_pair("interim_results", "true").append_pair("vad_events", "true");
                query.append_pair("endpointing", ENDPOINTING_MS).append_pair("smart_format", "true");
            }
            Model::Flux => {
                query.append_pair("model", flux_model(language));
                if let Some(hint) = flux_hint(language) {
                    query.append_pair("language_hint", hint);
                }
                let Thresholds { end, eager, timeout } = thresholds(config, hints.answer);
                query.append_pair("eot_threshold", &end.to_string());
                if let Some(eager) = eager.filter(|_| hints.answer != Answer::InPieces) {
                    query.append_pair("eager_eot_threshold", &eager.to_string());
                }
                if timeout != TIMEOUT {
                    query.append_pair("eot_timeout_ms", &timeout.to_string());
                }
            }
        }
        query.append_pair("encoding", "linear16").append_pair("sample_rate", "16000");
        for term in keyterms(hints) {
            query.append_pair("keyterm", term);
        }
        if config.own.mip_opt_out {
            query.append_pair("mip_opt_out", "true");
        }
    }
    url
}

/// The likely words that a session is given: those of what was just asked come first.
pub(super) fn keyterms(hints: &Hints) -> impl Iterator<Item = &str> {
    let mut room = MOST_BYTES;
    let fits = move |term: &&str| {
        let left = room.checked_sub(term.len() + 1);
        room = left.unwrap_or(room);
        left.is_some()
    };
    hints.phrases.iter().map(String::as_str).filter(fits).take(MOST_KEYTERMS)
}

/// When nova takes likely words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NovaTakes {
    AtAnyTime,
    WhenConnectedTo,
}

impl NovaTakes {
    pub(super) fn at(base: &Url) -> Self {
        if base.host_str() == Some(GLOBAL) { Self::AtAnyTime } else { Self::WhenConnectedTo }
    }
}

/// Nova-3's own code of the language. It has no Canadian English.
const fn nova_language(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Mandarin => "zh-CN",
        Language::Cantonese => "zh-HK",
        Language::Punjabi => "pa-IN",
        Language::French => "fr-CA",
    }
}

/// Only English has a model of its own.
pub(super) const fn flux_model(language: Language) -> &'static str {
    match language {
        Language::English => "flux-general-en",
        Language::French | Language::Mandarin | Language::Cantonese | Language::Punjabi => "flux-general-multi",
    }
}

const fn flux_hint(language: Language) -> Option<&'static str> {
    match language {
        Language::French => Some("fr"),
        Language::English | Language::Mandarin | Language::Cantonese | Language::Punjabi => None,
    }
}

/// When Flux ends a turn, and says that it may have ended.
struct Thresholds {
    end: f32,
    eager: Option<f32>,
    /// After so much silence it ends whatever it thinks: milliseconds.
    timeout: u32,
}

/// What is surely over after a yes: less sure than a sentence is.
const OF_SHORT: f32 = 0.6;
/// Deepgram's own default, and its most for what only we end: its page on turns that the client ends (2026-11-21).
const TIMEOUT: u32 = 5_000;
const TIMEOUT_IN_PIECES: u32 = 30_000;
/// The latest that can be asked for: what it may say then is not listened to.
const EAGER_IN_PIECES: f32 = 0.9;

/// While digits are read, a pause between two groups is no end: only we end the turn. A yes is soon over.
fn thresholds(config: &DeepgramConfig, answer: Answer) -> Thresholds {
    let (end, eager) = (config.own.eot_threshold, config.own.eager_eot_threshold);
    match answer {
        Answer::Free => Thresholds { end, eager, timeout: TIMEOUT },
        Answer::Short => {
            let end = end.min(OF_SHORT);
            Thresholds { end, eager: eager.map(|eager| eager.min(end)), timeout: TIMEOUT }
        }
        Answer::InPieces => Thresholds { end: 1.0, eager: eager.map(|_| EAGER_IN_PIECES), timeout: TIMEOUT_IN_PIECES },
    }
}

/// What the caller was just asked changes which words are likely. Nova has no thresholds, and writes numbers in digits wherever it can (`smart_format`).
pub(super) fn configure_nova(hints: &Hints) -> String {
    json!({"type": "Configure", "keyterms": keyterms(hints).collect::<Vec<_>>()}).to_string()
}

/// To Flux it also changes when a turn ends.
pub(super) fn configure_flux(config: &DeepgramConfig, hints: &Hints) -> String {
    let Thresholds { end, eager, timeout } = thresholds(config, hints.answer);
    let mut thresholds = json!({"eot_threshold": number(end), "eot_timeout_ms": timeout});
    if let Some(eager) = eager {
        thresholds["eager_eot_threshold"] = number(eager);
    }
    let keyterms: Vec<&str> = keyterms(hints).collect();
    json!({"type": "Configure", "thresholds": thresholds, "keyterms": keyterms}).to_string()
}

/// 0.7, and not 0.699999988079071.
fn number(threshold: f32) -> Value {
    threshold.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// A message without fields.
pub(super) fn plain(kind: &'static str) -> String {
    json!({"type": kind}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, Place, read};

    fn config(more: &str) -> DeepgramConfig {
        toml::from_str(&format!("key = {{ env = \"X\" }}\n{more}")).unwrap()
    }

    fn said(config: &DeepgramConfig, model: Model, language: Language, hints: &Hints) -> String {
        let base = Url::parse(&config.address()).unwrap();
        address(config, &base, model, language, hints).to_string()
    }

    #[test]
    fn nova_is_asked_for_each_language_in_its_own_code() {
        let hints = Hints { phrases: vec!["Dr. Wong & Sons".into()], answer: Answer::InPieces };
        let all = Language::ALL.map(|language| said(&config(""), Model::Nova, language, &hints));
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn flux_is_asked_for_the_languages_that_it_knows() {
        let digits = Hints { phrases: vec![], answer: Answer::InPieces };
        let eager = config("eager_eot_threshold = 0.5\nmip_opt_out = false\nbase_url = \"wss://example.org/dg/\"");
        let all = [
            said(&config(""), Model::Flux, Language::English, &Hints::default()),
            said(&eager, Model::Flux, Language::French, &Hints::default()),
            said(&config(""), Model::Flux, Language::English, &digits),
            said(&eager, Model::Flux, Language::English, &digits),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn messages_beside_the_audio_are_golden() {
        let digits = Hints { phrases: vec!["Wong".into()], answer: Answer::InPieces };
        let eager = config("eager_eot_threshold = 0.5");
        let all = [
            configure_flux(&config(""), &Hints::default()),
            configure_flux(&config(""), &digits),
            configure_flux(&eager, &Hints::default()),
            configure_flux(&eager, &digits),
            configure_flux(&eager, &Hints { phrases: vec![], answer: Answer::Short }),
            configure_nova(&Hints::default()),
            configure_nova(&digits),
            plain("Finalize"),
            plain("KeepAlive"),
            plain("ForceEndTurn"),
            plain("CloseStream"),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn likely_words_have_room_for_what_was_asked_and_then_for_names_however_long_they_are() {
        let of = |phrases: Vec<String>| {
            let hints = Hints { phrases, answer: Answer::Free };
            keyterms(&hints).map(str::to_owned).collect::<Vec<_>>()
        };
        let names = |script: &str| (0..60).map(|n| format!("{script} {n:02}")).collect::<Vec<_>>();
        assert_eq!(of(names("Wong")), names("Wong")[..50]);
        let long = names("Dr. Harpreet Kaur Sandhu-Gill");
        let asked = [vec!["Gurdwara Sahib".to_owned(), "x".repeat(1_000)], long.clone()].concat();
        let told = of(asked);
        assert_eq!(told[0], "Gurdwara Sahib");
        assert_eq!(told[1..], long[..told.len() - 1], "what is too long is left out, and what follows is not");
        for told in [told, of(names("ਹਰਪ੍ਰੀਤ ਕੌਰ ਸੰਧੂ"))] {
            let bytes: usize = told.iter().map(|term| term.len() + 1).sum();
            assert!(bytes <= 1_000 && bytes > 900, "{bytes}");
        }
    }

    #[test]
    fn nova_takes_likely_words_in_mid_stream_at_the_global_endpoint_alone() {
        let takes = |address: &str| NovaTakes::at(&Url::parse(address).unwrap());
        assert_eq!(takes("wss://api.deepgram.com"), NovaTakes::AtAnyTime);
        for other in ["wss://api.eu.deepgram.com", "wss://api.in.deepgram.com/", "wss://gateway.clinic.example/dg"] {
            assert_eq!(takes(other), NovaTakes::WhenConnectedTo, "{other}");
        }
    }

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let hints = |phrase: &str, answer| Hints { phrases: vec![phrase.into()], answer };
        let eager = config("eager_eot_threshold = 0.5");
        let place = |config: &DeepgramConfig, model, language, phrase| {
            let base = Url::parse(&config.address()).unwrap();
            [Place::from(&address(config, &base, model, language, &hints(phrase, Answer::Free)))]
        };
        let (nova, flux) = (Golden::of("deepgram_nova"), Golden::of("deepgram_flux"));
        assert_eq!(place(&config(""), Model::Nova, Language::Cantonese, "Dr. Wong & Sons"), nova.places()[..]);
        assert_eq!(place(&eager, Model::Flux, Language::French, "Wong"), flux.places()[..]);
        let messages = [plain("Finalize"), plain("KeepAlive"), plain("CloseStream")];
        assert_eq!(messages.each_ref().map(|text| read(text)), nova.texts()[..]);
        let messages =
            [configure_flux(&eager, &hints("Wong", Answer::InPieces)), plain("ForceEndTurn"), plain("CloseStream")];
        assert_eq!(messages.each_ref().map(|text| read(text)), flux.texts()[..]);
    }
}
