//! The rule-based brain against paraphrases that were set aside before it was written.

use std::collections::BTreeMap;

use attendant::agent::brain::{Intent, understand};
use attendant::language::Language;

fn held_out() -> BTreeMap<Intent, Vec<String>> {
    toml::from_str(include_str!("intents/heldout.toml")).expect("the set aside paraphrases are TOML by intent")
}

#[test]
fn nine_in_ten_intents_are_understood() {
    let (mut right, mut all) = (0, 0);
    for (intent, texts) in held_out().into_iter().filter(|(i, _)| *i != Intent::Foreign) {
        let understood = texts.iter().filter(|t| understand(t, Language::English).intent == intent).count();
        println!("{intent:?}: {understood}/{}", texts.len());
        right += understood;
        all += texts.len();
    }
    println!("all: {right}/{all}");
    assert!(all >= 60, "too few paraphrases to measure with: {all}");
    assert!(right * 10 >= all * 9, "{right} of {all} understood");
}

/// Declined: recognised as none of its business, or not understood, or led to a person.
#[test]
fn nineteen_in_twenty_foreign_questions_are_declined() {
    let foreign = &held_out()[&Intent::Foreign];
    let declined = foreign
        .iter()
        .filter(|t| {
            matches!(understand(t, Language::English).intent, Intent::Foreign | Intent::Unclear | Intent::Person)
        })
        .count();
    println!("declined: {declined}/{}", foreign.len());
    assert!(declined * 20 >= foreign.len() * 19, "{declined} of {} declined", foreign.len());
}
