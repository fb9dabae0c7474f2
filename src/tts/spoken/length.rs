//! How much of a text a voice is given at once: no more than it takes, cut between words.
//!
//! Pure. The pieces joined are the text, to the byte, so that times of words can be counted in them. A piece ends with a sentence or a clause if one
//! ends in its second half, else with a word; only what has no word's end in it is cut anyhow. Lengths are characters.

use crate::language::chinese::is_close;
use crate::tts::sentence::{pause, stop};

pub(super) fn pieces(mut text: &str, longest: Option<usize>) -> Vec<&str> {
    let mut pieces = Vec::new();
    if let Some(longest) = longest {
        while let Some(end) = end_of_first(text, longest.max(1)) {
            let (piece, rest) = text.split_at(end);
            pieces.push(piece);
            text = rest;
        }
    }
    pieces.push(text);
    pieces
}

/// Bytes of the first piece; `None`: the text is no longer than that.
fn end_of_first(text: &str, longest: usize) -> Option<usize> {
    let (most, _) = text.char_indices().nth(longest)?;
    let (mut word, mut clause) = (None, None);
    let mut before = None;
    for (n, (at, c)) in text.char_indices().enumerate().take(longest + 1) {
        if before.is_some_and(|before| may_part(before, c)) {
            word = Some(at);
            if n * 2 >= longest && text[..at].trim_end().ends_with(|c| stop(c) || pause(c)) {
                clause = Some(at);
            }
        }
        before = Some(c);
    }
    Some(clause.or(word).unwrap_or(most))
}

/// Whether a word begins with the second of two characters: behind a blank, or anywhere in Chinese. No piece begins with a mark.
fn may_part(before: char, next: char) -> bool {
    next.is_alphanumeric() && (before.is_whitespace() || is_close(before) || is_close(next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_at_words_and_at_clauses_where_they_end_late_enough() {
        for (text, longest, cut) in [
            ("We are open.", Some(12), vec!["We are open."]),
            ("We are open.", None, vec!["We are open."]),
            ("We are open today.", Some(12), vec!["We are open ", "today."]),
            (
                "Yes, we are open until five, and on Sunday.",
                Some(30),
                vec!["Yes, we are open until five, ", "and on Sunday."],
            ),
            ("Yes, we are open until five", Some(20), vec!["Yes, we are open ", "until five"]),
            ("我们星期一开门，星期二不开门。", Some(9), vec!["我们星期一开门，", "星期二不开门。"]),
            ("我们星期一到星期五开门", Some(4), vec!["我们星期", "一到星期", "五开门"]),
            ("请找 Dr Wong 医生", Some(8), vec!["请找 Dr ", "Wong 医生"]),
            ("ਅਸੀਂ ਖੁੱਲ੍ਹੇ ਹਾਂ।", Some(9), vec!["ਅਸੀਂ ", "ਖੁੱਲ੍ਹੇ ", "ਹਾਂ।"]),
            ("abcdefgh", Some(3), vec!["abc", "def", "gh"]),
            ("", Some(3), vec![""]),
        ] {
            assert_eq!(pieces(text, longest), cut, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_joined_are_the_text_and_none_is_too_long(
            text in prop_oneof!["\\PC{0,80}", "[a-z]{1,6}([ ,.]{1,2}[a-z]{1,6}){0,12}", "[\u{4e00}-\u{4eff}，。]{0,40}"],
            longest in 1..30_usize,
        ) {
            let pieces = pieces(&text, Some(longest));
            prop_assert_eq!(pieces.concat(), text.as_str());
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= longest), "{pieces:?}");
        }
    }
}
