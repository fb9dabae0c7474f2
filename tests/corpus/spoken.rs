//! What is written, and how a native speaker says it on the telephone: a table for each language, at least 100 rows each.

use std::collections::BTreeMap;

use attendant::language::Language;
use attendant::tts::sentence::Splitter;
use attendant::tts::spoken::{Lexicon, Saying, say};
use proptest::prelude::*;

/// Rows of each kind: as written, as said.
type Table = BTreeMap<String, BTreeMap<String, String>>;

fn table(language: Language) -> Table {
    let text = match language {
        Language::English => include_str!("spoken/en-CA.toml"),
        Language::French => include_str!("spoken/fr-CA.toml"),
        Language::Mandarin => include_str!("spoken/zh-CN.toml"),
        Language::Cantonese => include_str!("spoken/zh-HK.toml"),
        Language::Punjabi => include_str!("spoken/pa-IN.toml"),
    };
    toml::from_str(text).expect("a table is TOML: as written = as said")
}

fn rows() -> Vec<(Language, String, String)> {
    let of = |language| table(language).into_values().flatten().map(move |(written, said)| (language, written, said));
    Language::ALL.into_iter().flat_map(of).collect()
}

fn spoken(text: &str, language: Language) -> String {
    say(text, language, &Lexicon::default()).text
}

/// The rows for which `of` says something else.
fn strays(of: impl Fn(Language, &str, &str) -> String) -> Vec<String> {
    let said = |(language, written, want): &(Language, String, String)| {
        let got = of(*language, written, want);
        (got != *want).then(|| format!("{language} {written:?}: want {want:?}, got {got:?}"))
    };
    rows().iter().filter_map(said).collect()
}

#[test]
fn every_row_is_said_as_its_table_has_it() {
    for language in Language::ALL {
        let rows = table(language).values().map(BTreeMap::len).sum::<usize>();
        assert!(rows >= 100, "{language} has {rows} rows");
    }
    let strays = strays(|language, written, _| spoken(written, language));
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}

#[test]
fn what_is_spoken_already_is_spoken_the_same() {
    let strays = strays(|language, _, said| spoken(said, language));
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}

/// As a call does it: clause by clause, out of a stream cut anywhere.
fn streamed(text: &str, language: Language, chunk: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut splitter = Splitter::new(language);
    let mut said = String::new();
    for part in chars.chunks(chunk) {
        splitter.push(&part.iter().collect::<String>());
        while let Some(piece) = splitter.poll() {
            said.push_str(&spoken(&piece, language));
        }
    }
    while let Some(piece) = splitter.finish() {
        said.push_str(&spoken(&piece, language));
    }
    said
}

#[test]
fn clauses_out_of_a_stream_are_said_as_the_whole_text_is() {
    for chunk in [1, 3, 1_000] {
        // A comma is written in two ways, and no blank is said.
        let heard = |text: &str| text.replace('，', ",").replace(' ', "");
        let same = |got: String, want: &str| if heard(&got) == heard(want) { want.to_owned() } else { got };
        let strays = strays(|language, written, want| same(streamed(written, language, chunk), want));
        assert!(strays.is_empty(), "{}", strays.join("\n"));
    }
}

/// Every word stands somewhere in the text as written, none before what was heard already, and the last one ends it.
fn follows(text: &str, saying: &Saying) -> Result<(), TestCaseError> {
    let (mut at, mut heard) = (0, 0);
    for word in saying.text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let (from, len) = saying.written(at, bare.len());
        at += word.len();
        prop_assert!(text.get(from..from + len).is_some(), "{:?} of {:?} at {}+{}", bare, text, from, len);
        prop_assert!(bare.is_empty() || from + len >= heard, "{:?} of {:?} goes back", bare, text);
        heard = heard.max(from + len);
    }
    Ok(())
}

#[test]
fn all_of_a_row_is_heard_with_its_last_word() {
    for (language, written, _) in rows() {
        let saying = say(&written, language, &Lexicon::default());
        follows(&written, &saying).unwrap();
        let (from, len) = saying.written(0, saying.text.trim_end().len());
        let left = &written[from + len..];
        assert!(!left.contains(char::is_alphanumeric), "{language} {written:?}: {left:?} is never heard");
    }
}

fn language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

/// What clinics and models write, and what nobody does, one after the other.
fn text() -> impl Strategy<Value = String> {
    let written: Vec<String> = rows().into_iter().map(|(_, written, _)| written).collect();
    let piece = prop_oneof![
        4 => prop::sample::select(written),
        2 => "[0-9$%.,:;/()#+@_*<>&° -]{1,12}",
        1 => "\\PC{0,12}",
        1 => "[A-Za-z年月日点两第號ਾਂਵਜੇ੩½²①😀１\n\t]{1,8}",
    ];
    (prop::collection::vec(piece, 0..6), prop::sample::select(vec!["", " ", ", ", "\n"]))
        .prop_map(|(pieces, with)| pieces.join(with))
}

proptest! {
    #[test]
    fn any_text_is_said_without_a_digit_and_within_bounds(text in text(), language in language()) {
        let saying = say(&text, language, &Lexicon::default());
        let digit = saying.text.chars().find(|c| c.is_numeric() && *c != '〇');
        prop_assert_eq!(digit, None, "{}: {:?}", language, saying.text);
        prop_assert!(saying.text.chars().count() <= 24 * text.chars().count() + 8, "{:?}", saying.text);
        follows(&text, &saying)?;
    }

    #[test]
    fn what_was_said_once_is_said_the_same_again(rows in prop::collection::vec(prop::sample::select(rows()), 1..4)) {
        let language = rows[0].0;
        let text: Vec<&str> = rows.iter().filter(|row| row.0 == language).map(|row| row.1.as_str()).collect();
        let once = spoken(&text.join("; "), language);
        prop_assert_eq!(spoken(&once, language), once);
    }

    #[test]
    fn plain_words_stay_as_they_are(words in prop::collection::vec("[b-df-hj-np-rt-vx-z][aeiou]{2,4}", 0..8), language in language()) {
        let text = words.join(" ");
        prop_assert_eq!(spoken(&text, language), text);
    }

    #[test]
    fn a_clinics_own_words_are_said_its_way(language in language(), row in 0_usize..100) {
        let words = [(language, [("tsawwassen".to_owned(), "ta-wa-sen".to_owned())].into())].into();
        // Marks at the beginning of a line are marks of layout only there.
        let is_inner = |written: &str| !written.starts_with(['-', '#', '~', '½']);
        let mut rows = rows().into_iter().filter(|(of, written, _)| *of == language && is_inner(written));
        let (_, written, said) = rows.nth(row).unwrap();
        let got = say(&format!("Tsawwassen; {written}"), language, &Lexicon::new(&words)).text;
        prop_assert_eq!(got, format!("ta-wa-sen; {said}"));
    }
}
