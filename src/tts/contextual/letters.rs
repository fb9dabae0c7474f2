//! Words put together from letters and their times, as some vendors give them: a blank ends a word, and a Chinese character is one. A word may
//! be cut between two messages.
//!
//! Times of a message count from its own beginning, and audio and letters of a message need not cover the same stretch: letters may run ahead of
//! their audio, and audio may come without letters. A message begins at the later of both, so that no word is placed before it sounds.

use super::Timed;

#[derive(Debug, Default)]
pub(super) struct Letters {
    word: Option<Timed>,
    /// Where the letters so far end, in seconds.
    until: f64,
}

impl Letters {
    /// The words that are complete with a message's letters; so many seconds of audio came before it.
    pub(super) fn take(&mut self, received: f64, letters: impl IntoIterator<Item = Timed>) -> Vec<Timed> {
        let mut words = Vec::new();
        let begins = received.max(self.until);
        for Timed { text, from, to } in letters {
            let letter = Timed { text, from: begins + from, to: begins + to };
            self.until = self.until.max(letter.to);
            if letter.text.chars().all(char::is_whitespace) {
                words.extend(self.word.take());
            } else if letter.text.chars().any(is_han) {
                words.extend(self.word.replace(letter));
            } else {
                match &mut self.word {
                    Some(word) => {
                        word.text.push_str(&letter.text);
                        word.to = letter.to;
                    }
                    None => self.word = Some(letter),
                }
            }
        }
        words
    }

    /// The last word, which nothing follows.
    pub(super) fn finish(&mut self) -> Option<Timed> {
        self.word.take()
    }
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<Timed> {
        let timed = |(n, c): (usize, char)| Timed { text: c.to_string(), from: n as f64, to: n as f64 + 1.0 };
        text.chars().enumerate().map(timed).collect()
    }

    fn words(cuts: &[&str]) -> Vec<(String, f64, f64)> {
        let mut all = Letters::default();
        let mut words: Vec<Timed> = cuts.iter().flat_map(|text| all.take(0.0, letters(text))).collect();
        words.extend(all.finish());
        words.into_iter().map(|word| (word.text, word.from, word.to)).collect()
    }

    #[test]
    fn a_message_begins_where_the_letters_before_it_end_or_where_its_audio_does() {
        let mut all = Letters::default();
        let mut take = |received, text: &str| -> Vec<_> {
            all.take(received, letters(text)).into_iter().map(|word| (word.text, word.from, word.to)).collect()
        };
        let word = |text: &str, from, to| (text.to_owned(), from, to);
        assert_eq!(take(0.0, "ab cd "), [word("ab", 0.0, 2.0), word("cd", 3.0, 5.0)]);
        assert_eq!(take(2.0, "ef "), [word("ef", 6.0, 8.0)], "letters ran ahead");
        assert_eq!(take(12.0, "gh "), [word("gh", 12.0, 14.0)], "audio came without letters");
        assert_eq!(take(13.0, ""), []);
        assert_eq!(take(14.0, "ij "), [word("ij", 15.0, 17.0)]);
    }

    #[test]
    fn a_word_has_the_time_from_its_first_letter_to_its_last() {
        let word = |text: &str, from, to| (text.to_owned(), from, to);
        assert_eq!(words(&[" Hi, Dr. Wong"]), [word("Hi,", 1.0, 4.0), word("Dr.", 5.0, 8.0), word("Wong", 9.0, 13.0)]);
        assert_eq!(words(&["Wo", "ng. "]), [word("Wong.", 0.0, 5.0)]);
        let chinese: Vec<String> = words(&["你好，Amy。"]).into_iter().map(|(word, ..)| word).collect();
        assert_eq!(
            chinese,
            ["你", "好，Amy。"].map(str::to_owned),
            "what is no character of Chinese goes with the one before"
        );
    }
}
