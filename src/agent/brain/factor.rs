//! What a caller proves who they are by, out of an answer: a postal code, or the end of a health card's number.
//!
//! "v six b two k three", "V as in Victor", "bee" for B and "for" for 4: letters and digits of a postal code take turns, so that what a
//! word is follows from its place.

use crate::agent::{cards, digits};
use crate::emr::card;
use crate::language::Language;
use crate::tokens::tokens;

/// As `verify_identity` takes it: the factor and its value.
pub(super) fn factor(text: &str, language: Language) -> Option<(&'static str, String)> {
    if let Some(code) = postal_code(text, language) {
        return Some(("postal_code", code));
    }
    if let Some(card) = cards::placeholder_in(text) {
        return Some(("health_card_last4", card.to_owned()));
    }
    let run = digits::runs(text, language).into_iter().rev().find(|run| run.len() >= 4)?;
    Some(("health_card_last4", run[run.len() - 4..].to_owned()))
}

fn postal_code(text: &str, language: Language) -> Option<String> {
    let said = tokens(text, language);
    let mut signs: Vec<(Option<char>, Option<char>)> = Vec::new();
    let mut at = 0;
    while at < said.len() {
        // "V as in Victor", « V comme Victor ».
        let spelt = match said.get(at + 1..) {
            Some([as_, in_, _, ..]) if as_ == "as" && in_ == "in" => 3,
            Some([like, _, ..]) if ["like", "for", "comme"].contains(&like.as_str()) && said[at].len() == 1 => 2,
            Some(_) | None => 0,
        };
        signs.extend(read(&said[at], language));
        at += 1 + spelt;
    }
    signs.windows(6).find_map(|six| {
        let code: Option<String> =
            six.iter().enumerate().map(|(at, (letter, digit))| if at % 2 == 0 { *letter } else { *digit }).collect();
        card::postal_code(&code?)
    })
}

/// What a token may be, sign by sign: as a letter, as a digit.
fn read(token: &str, language: Language) -> Vec<(Option<char>, Option<char>)> {
    const LETTERS: [(&str, char); 18] = [
        ("bee", 'b'),
        ("be", 'b'),
        ("see", 'c'),
        ("sea", 'c'),
        ("gee", 'g'),
        ("jay", 'j'),
        ("kay", 'k'),
        ("el", 'l'),
        ("em", 'm'),
        ("en", 'n'),
        ("pea", 'p'),
        ("pee", 'p'),
        ("are", 'r'),
        ("ess", 's'),
        ("tea", 't'),
        ("tee", 't'),
        ("vee", 'v'),
        ("why", 'y'),
    ];
    const DIGITS: [(&str, char); 5] = [("to", '2'), ("too", '2'), ("for", '4'), ("ate", '8'), ("won", '1')];
    let written = token.len() <= 6
        && token.chars().all(|c| c.is_ascii_alphanumeric())
        && (token.len() == 1 || token.contains(|c: char| c.is_ascii_digit()));
    if written {
        return token
            .chars()
            .map(|c| (Some(c).filter(char::is_ascii_alphabetic), Some(c).filter(char::is_ascii_digit)))
            .map(|(letter, digit)| (letter, if letter == Some('o') { Some('0') } else { digit }))
            .collect();
    }
    if let Some(digits) = digits::digit(token, language) {
        return digits.chars().map(|c| (None, Some(c))).collect();
    }
    let find = |table: &[(&str, char)]| table.iter().find(|(word, _)| *word == token).map(|(_, sign)| *sign);
    let sounds = (find(&LETTERS), find(&DIGITS).filter(|_| language == Language::English));
    vec![sounds]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postal_codes_and_card_ends_come_out_of_answers() {
        for (text, wanted) in [
            ("V6B 2K3", Some(("postal_code", "V6B2K3"))),
            ("it's v six b, two k three", Some(("postal_code", "V6B2K3"))),
            ("vee six bee to kay three", Some(("postal_code", "V6B2K3"))),
            ("V as in Victor 6 B as in boy 2 K 3", Some(("postal_code", "V6B2K3"))),
            ("my postal code is v5k oh a one", Some(("postal_code", "V5K0A1"))),
            ("the last four digits are 8215", Some(("health_card_last4", "8215"))),
            ("eight two one five", Some(("health_card_last4", "8215"))),
            ("9698 658 215", Some(("health_card_last4", "8215"))),
            ("it's [card 1]", Some(("health_card_last4", "[card 1]"))),
            ("I don't have it here", None),
        ] {
            let found = factor(text, Language::English);
            assert_eq!(found.as_ref().map(|(factor, value)| (*factor, value.as_str())), wanted, "{text}");
        }
        let french = factor("v six b deux k trois", Language::French);
        assert_eq!(french, Some(("postal_code", "V6B2K3".to_owned())));
    }
}
