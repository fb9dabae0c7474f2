//! Whether an answer is complete, given what was asked: the sign to stop waiting, or to wait longer.
//!
//! Pure. `Complete` means nothing more can reasonably follow (ten digits of a telephone number); `Incomplete` that more must
//! (three digits, "my name is"); `Unknown` leaves it to the pause. A name is never called complete: people spell it next.

use super::{Expect, ExpectKind};
use super::{calendar, digits};
use crate::language::Language;
use crate::phrases::{Phrases, only_hesitates};
use crate::tokens::{made_of, tokens};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    Incomplete,
    Unknown,
}

/// Judges the words so far of an answer to `expect`.
pub fn is_complete(text: &str, expect: &Expect, language: Language) -> Completeness {
    match expect.kind {
        ExpectKind::Phone => phone(text, language),
        ExpectKind::YesNo => yes_no(text, language),
        ExpectKind::BirthDate => birth_date(text, language),
        ExpectKind::Card => card(text, language),
        ExpectKind::Digits => digits_of_any_length(text, language),
        ExpectKind::Spelling => spelling(text, language),
        ExpectKind::Name | ExpectKind::Free | ExpectKind::Nothing => sentence(text, language),
    }
}

fn phone(text: &str, language: Language) -> Completeness {
    let run = digits::longest(text, language);
    if digits::telephone(&run).is_some() {
        return Completeness::Complete;
    }
    match run.len() {
        0 => sentence(text, language),
        // "I don't have one."
        1 if run == "1" => sentence(text, language),
        1..=9 => Completeness::Incomplete,
        10 if run.starts_with('1') => Completeness::Incomplete,
        _ => Completeness::Unknown,
    }
}

/// A yes or no and nothing else; "yes but" goes on, and so does "um".
fn yes_no(text: &str, language: Language) -> Completeness {
    let (words, said) = (&Phrases::of(language).words, tokens(text, language));
    if made_of(&said, &[&words.yes, &words.no, &words.hesitations]) && !only_hesitates(&said, language) {
        Completeness::Complete
    } else {
        sentence(text, language)
    }
}

/// Ten digits: the health cards of Ontario and British Columbia; twelve signs with four letters: Quebec.
fn card(text: &str, language: Language) -> Completeness {
    let run = digits::longest(text, language);
    let letters =
        tokens(text, language).iter().filter(|t| t.len() == 1 && t.bytes().all(|b| b.is_ascii_alphabetic())).count();
    match run.len() {
        0 => sentence(text, language),
        8 if letters >= 4 => Completeness::Complete,
        9 => Completeness::Unknown,
        1..=8 => Completeness::Incomplete,
        10 => Completeness::Complete,
        _ => Completeness::Unknown,
    }
}

fn digits_of_any_length(text: &str, language: Language) -> Completeness {
    if digits::longest(text, language).is_empty() { sentence(text, language) } else { Completeness::Unknown }
}

fn spelling(text: &str, language: Language) -> Completeness {
    let letters = tokens(text, language).iter().filter(|t| t.chars().count() == 1).count();
    if letters == 1 { Completeness::Incomplete } else { Completeness::Unknown }
}

/// A sentence that ends in "and" or "my name is" goes on.
fn sentence(text: &str, language: Language) -> Completeness {
    let words = &Phrases::of(language).words;
    let said = tokens(text, language);
    if words.unfinished.ends(&said) || words.hesitations.ends(&said) || text.trim_end().ends_with(',') {
        Completeness::Incomplete
    } else {
        Completeness::Unknown
    }
}

/// A year, a month and a day, in whichever order the language has them.
fn birth_date(text: &str, language: Language) -> Completeness {
    let said = tokens(text, language);
    let run = digits::longest(text, language);
    let month_named = said.iter().any(|t| MONTHS.iter().any(|m| t.starts_with(m) && t.len() <= m.len() + 6));
    let marked = |mark: &str| said.iter().any(|t| t == mark);
    let all: usize = digits::runs(text, language).iter().map(String::len).sum();
    if marked("年") && marked("月") && (marked("日") || marked("号")) {
        return Completeness::Complete;
    }
    // "March 9th, 1984": an ordinal is no digit.
    if month_named && calendar::knows(language) && calendar::is_whole_date(text, language) && has_year(text, language) {
        return Completeness::Complete;
    }
    let needed = if month_named { 5 } else { 8 };
    match all {
        0 if !month_named => sentence(text, language),
        // The day may have one digit or two: "March 5 1984", "15 mars 1984".
        n if month_named && n >= needed && has_year(text, language) => Completeness::Complete,
        n if !month_named && n == needed && run.len() == needed => Completeness::Complete,
        n if n < needed => Completeness::Incomplete,
        _ => Completeness::Unknown,
    }
}

/// Digits that end or begin with a year of the last 120 years: 19.. or 20..
fn has_year(text: &str, language: Language) -> bool {
    digits::runs(text, language).iter().any(|run| {
        let century = |part: &str| part.starts_with("19") || part.starts_with("20");
        run.len() >= 4 && (century(&run[run.len() - 4..]) || century(run))
    })
}

