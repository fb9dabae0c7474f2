//! `agents/<language>/brain.toml`: what the brain says and the words it goes by, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Intent;
use crate::language::Language;
use crate::tokens::{Phrase, Phrases, tokens};

/// Everything of one language.
pub(super) struct Lexicon {
    pub replies: Replies,
    pub words: Words,
    /// Longest phrases first, each with the day it names for `clinic_info`.
    days: Vec<(Phrase, String)>,
    /// Longest phrases first, concepts of the language for the classifier; empty in English, which has `features.toml`.
    pub intents: Vec<(Phrase, Intent)>,
}

/// `[replies]`: see the files for what each is said for. `{name}`, `{number}` and `{text}` are filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replies {
    pub hello: String,
    pub welcome: String,
    pub anything_else: String,
    pub go_ahead: String,
    pub who: String,
    pub decline: String,
    pub which: String,
    pub not_understood: String,
    pub not_understood_again: String,
    pub unknown_day: String,
    pub fact_failed: String,
    pub ask_name: String,
    pub ask_name_again: String,
    pub name_again: String,
    pub ask_number: String,
    pub number_again: String,
    pub ask_number_again: String,
    pub more_digits: String,
    pub ask_area_code: String,
    pub ask_text: String,
    pub text_again: String,
    pub read_back: String,
    pub confirm_again: String,
    pub what_to_change: String,
    pub message_kept: String,
    pub message_failed: String,
    pub message_lost: String,
    pub message_number_bad: String,
    pub cancelled: String,
    pub nobody_there: String,
    pub offer_person: String,
    pub offer_message: String,
}

/// `[words]`, taken apart; the name's surroundings stay text, for names keep their spelling.
pub(super) struct Words {
    pub name_before: Vec<String>,
    pub name_after: Vec<String>,
    pub number_field: Phrases,
    pub name_field: Phrases,
    pub text_field: Phrases,
    pub everything: Phrases,
    pub cancel: Phrases,
    pub same_number: Phrases,
    pub no_name: Phrases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    replies: Replies,
    words: WordLists,
    days: BTreeMap<String, Vec<String>>,
    intents: BTreeMap<Intent, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordLists {
    name_before: Vec<String>,
    name_after: Vec<String>,
    number_field: Vec<String>,
    name_field: Vec<String>,
    text_field: Vec<String>,
    everything: Vec<String>,
    cancel: Vec<String>,
    same_number: Vec<String>,
    no_name: Vec<String>,
}

static ALL: LazyLock<[Lexicon; 5]> = LazyLock::new(|| {
    [
        parse(include_str!("../../../agents/en-CA/brain.toml"), Language::English),
        parse(include_str!("../../../agents/zh-CN/brain.toml"), Language::Mandarin),
        parse(include_str!("../../../agents/zh-HK/brain.toml"), Language::Cantonese),
        parse(include_str!("../../../agents/pa-IN/brain.toml"), Language::Punjabi),
        parse(include_str!("../../../agents/fr-CA/brain.toml"), Language::French),
    ]
});

impl Lexicon {
    pub(super) fn of(language: Language) -> &'static Self {
        let place = match language {
            Language::English => 0,
            Language::Mandarin => 1,
            Language::Cantonese => 2,
            Language::Punjabi => 3,
            Language::French => 4,
        };
        &ALL[place]
    }

    /// Longest phrases first, each with its day.
    pub(super) fn days(&self) -> &[(Phrase, String)] {
        &self.days
    }

    /// The day named in `said`, as `clinic_info` takes it.
    pub(super) fn day(&self, said: &[String]) -> Option<&str> {
        self.days.iter().find(|(phrase, _)| phrase.position(said).is_some()).map(|(_, day)| day.as_str())
    }
}

fn parse(text: &str, language: Language) -> Lexicon {
    let file: File = toml::from_str(text).expect("the built-in brain files are parsed by a test");
    let w = &file.words;
    let list = |words: &[String]| Phrases::new(words, language);
    let lower = |words: &[String]| {
        let mut words: Vec<String> = words.iter().map(|p| p.to_lowercase()).collect();
        words.sort_by_key(|p| std::cmp::Reverse(p.len()));
        words
    };
    let words = Words {
        name_before: lower(&w.name_before),
        name_after: lower(&w.name_after),
        number_field: list(&w.number_field),
        name_field: list(&w.name_field),
        text_field: list(&w.text_field),
        everything: list(&w.everything),
        cancel: list(&w.cancel),
        same_number: list(&w.same_number),
        no_name: list(&w.no_name),
    };
    Lexicon {
        words,
        days: longest_first(&file.days, language),
        intents: longest_first(&file.intents, language),
        replies: file.replies,
    }
}

fn longest_first<T: Clone>(lists: &BTreeMap<T, Vec<String>>, language: Language) -> Vec<(Phrase, T)> {
    let mut all: Vec<_> = lists
        .iter()
        .flat_map(|(value, phrases)| phrases.iter().map(move |p| (p, value)))
        .filter(|(p, _)| !tokens(p, language).is_empty())
        .map(|(p, value)| (Phrase::new(p, language), value.clone()))
        .collect();
    all.sort_by_key(|(p, _)| std::cmp::Reverse(p.len()));
    all
}
