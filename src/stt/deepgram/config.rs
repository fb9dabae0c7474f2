//! `[providers.deepgram]`: which of Deepgram's models hears which language, and how sure it must be.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Model;
use crate::language::Language;
use crate::provider::account::{Account, Deadline, Limit, Own, Section};
use crate::provider::residency::{self, Hosts, Place};

/// `[providers.deepgram]`. `base_url`: `wss://api.deepgram.com`, which is anywhere, unless it says a region's (`wss://api.eu.deepgram.com`)
/// or one of your own.
pub type DeepgramConfig = Section<DeepgramOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepgramOwn {
    #[serde(default)]
    pub model: Choice,
    /// How sure Flux must be that a turn has ended.
    #[serde(default = "eot_threshold")]
    pub eot_threshold: f32,
    /// How sure it must be to say that a turn may have ended; unset: it never says so.
    #[serde(default)]
    pub eager_eot_threshold: Option<f32>,
    /// Keeps calls out of Deepgram's programme for improving models.
    #[serde(default = "opt_out")]
    pub mip_opt_out: bool,
    /// Connected and ready.
    #[serde(default = "Deadline::of_recogniser")]
    pub connect_ms: Deadline,
    /// A voice is heard, or last words are awaited, and Deepgram says nothing at all.
    #[serde(default = "Deadline::of_recogniser")]
    pub silence_ms: Deadline,
}

/// Deepgram's own default.
const fn eot_threshold() -> f32 {
    0.7
}

const fn opt_out() -> bool {
    true
}

/// Which model hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// Flux where it knows the language, nova-3 elsewhere.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "nova-3")]
    Nova,
    #[serde(rename = "flux")]
    Flux,
}

impl Choice {
    /// `None`: it does not know the language. Flux knows ten, neither Chinese nor Punjabi among them.
    pub(super) const fn of(self, language: Language) -> Option<Model> {
        let flux = match language {
            Language::English | Language::French => true,
            Language::Mandarin | Language::Cantonese | Language::Punjabi => false,
        };
        match (self, flux) {
            (Self::Auto | Self::Flux, true) => Some(Model::Flux),
            (Self::Flux, false) => None,
            (Self::Auto, false) | (Self::Nova, _) => Some(Model::Nova),
        }
    }
}

impl Own for DeepgramOwn {
    /// Deepgram's page on regional endpoints, as read on 2026-11-22: the usual one is global.
    const HOSTS: Hosts = &[
        ("api.eu.deepgram.com", Some("EU")),
        ("api.au.deepgram.com", Some("AU")),
        ("api.in.deepgram.com", Some("IN")),
        ("api.deepgram.com", None),
    ];

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://api.deepgram.com".into()
    }

    /// Without the opt-out it is kept, and may be used elsewhere.
    fn place(&self, account: &Account) -> Place {
        match residency::of_address(&account.address(self), Self::HOSTS, account.country.as_ref()) {
            Place::In(_) if !self.mip_opt_out => Place::Anywhere,
            place => place,
        }
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(0.5..=1.0).contains(&self.eot_threshold) {
            wrong.push(format!(
                "{section}.eot_threshold: {} is not what Flux takes; write 0.5 to 1.0",
                self.eot_threshold
            ));
        }
        if let Some(eager) =
            self.eager_eot_threshold.filter(|eager| !(0.3..=self.eot_threshold.min(0.9)).contains(eager))
        {
            wrong.push(format!(
                "{section}.eager_eot_threshold: {eager} is not what Flux takes; write 0.3 to 0.9, and no more than eot_threshold"
            ));
        }
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Ready));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Words));
        wrong
    }
}

impl DeepgramOwn {
    /// Deepgram's own name of the model that hears this language, if one does.
    pub fn model_name(&self, language: Language) -> Option<&'static str> {
        self.model.of(language).map(|model| model.name(language))
    }

    /// What is wrong with the model in a clinic's own language.
    pub fn check_language(&self, section: &str, language: Language) -> Option<String> {
        self.model.of(language).is_none().then(|| {
            format!("{section}.model: flux does not know {language}, in which calls begin; write auto or nova-3")
        })
    }
}
