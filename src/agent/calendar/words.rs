//! Names of months and days of the week, as tokens (lower case, no accents).

use jiff::civil::Weekday;

use crate::language::Language;

const ENGLISH_MONTHS: [&[&str]; 12] = [
    &["january", "jan"],
    &["february", "feb", "febuary"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

const FRENCH_MONTHS: [&[&str]; 12] = [
    &["janvier"],
    &["fevrier"],
    &["mars"],
    &["avril"],
    &["mai"],
    &["juin"],
    &["juillet"],
    &["aout"],
    &["septembre"],
    &["octobre"],
    &["novembre"],
    &["decembre"],
];

const ENGLISH_DAYS: [&[&str]; 7] = [
    &["monday", "mondays"],
    &["tuesday", "tuesdays"],
    &["wednesday", "wednesdays"],
    &["thursday", "thursdays"],
    &["friday", "fridays"],
    &["saturday", "saturdays"],
    &["sunday", "sundays"],
];

const FRENCH_DAYS: [&[&str]; 7] = [
    &["lundi", "lundis"],
    &["mardi", "mardis"],
    &["mercredi", "mercredis"],
    &["jeudi", "jeudis"],
    &["vendredi", "vendredis"],
    &["samedi", "samedis"],
    &["dimanche", "dimanches"],
];

/// 1 to 12.
pub fn month(token: &str, language: Language) -> Option<i8> {
    let months = if language == Language::French { &FRENCH_MONTHS } else { &ENGLISH_MONTHS };
    place(token, months).and_then(|at| i8::try_from(at + 1).ok())
}

pub fn weekday(token: &str, language: Language) -> Option<Weekday> {
    let days = if language == Language::French { &FRENCH_DAYS } else { &ENGLISH_DAYS };
    let at = place(token, days).and_then(|at| i8::try_from(at).ok())?;
    Weekday::from_monday_zero_offset(at).ok()
}

fn place(token: &str, names: &[&[&str]]) -> Option<usize> {
    names.iter().position(|spellings| spellings.contains(&token))
}
