//! Text as it is spoken: what a voice would read wrongly is written out. The text the call keeps is not changed.

use super::english;
use crate::language::Language;

/// A run of at least so many digits is a number to be read digit by digit.
const LONG: usize = 7;

/// The text to give to a voice.
pub(super) fn plain(text: &str, language: Language) -> String {
    match language {
        Language::English => english::spoken(text),
        Language::Mandarin | Language::Cantonese | Language::Punjabi | Language::French => {
            text.split_whitespace().map(numbers).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Telephone and card numbers in groups of digits: `604-555-0142` as `6 0 4, 5 5 5, 0 1 4 2`.
fn numbers(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+');
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let body = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    if digits < LONG || !body.chars().all(is_part) {
        return word.to_owned();
    }
    let mut groups: Vec<Vec<char>> = Vec::new();
    for part in body.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()) {
        let part: Vec<char> = part.chars().collect();
        if part.len() == 10 {
            groups.extend([part[..3].to_vec(), part[3..6].to_vec(), part[6..].to_vec()]);
        } else {
            groups.extend(part.chunks(4).map(<[char]>::to_vec));
        }
    }
    let say = |group: Vec<char>| group.into_iter().map(String::from).collect::<Vec<_>>().join(" ");
    let spoken: Vec<String> = groups.into_iter().map(say).collect();
    format!("{}{}", spoken.join(", "), &word[body.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_read_in_groups() {
        assert_eq!(plain("604-555-0142.", Language::Punjabi), "6 0 4, 5 5 5, 0 1 4 2.");
        assert_eq!(plain("6045550142", Language::French), "6 0 4, 5 5 5, 0 1 4 2");
        assert_eq!(plain("de 9:30 à 17", Language::French), "de 9:30 à 17");
    }

    #[test]
    fn titles_are_written_out_in_english() {
        assert_eq!(plain("Dr. Chen", Language::English), "Doctor Chen");
    }
}