/// Beginnings of month names as tokens: English, French, Punjabi.
pub(super) const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "ਜਨਵਰੀ",
    "ਫਰਵਰੀ",
    "ਮਾਰਚ",
    "ਅਪ੍ਰੈਲ",
    "ਮਈ",
    "ਜੂਨ",
    "ਜੁਲਾਈ",
    "ਅਗਸਤ",
    "ਸਤੰਬਰ",
    "ਅਕਤੂਬਰ",
    "ਨਵੰਬਰ",
    "ਦਸੰਬਰ",
];

#[cfg(test)]
mod tests {
    use super::*;
    use Completeness::{Complete, Incomplete, Unknown};

    fn judge(kind: ExpectKind, text: &str, language: Language) -> Completeness {
        is_complete(text, &Expect { kind, ..Expect::default() }, language)
    }

    #[test]
    fn ten_digits_complete_a_telephone_number() {
        use ExpectKind::Phone;
        assert_eq!(judge(Phone, "604 555 0123", Language::English), Complete);
        assert_eq!(judge(Phone, "six oh four five five five oh one two three", Language::English), Complete);
        assert_eq!(judge(Phone, "one six oh four five five five oh one two", Language::English), Incomplete);
        assert_eq!(judge(Phone, "it's six oh four", Language::English), Incomplete);
        assert_eq!(judge(Phone, "my number is", Language::English), Incomplete);
        assert_eq!(judge(Phone, "I don't have one", Language::English), Unknown);
        assert_eq!(judge(Phone, "六零四五五五零一二三", Language::Mandarin), Complete);
        assert_eq!(judge(Phone, "cinq un quatre cinq cinq cinq", Language::French), Incomplete);
    }

    #[test]
    fn a_yes_or_no_is_complete_and_a_yes_but_is_not() {
        use ExpectKind::YesNo;
        assert_eq!(judge(YesNo, "Yes, that's right.", Language::English), Complete);
        assert_eq!(judge(YesNo, "no", Language::English), Complete);
        assert_eq!(judge(YesNo, "yes but", Language::English), Incomplete);
        assert_eq!(judge(YesNo, "唔係", Language::Cantonese), Complete);
        assert_eq!(judge(YesNo, "what do you mean", Language::English), Unknown);
    }

    #[test]
    fn who_only_hesitates_at_a_yes_or_no_is_waited_for() {
        for (language, sound, answer) in [
            (Language::English, "Um,", "um, yes"),
            (Language::English, "uh", "uh uh"),
            (Language::French, "euh", "euh non"),
            (Language::Mandarin, "那个", "嗯"),
            (Language::Cantonese, "即係", "唔使"),
            (Language::Punjabi, "ਮਤਲਬ", "ਮਤਲਬ ਹਾਂ"),
        ] {
            assert_eq!(judge(ExpectKind::YesNo, sound, language), Incomplete, "{sound}");
            assert_eq!(judge(ExpectKind::YesNo, answer, language), Complete, "{answer}");
        }
    }

    #[test]
    fn a_birth_date_needs_year_month_and_day() {
        use ExpectKind::BirthDate;
        assert_eq!(judge(BirthDate, "March fifth", Language::English), Incomplete);
        assert_eq!(judge(BirthDate, "March 5 1984", Language::English), Complete);
        assert_eq!(judge(BirthDate, "March 9th, 1984.", Language::English), Complete);
        assert_eq!(judge(BirthDate, "march ninth nineteen eighty four", Language::English), Complete);
        assert_eq!(judge(BirthDate, "march ninth nineteen", Language::English), Incomplete);
        assert_eq!(judge(BirthDate, "march five nineteen eighty four", Language::English), Complete);
        assert_eq!(judge(BirthDate, "03 05 1984", Language::English), Complete);
        assert_eq!(judge(BirthDate, "一九八四年三月", Language::Mandarin), Incomplete);
        assert_eq!(judge(BirthDate, "一九八四年三月五号", Language::Mandarin), Complete);
        assert_eq!(judge(BirthDate, "le 15 mars 1984", Language::French), Complete);
    }

    #[test]
    fn a_name_waits_for_its_words_and_is_never_cut_short() {
        use ExpectKind::Name;
        assert_eq!(judge(Name, "my name is", Language::English), Incomplete);
        assert_eq!(judge(Name, "um", Language::English), Incomplete);
        assert_eq!(judge(Name, "Jane Roe", Language::English), Unknown);
    }

    #[test]
    fn cards_and_open_sentences() {
        assert_eq!(judge(ExpectKind::Card, "nine six nine eight", Language::English), Incomplete);
        assert_eq!(judge(ExpectKind::Card, "9698 658 215", Language::English), Complete);
        assert_eq!(judge(ExpectKind::Free, "I want to leave a message and", Language::English), Incomplete);
        assert_eq!(judge(ExpectKind::Free, "I want to leave a message", Language::English), Unknown);
    }
}
