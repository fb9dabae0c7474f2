//! What comes behind words that were taken already, in a text that begins with them or with what is thought of them now.
//!
//! Capitals, punctuation and blanks are no difference; another word in the place of one that was taken is that word, unless it has
//! nothing of it. It never splits a word, and in doubt leaves none out: a word said twice is understood, one that is lost is not.

use crate::stt::stable::letters;

/// The end of `text` that is not what was `taken`: words behind the beginning that is likest to it.
pub(super) fn behind<'a>(taken: &str, text: &'a str) -> &'a str {
    let wanted: Vec<char> = letters(taken).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = taken.split_whitespace().count();
    let latest = taken.split_whitespace().next_back().unwrap_or_default();
    // How unlike the beginning of each length is: rows of an edit distance, of which each word ends one.
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    let mut best = (wanted.len(), Likeness::None, 0);
    for (word, n) in words.iter().zip(1..) {
        letters(word).for_each(|letter| row = next(&row, &wanted, letter));
        let likeness = if is_like(latest, word) { Likeness::OfLast(count.abs_diff(n)) } else { Likeness::None };
        best = best.min((row[wanted.len()], likeness, n));
    }
    // No beginning is more like it than none at all.
    if best.0 >= wanted.len() {
        best.2 = 0;
    }
    let rest = words.get(best.2).map_or(text.len(), |first| first.as_ptr().addr() - text.as_ptr().addr());
    text[rest..].trim_start_matches(|c: char| !c.is_alphanumeric())
}

/// Of two beginnings as like, the one is left out that ends in what was taken last; of these the one of as many words, else the shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Words more or less than were taken.
    OfLast(usize),
    None,
}

/// Whether fewer letters than it has tell a word from what it was.
fn is_like(before: &str, word: &str) -> bool {
    let wanted: Vec<char> = letters(before).collect();
    let start = (0..=wanted.len()).collect();
    let row: Vec<usize> = letters(word).fold(start, |row: Vec<usize>, letter| next(&row, &wanted, letter));
    row[wanted.len()] < letters(word).count()
}

/// The distances of one letter more from each beginning of what is wanted.
fn next(row: &[usize], wanted: &[char], letter: char) -> Vec<usize> {
    let mut next = vec![row[0] + 1];
    for (place, other) in wanted.iter().enumerate() {
        let changed = row[place] + usize::from(*other != letter);
        next.push(changed.min(row[place + 1] + 1).min(next[place] + 1));
    }
    next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::behind;

    #[test]
    fn what_was_taken_is_left_out_as_it_is_written_now() {
        for (taken, text, rest) in [
            ("are you open", "are you open today", "today"),
            ("are you open", "Are you open, today?", "today?"),
            ("I need to can", "I need to cancel my appointment", "my appointment"),
            ("I want cancel", "I want to cancel my appointment", "my appointment"),
            ("It is six o four", "It is six oh four five", "five"),
            ("wreck a nice", "Recognise speech", "speech"),
            ("uh", "no thanks", "no thanks"),
            ("um", "I want Monday", "I want Monday"),
            ("yes uh", "Yes, no thanks", "no thanks"),
            ("I want it for", "I want it 4 pm", "4 pm"),
            ("yes", "Yes.", ""),
            ("yes", "", ""),
            ("", "yes", "yes"),
            ("l'après-midi", "L'après-midi, s'il vous plaît.", "s'il vous plaît."),
        ] {
            assert_eq!(behind(taken, text), rest, "{taken} / {text}");
        }
    }

    proptest! {
        #[test]
        fn words_behind_an_unchanged_beginning_are_all_there(taken in "[a-z]{1,6}( [a-z]{1,6}){0,6}", rest in "[a-z]{1,6}( [a-z]{1,6}){0,6}") {
            let text = format!("{taken} {rest}");
            prop_assert_eq!(behind(&taken, &text), rest.as_str());
            let mut revised = taken.clone();
            revised[..1].make_ascii_uppercase();
            let text = format!("{revised}. {rest}");
            prop_assert_eq!(behind(&taken, &text), rest.as_str());
        }

        #[test]
        fn no_text_is_too_odd(taken in ".{0,40}", text in ".{0,40}") {
            prop_assert!(text.ends_with(behind(&taken, &text)));
        }
    }
}
