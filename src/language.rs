//! The five languages a clinic's callers speak.

pub mod chinese;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language with its own ears, voice, prompts and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default, JsonSchema)]
pub enum Language {
    #[default]
    #[serde(rename = "en-CA")]
    English,
    #[serde(rename = "zh-CN")]
    Mandarin,
    #[serde(rename = "zh-HK")]
    Cantonese,
    #[serde(rename = "pa-IN")]
    Punjabi,
    #[serde(rename = "fr-CA")]
    French,
}

impl Language {
    pub const ALL: [Self; 5] = [Self::English, Self::Mandarin, Self::Cantonese, Self::Punjabi, Self::French];

    /// BCP 47 tag, as used in config, folders and records.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en-CA",
            Self::Mandarin => "zh-CN",
            Self::Cantonese => "zh-HK",
            Self::Punjabi => "pa-IN",
            Self::French => "fr-CA",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Not one of the five tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language `{0}`: want one of en-CA, zh-CN, zh-HK, pa-IN, fr-CA")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL.into_iter().find(|l| l.tag().eq_ignore_ascii_case(tag)).ok_or_else(|| UnknownLanguage(tag.to_owned()))
    }
}
