//! Abbreviations in full. "Dr." and "St." mean different things after a house number and before a name. Pure.

use super::{is_capitalised, parts};

/// Words back from "St." within which a house number makes it a street.
const ADDRESS: usize = 4;

const STREETS: [&str; 22] = [
    "St",
    "Street",
    "Ave",
    "Avenue",
    "Rd",
    "Road",
    "Dr",
    "Drive",
    "Blvd",
    "Boulevard",
    "Hwy",
    "Highway",
    "Broadway",
    "Way",
    "Lane",
    "Ln",
    "Court",
    "Crescent",
    "Cres",
    "Place",
    "Pl",
    "Parkway",
];

pub(super) fn is_street(word: &str) -> bool {
    STREETS.contains(&word)
}

/// What the first of `rest` stands for, with the marks around it.
pub(super) fn at(before: &[&str], rest: &[&str]) -> Option<String> {
    let (opening, body, closing) = parts(rest[0]);
    if let Some(half) = half_of_day(body) {
        return Some(format!("{opening}{half}{}", stop(closing, rest)));
    }
    if matches!(body, "e.g" | "i.e") {
        let full = if body == "e.g" { "for example" } else { "that is" };
        return Some(format!("{opening}{full}{}", closing.trim_start_matches('.')));
    }
    let after = closing.strip_prefix('.')?;
    let full = match body {
        "Dr" if in_address(before) => "Drive",
        "Dr" => "Doctor",
        "St" if in_address(before) || !rest.get(1).is_some_and(|next| is_capitalised(next)) => "Street",
        "St" => "Saint",
        "Mr" => "Mister",
        "Mrs" => "Missus",
        "Ms" => "Miz",
        "Ave" => "Avenue",
        "Blvd" => "Boulevard",
        "Rd" => "Road",
        "Hwy" => "Highway",
        "Cres" => "Crescent",
        "Ln" => "Lane",
        "Apt" => "Apartment",
        "Ste" => "Suite",
        "ext" | "Ext" => "extension",
        "approx" => "approximately",
        "vs" => "versus",
        "etc" => "et cetera",
        "No" if rest.get(1).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())) => "number",
        _ => return None,
    };
    let stop = if matches!(full, "Doctor" | "Saint" | "Mister" | "Missus" | "Miz" | "number") || !after.is_empty() {
        after
    } else {
        stop(closing, rest)
    };
    Some(format!("{opening}{full}{stop}"))
}

/// espeak-ng reads "AM" letter by letter, and "A M" as the article and a letter.
pub(super) fn half_of_day(body: &str) -> Option<&'static str> {
    let letters: String = body.chars().filter(|c| *c != '.').collect();
    match letters.as_str() {
        "am" | "AM" if body != "am" => Some("AM"),
        "pm" | "PM" => Some("PM"),
        _ => None,
    }
}

/// The abbreviation's own stop goes, unless it ends the sentence too.
fn stop<'a>(closing: &'a str, rest: &[&str]) -> &'a str {
    let ends = rest.get(1).is_none_or(|next| is_capitalised(next));
    if ends { closing } else { closing.strip_prefix('.').unwrap_or(closing) }
}

/// A number stands a few words before, with a word between: "123 Main St."
fn in_address(before: &[&str]) -> bool {
    let near = before.iter().rev().take(ADDRESS);
    let upto = near.take_while(|word| is_capitalised(word) || word.starts_with(|c: char| c.is_ascii_digit()));
    upto.enumerate().any(|(place, word)| place > 0 && parts(word).1.bytes().all(|byte| byte.is_ascii_digit()))
}
