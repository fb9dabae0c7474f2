//! The training sentences, in the order they are learnt.

use std::collections::BTreeMap;

use super::Example;
use crate::agent::brain::Intent;
use crate::language::Language;

const FILES: &[(Language, &str)] = &[
    (Language::English, include_str!("../../../../agents/en-CA/intents.toml")),
    (Language::English, include_str!("../../../../agents/en-CA/foreign.toml")),
    (Language::English, include_str!("../../../../agents/en-CA/callers.toml")),
    (Language::Mandarin, include_str!("../../../../agents/zh-CN/intents.toml")),
    (Language::Cantonese, include_str!("../../../../agents/zh-HK/intents.toml")),
    (Language::Punjabi, include_str!("../../../../agents/pa-IN/intents.toml")),
    (Language::French, include_str!("../../../../agents/fr-CA/intents.toml")),
];

/// Another writer's sentences than the other English files hold.
#[cfg(test)]
pub(super) const OTHER_WRITER: &str = include_str!("../../../../agents/en-CA/callers.toml");

/// Each list spread evenly over the whole, so that no stretch of the training is all of one kind.
pub(super) fn all() -> Vec<Example> {
    let mut placed: Vec<(f32, Example)> = Vec::new();
    for (language, file) in FILES {
        let lists: BTreeMap<Intent, Vec<String>> =
            toml::from_str(file).expect("the built-in paraphrases are parsed by every test of the brain");
        for (intent, texts) in lists {
            let count = texts.len() as f32;
            placed.extend(
                texts
                    .into_iter()
                    .enumerate()
                    .map(|(at, text)| ((at as f32 + 0.5) / count, Example { text, intent, language: *language })),
            );
        }
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, example)| example).collect()
}
