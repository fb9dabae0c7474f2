//! The training sentences, in the order they are learnt.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{OF_A_WRITER, Taught};
use crate::agent::brain::Intent;
use crate::agent::brain::features::Features;
use crate::language::Language;

/// By few hands, much of it one template with other words.
const FILES: &[(Language, &str)] = &[
    (Language::English, include_str!("../../../../agents/en-CA/intents.toml")),
    (Language::English, include_str!("../../../../agents/en-CA/foreign.toml")),
    (Language::English, OTHER_WRITER),
    (Language::Mandarin, include_str!("../../../../agents/zh-CN/intents.toml")),
    (Language::Cantonese, include_str!("../../../../agents/zh-HK/intents.toml")),
    (Language::Punjabi, include_str!("../../../../agents/pa-IN/intents.toml")),
    (Language::French, include_str!("../../../../agents/fr-CA/intents.toml")),
];

/// Another writer's sentences than the other English files above hold.
pub(super) const OTHER_WRITER: &str = include_str!("../../../../agents/en-CA/callers.toml");

/// English, one writer each.
const WRITERS: &[&str] = &[
    include_str!("../../../../agents/en-CA/writers/unusual-1.toml"),
    include_str!("../../../../agents/en-CA/writers/unusual-2.toml"),
    include_str!("../../../../agents/en-CA/writers/unusual-3.toml"),
    include_str!("../../../../agents/en-CA/writers/unusual-4.toml"),
    include_str!("../../../../agents/en-CA/writers/unusual-5.toml"),
    include_str!("../../../../agents/en-CA/writers/ordinary-1.toml"),
    include_str!("../../../../agents/en-CA/writers/ordinary-2.toml"),
    include_str!("../../../../agents/en-CA/writers/ordinary-3.toml"),
];

pub(super) struct Example {
    pub text: String,
    pub intent: Intent,
    pub language: Language,
    /// Which of the English writers wrote it, from 0, if one did.
    pub writer: Option<u8>,
}

impl Example {
    /// To learn words from.
    pub(super) fn taught<'a>(&self, features: &'a Features) -> Taught<'a> {
        Taught { features, intent: self.intent, weight: if self.writer.is_some() { OF_A_WRITER } else { 1.0 } }
    }
}

static ALL: LazyLock<Vec<Example>> = LazyLock::new(read);

pub(super) fn all() -> &'static [Example] {
    &ALL
}

/// Each list spread evenly over the whole, so that no stretch of the training is all of one kind.
fn read() -> Vec<Example> {
    let mut placed: Vec<(f32, Example)> = Vec::new();
    let few = FILES.iter().map(|(language, file)| (*language, *file, None));
    let writers = WRITERS.iter().zip(0..).map(|(file, writer)| (Language::English, *file, Some(writer)));
    for (language, file, writer) in few.chain(writers) {
        let lists: BTreeMap<Intent, Vec<String>> =
            toml::from_str(file).expect("the built-in paraphrases are parsed by every test of the brain");
        for (intent, texts) in lists {
            let count = texts.len() as f32;
            let example = |(at, text)| ((at as f32 + 0.5) / count, Example { text, intent, language, writer });
            placed.extend(texts.into_iter().enumerate().map(example));
        }
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, example)| example).collect()
}
