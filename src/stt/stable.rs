//! Which part of a partial will not change: whole words at its beginning, told in bytes.
//!
//! Pure. Words are known by their letters: a recogniser thinks again about a comma for as long as somebody speaks. What a vendor promises is for
//! its own reading to say; here is what follows from it, or from what a recogniser has said twice. It never splits a word.

use crate::language::chinese::is_close;

/// The words at the beginning on which two partials agree.
pub(super) fn agreed(before: &str, now: &str) -> usize {
    let pairs = words(before).zip(words(now));
    pairs.take_while(|(before, (_, now))| is_the_same(before.1, now)).last().map_or(0, |(_, (end, _))| end)
}

/// The words that are whole within so many bytes of a text.
pub(super) fn within(text: &str, bytes: usize) -> usize {
    words(text).map(|(end, _)| end).take_while(|end| *end <= bytes).last().unwrap_or_default()
}

/// All words but the last, of a text that only grows: the last one may.
pub(super) fn all_but_the_last(text: &str) -> usize {
    let last = words(text).last().map_or(0, |(end, word)| end - word.len());
    text[..last].trim_end().len()
}

/// Each word, and where it ends. A Chinese character is one.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text[at..].trim_start();
        let first = rest.chars().next()?;
        let length = if is_close(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| c.is_whitespace() || is_close(c)).unwrap_or(rest.len())
        };
        at = text.len() - rest.len() + length;
        Some((at, &rest[..length]))
    })
}

/// Whether two texts say the same: a recogniser may think again about a comma.
pub(crate) fn is_the_same(before: &str, now: &str) -> bool {
    letters(before).eq(letters(now))
}

/// What words are known by.
pub(super) fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn partials_agree_in_whole_words_whatever_their_marks() {
        for (before, now, stable) in [
            ("I would like", "I would love to", "I would"),
            ("", "Hello", ""),
            ("Hello there", "Hello", "Hello"),
            ("Hello", "Hello there", "Hello"),
            ("Wait.", "wait, I have", "wait,"),
            ("app", "appointment", ""),
            ("我要", "我要预约。", "我要"),
            ("我要约", "我要预约。", "我要"),
            ("见 Dr Wong医", "见 Dr Wong 医生", "见 Dr Wong 医"),
        ] {
            assert_eq!(&now[..agreed(before, now)], stable, "{before} / {now}");
        }
    }

    #[test]
    fn a_word_that_goes_on_is_not_whole() {
        for (text, bytes, whole) in [
            ("to be or not", 5, "to be"),
            ("to be or not", 6, "to be"),
            ("to better", 5, "to"),
            ("to be", 5, "to be"),
            ("to be", 9, "to be"),
            ("你好早", 5, "你"),
            ("", 0, ""),
        ] {
            assert_eq!(&text[..within(text, bytes)], whole, "{text} {bytes}");
        }
    }

    #[test]
    fn the_last_word_of_a_text_that_grows_may_grow_as_well() {
        for (text, stable) in
            [("I need an appoint", "I need an"), ("Stop", ""), ("Stop. ", ""), ("我要预", "我要"), ("", "")]
        {
            assert_eq!(&text[..all_but_the_last(text)], stable, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_is_too_odd(before in "\\PC{0,30}", now in "\\PC{0,30}", bytes in 0..90_usize) {
            for stable in [agreed(&before, &now), within(&now, bytes), all_but_the_last(&now)] {
                prop_assert!(now.get(..stable).is_some(), "{stable} of {now:?}");
            }
            prop_assert_eq!(agreed(&now, &now), now.trim_end().len());
            prop_assert!(within(&now, bytes) <= bytes);
        }
    }
}
