//! Numbers on Canadian health cards and postal codes: whether they can be right.
//!
//! A check of form alone: it tells a mistyped number, not who is insured. Sources: Luhn (ISO/IEC 7812-1) for Ontario; British
//! Columbia's PHN check digit, modulo 11. Where a province publishes none, the form is all that is checked.

use jiff::civil::Date;

use crate::language::Language;
use crate::tokens::tokens;

/// Weights of digits 2 to 9 of a British Columbian PHN.
const PHN_WEIGHTS: [u32; 8] = [2, 4, 8, 5, 10, 9, 7, 3];

/// Whether this can be the number of a card of this province (two letters). Spaces and dashes are ignored.
pub fn is_card(province: &str, number: &str) -> bool {
    let signs: Vec<char> = signs(number).chars().collect();
    let all_digits = signs.iter().all(char::is_ascii_digit);
    let digits: Vec<u32> = signs.iter().filter_map(|c| c.to_digit(10)).collect();
    match province {
        "ON" => all_digits && digits.len() == 10 && digits[0] != 0 && luhn(&digits),
        "BC" => all_digits && digits.len() == 10 && digits[0] == 9 && phn(&digits),
        "QC" => is_ramq(&signs),
        "AB" | "SK" | "MB" | "NB" | "YT" | "NU" => all_digits && digits.len() == 9,
        "NS" => all_digits && digits.len() == 10,
        "NL" => all_digits && digits.len() == 12,
        "PE" => all_digits && digits.len() == 8,
        "NT" => signs.len() == 8 && signs[0].is_ascii_uppercase() && digits.len() == 7 && !signs[0].is_ascii_digit(),
        _ => false,
    }
}

/// Letters and digits alone, without what is only written between them.
pub fn signs(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect()
}

/// A postal code as written in charts, `V6B1A1`; `None` if it cannot be one. Letters that look like digits are never used.
pub fn postal_code(text: &str) -> Option<String> {
    let signs = signs(text);
    let fits = |(at, c): (usize, char)| match at {
        0 => c.is_ascii_uppercase() && !"DFIOQUWZ".contains(c),
        2 | 4 => c.is_ascii_uppercase() && !"DFIOQU".contains(c),
        _ => c.is_ascii_digit(),
    };
    (signs.chars().count() == 6 && signs.chars().enumerate().all(fits)).then_some(signs)
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, double @ 10..) => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn phn(digits: &[u32]) -> bool {
    let sum: u32 = digits[1..9].iter().zip(PHN_WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    rest > 1 && 11 - rest == digits[9]
}

/// Four letters, year, month (women's plus 50), day, two digits more.
fn is_ramq(signs: &[char]) -> bool {
    if signs.len() != 12 || !signs[..4].iter().all(char::is_ascii_uppercase) {
        return false;
    }
    let number = |from: usize| signs[from..from + 2].iter().try_fold(0, |n, c| c.to_digit(10).map(|d| n * 10 + d));
    let (Some(month), Some(day), Some(_), Some(_)) = (number(6), number(8), number(4), number(10)) else {
        return false;
    };
    (matches!(month, 1..=12 | 51..=62)) && (1..=31).contains(&day)
}

/// Whether a number of Quebec's is that of somebody of this name and date of birth: three letters of the family name and one of the given, short ones filled
/// up with X, then year, month and day. `added`: to the month, 50 for women; one of them must fit. Cards have the name at birth, so that one which does
/// not fit may still be theirs.
pub fn is_ramq_of(number: &str, (first, last): (&str, &str), born: Date, added: &[i8]) -> bool {
    let letters = |name: &str, many: usize| -> String {
        let plain = tokens(name, Language::English).concat().to_ascii_uppercase();
        let letters = plain.chars().filter(char::is_ascii_uppercase).chain(std::iter::repeat('X'));
        letters.take(many).collect()
    };
    let name = letters(last, 3) + &letters(first, 1);
    let number = signs(number);
    added.iter().any(|added| {
        let born = format!("{:02}{:02}{:02}", born.year() % 100, born.month() + added, born.day());
        number.strip_prefix(&name).is_some_and(|rest| rest.starts_with(&born))
    })
}

/// The last four digits of a health card's number, however it is written.
pub(super) fn last4(card: &str) -> Option<String> {
    let signs: Vec<char> = card.chars().filter(char::is_ascii_alphanumeric).collect();
    let end = signs.get(signs.len().checked_sub(4)?..)?;
    end.iter().all(char::is_ascii_digit).then(|| end.iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_examples_pass_and_their_misprints_do_not() {
        assert!(is_card("BC", "9698 658 215"));
        assert!(!is_card("BC", "9698 648 215"));
        assert!(is_card("ON", "1234-567-897"));
        assert!(!is_card("ON", "1234-567-890"));
        assert!(is_card("QC", "TREM 8061 1512"));
        assert!(!is_card("QC", "TREM 8013 1512"));
        assert!(is_card("NT", "N1234567") && !is_card("NT", "12345678"));
        assert!(!is_card("XX", "9698658215"));
    }

    #[test]
    fn a_card_of_quebec_tells_name_birth_date_and_sex() {
        let born = jiff::civil::date(2001, 8, 2);
        let is = |number, name, born, added: &[i8]| is_ramq_of(number, name, born, added);
        assert!(is("GAGE 0158 0212", ("Élise", "Gagnon"), born, &[50]));
        assert!(is("GAGE01580212", ("Élise", "Gagné-Roy"), born, &[0, 50]));
        assert!(!is("GAGE01580212", ("Élise", "Gagnon"), born, &[0]), "a woman's month");
        assert!(!is("GAGE01580212", ("Élise", "Gagnon"), jiff::civil::date(2001, 8, 3), &[50]));
        assert!(!is("GAGE01580212", ("Marie", "Gagnon"), born, &[50]));
        assert!(!is("GAGE01580212", ("Élise", "Roy"), born, &[50]));
        assert!(is("LIXW90012511", ("Wei", "Li"), jiff::civil::date(1990, 1, 25), &[0]), "short names end in X");
        assert!(!is("", ("", ""), born, &[0, 50]));
    }

    #[test]
    fn postal_codes_lose_their_space_and_letters_that_look_like_digits() {
        assert_eq!(postal_code("v6b 1a1").as_deref(), Some("V6B1A1"));
        for wrong in ["V6B1A", "D6B1A1", "V6O1A1", "66B1A1", "V6B1A1X"] {
            assert_eq!(postal_code(wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// Both checks find every single wrong digit.
        #[test]
        fn one_wrong_digit_is_always_found(at in 1_usize..10, by in 1_u32..10) {
            for (province, right) in [("BC", "9698658215"), ("ON", "1234567897")] {
                let wrong: String = right
                    .chars()
                    .enumerate()
                    .filter_map(|(i, c)| c.to_digit(10).map(|d| if i == at { (d + by) % 10 } else { d }))
                    .filter_map(|d| char::from_digit(d, 10))
                    .collect();
                prop_assert!(!is_card(province, &wrong), "{wrong}");
            }
        }

        #[test]
        fn nothing_said_breaks_the_checks(text in "\\PC{0,16}", province in "ON|BC|QC|AB|NT|PE") {
            is_card(&province, &text);
            postal_code(&text);
        }
    }
}
