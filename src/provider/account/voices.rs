//! Whose voice speaks which language, as a section's `voices` says.

use std::collections::BTreeMap;

use crate::language::Language;

/// What is wrong, as `key: what is wrong; what to write instead`. `speaks`: whether `vendor` has voices for the language at all; `wrong_name`
/// says the same of a name.
pub(crate) fn check(
    section: &str,
    voices: &BTreeMap<Language, String>,
    vendor: &str,
    speaks: impl Fn(Language) -> bool,
    wrong_name: impl Fn(Language, &str) -> Option<String>,
) -> Vec<String> {
    let wrong = |(language, voice): (&Language, &String)| {
        let what = if speaks(*language) {
            wrong_name(*language, voice)?
        } else {
            format!("{vendor} does not speak it; leave it to the next voice")
        };
        Some(format!("{section}.voices.{language}: {what}"))
    };
    voices.iter().filter_map(wrong).collect()
}
