//! Words put together from letters and their times, as some vendors give them: a blank ends a word, and a Chinese character is one. A word may
//! be cut between two messages.

use super::Timed;

#[derive(Debug, Default)]
pub(super) struct Letters {
    word: Option<Timed>,
}

impl Letters {
    /// The words that are complete with these letters.
    pub(super) fn take(&mut self, letters: impl IntoIterator<Item = Timed>) -> Vec<Timed> {
        let mut words = Vec::new();
        for letter in letters {
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
        let mut words: Vec<Timed> = cuts.iter().flat_map(|text| all.take(letters(text))).collect();
        words.extend(all.finish());
        words.into_iter().map(|word| (word.text, word.from, word.to)).collect()
    }

    #[test]
    fn a_word_has_the_time_from_its_first_letter_to_its_last() {
        let word = |text: &str, from, to| (text.to_owned(), from, to);
        assert_eq!(words(&[" Hi, Dr. Wong"]), [word("Hi,", 1.0, 4.0), word("Dr.", 5.0, 8.0), word("Wong", 9.0, 13.0)]);
        assert_eq!(words(&["Wo", "ng. "])[0].0, "Wong.");
        let chinese: Vec<String> = words(&["你好，Amy。"]).into_iter().map(|(word, ..)| word).collect();
        assert_eq!(
            chinese,
            ["你", "好，Amy。"].map(str::to_owned),
            "what is no character of Chinese goes with the one before"
        );
    }
}
