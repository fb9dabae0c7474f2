//! What a client may ask for when it connects, and what Deepgram would refuse.

use serde_json::Value;
use url::form_urlencoded;

/// Tokens that all keyterms of a stream may have together.
const MOST_TOKENS: usize = 500;
/// How Deepgram counts them is its own: rare names in any script have no more.
const BYTES_A_TOKEN: usize = 2;

/// Languages of nova-3 that attendant's callers speak, in the codes that it takes.
const NOVA_LANGUAGES: [&str; 14] =
    ["en", "en-US", "en-GB", "en-AU", "en-NZ", "en-IN", "fr", "fr-CA", "zh", "zh-CN", "zh-HK", "pa", "pa-IN", "multi"];
const FLUX_MODELS: [&str; 2] = ["flux-general-en", "flux-general-multi"];
const FLUX_HINTS: [&str; 10] = ["en", "es", "fr", "de", "hi", "ru", "pt", "ja", "it", "nl"];

/// When Flux ends a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thresholds {
    pub(super) end: f64,
    pub(super) eager: Option<f64>,
}

/// A good request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    Nova,
    Flux(Thresholds),
}

pub(super) fn v1(query: &str) -> Result<Asked, String> {
    let mut given = Given::default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("model", "nova-3") => given.model = true,
            ("language", language) if NOVA_LANGUAGES.contains(&language) => {}
            (
                "interim_results" | "vad_events" | "smart_format" | "mip_opt_out" | "punctuate" | "numerals",
                "true" | "false",
            ) => {}
            ("channels", "1") => {}
            ("endpointing", value) if value == "false" || value.parse::<u32>().is_ok() => {}
            _ => given.take(&key, &value)?,
        }
    }
    given.whole().map(|()| Asked::Nova)
}

pub(super) fn v2(query: &str) -> Result<Asked, String> {
    let mut given = Given::default();
    let mut thresholds = Thresholds { end: 0.7, eager: None };
    let mut multilingual = false;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("model", model) if FLUX_MODELS.contains(&model) => {
                given.model = true;
                multilingual = model == "flux-general-multi";
            }
            ("language_hint", hint) if FLUX_HINTS.contains(&hint) && multilingual => {}
            ("mip_opt_out", "true" | "false") => {}
            ("eot_threshold", value) => thresholds.end = within(&key, value, 0.5, 1.0)?,
            ("eager_eot_threshold", value) => thresholds.eager = Some(within(&key, value, 0.3, 0.9)?),
            ("eot_timeout_ms", value) => drop(within(&key, value, 500.0, 60_000.0)?),
            _ => given.take(&key, &value)?,
        }
    }
    if thresholds.eager.is_some_and(|eager| eager > thresholds.end) {
        return Err("eager_eot_threshold is above eot_threshold".into());
    }
    given.whole().map(|()| Asked::Flux(thresholds))
}

pub(super) fn within(key: &str, value: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = value.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{key}: {value} is not within {least} and {most}"))
}

/// What both want.
#[derive(Default)]
struct Given {
    model: bool,
    encoding: bool,
    rate: bool,
    /// Of the keyterms.
    tokens: usize,
}

impl Given {
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match (key, value) {
            ("encoding", "linear16") => self.encoding = true,
            ("sample_rate", "16000") => self.rate = true,
            ("keyterm", term) if !term.is_empty() => self.tokens += tokens(term),
            _ => return Err(format!("{key}={value} is not supported")),
        }
        Ok(())
    }

    fn whole(&self) -> Result<(), String> {
        match (self.model && self.encoding && self.rate, self.tokens <= MOST_TOKENS) {
            (true, true) => Ok(()),
            (false, _) => Err("model, encoding and sample_rate are required".into()),
            (true, false) => Err("Keyterm limit exceeded".into()),
        }
    }
}

const fn tokens(term: &str) -> usize {
    term.len().div_ceil(BYTES_A_TOKEN)
}

/// Other keyterms in mid-stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyterms {
    Taken,
    TooMany,
    /// They are none.
    Refused,
}

/// None at all are those before them.
pub(super) fn keyterms(told: &Value) -> Keyterms {
    let Some(terms) = told.as_array() else {
        return if told.is_null() { Keyterms::Taken } else { Keyterms::Refused };
    };
    match terms.iter().map(|term| term.as_str().filter(|term| !term.is_empty()).map(tokens)).sum::<Option<usize>>() {
        Some(..=MOST_TOKENS) => Keyterms::Taken,
        Some(_) => Keyterms::TooMany,
        None => Keyterms::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: &str = "&encoding=linear16&sample_rate=16000";

    #[test]
    fn what_deepgram_would_refuse_is_refused() {
        for wrong in [
            "model=nova-9",
            "model=nova-3&language=yue",
            "model=nova-3&vad_events=1",
            "model=nova-3&eot_threshold=0.7",
            "language=en",
        ] {
            assert!(v1(&format!("{wrong}{AUDIO}")).is_err(), "{wrong}");
        }
        for wrong in [
            "model=nova-3",
            "model=flux-general-en&language_hint=fr",
            "model=flux-general-multi&language_hint=zh",
            "model=flux-general-en&eot_threshold=0.4",
            "model=flux-general-en&eot_threshold=0.6&eager_eot_threshold=0.7",
            "model=flux-general-en&interim_results=true",
        ] {
            assert!(v2(&format!("{wrong}{AUDIO}")).is_err(), "{wrong}");
        }
        assert!(v1("model=nova-3").is_err());
        let terms = |count: usize| "&keyterm=Sandhu-Gill".repeat(count);
        assert!(v1(&format!("model=nova-3{AUDIO}{}", terms(83))).is_ok());
        assert!(v1(&format!("model=nova-3{AUDIO}{}", terms(84))).is_err());
        assert_eq!(v1(&format!("model=nova-3&language=zh-HK&keyterm=Wong{AUDIO}")), Ok(Asked::Nova));
        let thresholds = Thresholds { end: 1.0, eager: Some(0.5) };
        let asked =
            v2(&format!("model=flux-general-multi&language_hint=fr&eot_threshold=1&eager_eot_threshold=0.5{AUDIO}"));
        assert_eq!(asked, Ok(Asked::Flux(thresholds)));
    }
}
