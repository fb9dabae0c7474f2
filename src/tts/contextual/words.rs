//! Which bytes of the text a timed word is. A vendor says words as it spoke them, in order, Chinese character by character.

/// How far ahead a word is looked for: beyond that it is another one of the same letters.
const AHEAD: usize = 80;

/// Goes through the text of an utterance.
#[derive(Debug, Default)]
pub(super) struct Places {
    at: usize,
}

impl Places {
    /// Start and length of the next place of this word; `None` if it is not there: then it has no place, and the next ones do.
    pub(super) fn find(&mut self, text: &str, word: &str) -> Option<(usize, usize)> {
        let bare = word.trim_matches(|c: char| c.is_whitespace());
        let letters = bare.trim_matches(|c: char| !c.is_alphanumeric());
        let wanted = if letters.is_empty() { bare } else { letters };
        if wanted.is_empty() {
            return None;
        }
        let rest = text.get(self.at..)?;
        let found = find_ignoring_case(rest, wanted).filter(|(at, _)| *at <= AHEAD)?;
        let start = self.at + found.0;
        // What was said with the word belongs to it: its full stop, its closing bracket.
        let tail = text[start + found.1..].chars().take_while(|c| !c.is_whitespace() && !c.is_alphanumeric());
        let len = found.1 + tail.map(char::len_utf8).sum::<usize>();
        self.at = start + len;
        Some((start, len))
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(at, _)| {
        let mut rest = text[at..].char_indices();
        let same =
            wanted.chars().all(|w| rest.next().is_some_and(|(_, c)| c == w || c.to_lowercase().eq(w.to_lowercase())));
        same.then(|| (at, rest.next().map_or(text.len() - at, |(end, _)| end)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, words: &[&str]) -> Vec<Option<String>> {
        let mut places = Places::default();
        words.iter().map(|word| places.find(text, word).map(|(at, len)| text[at..at + len].to_owned())).collect()
    }

    #[test]
    fn words_are_found_in_order_with_their_marks() {
        let text = "We are open, Monday to Friday. We are.";
        let found = places(text, &["we", "are", "open,", "Monday", "to", "Friday.", "We", "are."]);
        let found: Vec<String> = found.into_iter().flatten().collect();
        assert_eq!(found.join(" "), text);
    }

    #[test]
    fn a_word_that_is_not_there_costs_only_itself() {
        assert_eq!(
            places("It is 9 am", &["It", "is", "nine", "am"]),
            [Some("It".into()), Some("is".into()), None, Some("am".into())]
        );
    }

    #[test]
    fn chinese_is_found_character_by_character() {
        let found: Vec<String> =
            places("你好，医生。", &["你", "好", "，", "医", "生", "。"]).into_iter().flatten().collect();
        assert_eq!(found, ["你", "好，", "医", "生。"]);
    }
}
