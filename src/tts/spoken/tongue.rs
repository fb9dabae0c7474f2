//! What a language must know to say what was recognised.

use super::Said;
use super::chinese::{CANTONESE, MANDARIN};
use super::english::English;
use super::french::French;
use super::money::Amount;
use super::number::Numeral;
use super::punjabi::Punjabi;
use super::time::Clock;
use super::unit::Unit;
use crate::language::Language;

/// Signs that are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    At,
    Dot,
    Dash,
    Underscore,
    Slash,
    Plus,
    Minus,
    And,
    Equals,
    Times,
    /// "#4".
    Number,
    /// "~5".
    About,
    /// "3-5".
    To,
    /// "120/80".
    Over,
    Half,
    Third,
    TwoThirds,
    Quarter,
    ThreeQuarters,
    Less,
    More,
    Extension,
}

pub(super) trait Tongue: Sync {
    /// What only this language writes: its abbreviations, its dates, its ordinals.
    fn own(&self, before: &str, rest: &str) -> Said;

    /// Commas part thousands in English; they are the decimal mark in French.
    fn has_decimal_comma(&self) -> bool {
        false
    }

    /// A number from 1900 to 2099 alone is a year.
    fn has_bare_years(&self) -> bool {
        true
    }

    fn cardinal(&self, value: u64) -> String;

    /// A count of what is named in `after`: "2 个" is 两个, "1 heure" is une heure.
    fn count(&self, value: u64, _after: &str) -> String {
        self.cardinal(value)
    }

    /// A number with a fraction.
    fn decimal(&self, whole: &str, fraction: &str) -> String;

    /// A digit of a telephone or card number.
    fn digit(&self, digit: u8) -> &'static str;

    /// A digit of anything else that is read one by one.
    fn figure(&self, digit: u8) -> &'static str {
        self.digit(digit)
    }

    /// Between digits: a blank, or nothing.
    fn between(&self) -> &'static str {
        " "
    }

    /// Between groups of digits.
    fn pause(&self) -> &'static str {
        ", "
    }

    fn year(&self, year: u64) -> String {
        self.cardinal(year)
    }

    /// Number of a house, flat or room.
    fn house(&self, number: u64) -> String {
        self.cardinal(number)
    }

    /// What else is written with the time may be taken too: its bytes after the time are given back.
    fn time(&self, clock: Clock, after: &str) -> (String, usize);

    fn date(&self, year: Option<u64>, month: usize, day: u64) -> String;

    fn money(&self, amount: &Amount) -> String;

    fn measure(&self, number: &Numeral, unit: Unit) -> String;

    /// "20-30 %", where what is measured is said first.
    fn measure_range(&self, _low: &str, _high: &str, _unit: Unit) -> Option<String> {
        None
    }

    fn sign(&self, sign: Sign) -> &'static str;

    /// Abbreviations of streets and points of the compass are written out: "Harbour St.".
    fn street(&self, word: &str) -> Option<&'static str> {
        super::address::street(word)
    }
}

pub(super) fn of(language: Language) -> &'static dyn Tongue {
    match language {
        Language::English => &English,
        Language::French => &French,
        Language::Mandarin => &MANDARIN,
        Language::Cantonese => &CANTONESE,
        Language::Punjabi => &Punjabi,
    }
}

/// Digits one by one.
pub(super) fn spell(digits: &str, tongue: &dyn Tongue) -> String {
    one_by_one(digits, tongue, |digit| tongue.digit(digit))
}

/// Figures of codes, rooms and decimals one by one.
pub(super) fn figures(digits: &str, tongue: &dyn Tongue) -> String {
    one_by_one(digits, tongue, |digit| tongue.figure(digit))
}

fn one_by_one(digits: &str, tongue: &dyn Tongue, name: impl Fn(u8) -> &'static str) -> String {
    let names: Vec<&str> = digits.bytes().filter(u8::is_ascii_digit).map(|digit| name(digit - b'0')).collect();
    names.join(tongue.between())
}

/// Signs of a code one by one: letters as they are, digits by name.
pub(super) fn signs(code: &str, tongue: &dyn Tongue) -> String {
    let name = |c: char| match c.to_digit(10) {
        Some(digit) => tongue.figure(digit as u8).to_owned(),
        None => c.to_uppercase().to_string(),
    };
    code.chars().map(name).collect::<Vec<_>>().join(" ")
}
