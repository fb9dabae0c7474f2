//! Going on with an answer that broke off after words of it were given to the voice: what the next model is told, and what of its words
//! is left out because the caller has them already.
//!
//! Pure. Words are compared without capitals and punctuation; each Chinese character is a word. What is held back is held only while
//! it may still be a repetition.

use crate::agent::llm::{Message, Request};
use crate::privacy::Pii;

/// So many words in a row that were said already are a repetition, not chance. Of digits more, since a number may go on with the digit
/// that it was cut after.
const REPEATED: usize = 2;
const REPEATED_DIGITS: usize = 3;

/// A new beginning shows in so many words, and in half of what was said.
const BEGUN_AGAIN: usize = 3;

/// Nobody repeats more than this without a new beginning.
const TAIL: usize = 60;

const INSTRUCTION: &str = "Your last message was cut off by a fault of the line. The caller has heard exactly its words and nothing more. \
     Go on from there in the same language, with the words that follow: repeat and rephrase nothing of it, do not greet, do not begin \
     again, contradict nothing of it. If nothing is missing, answer nothing.";

/// The request for the rest of an answer of which this was said.
pub(super) fn request(request: &Request, said: &str) -> Request {
    let mut request = request.clone();
    let text = Pii::new(said.trim().to_owned());
    request.messages.push(Message::Assistant { text, calls: Vec::new() });
    request.messages.push(Message::System(Pii::new(INSTRUCTION.to_owned())));
    request
}

/// What is to be done with the words that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Say these, which may be none yet.
    Say(String),
    /// It begins again with other words: the caller would hear two answers.
    BeganAgain,
}

/// The words of a model that goes on.
pub(super) struct GoingOn {
    said: Vec<String>,
    said_text_ends: End,
    stage: Stage,
}

enum Stage {
    /// These words may be a repetition.
    Comparing(String),
    /// It is clear where the new words begin, and what stands before them is not said: blanks, and the stops of a repetition.
    Skipping {
        repeated: bool,
    },
    Passing,
}

/// How what was said ends: whether a blank belongs before what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Blank,
    Word,
    Wide,
}

impl GoingOn {
    pub(super) fn after(said: &str) -> Self {
        let end = match said.chars().next_back() {
            None => End::Blank,
            Some(c) if c.is_whitespace() => End::Blank,
            Some(c) if is_wide(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}') => End::Wide,
            Some(_) => End::Word,
        };
        let said = words(said).into_iter().map(|word| word.text).collect();
        Self { said, said_text_ends: end, stage: Stage::Comparing(String::new()) }
    }

    pub(super) fn push(&mut self, text: &str) -> Ruling {
        self.judge(text, false)
    }

    /// No more comes.
    pub(super) fn finish(&mut self) -> Ruling {
        self.judge("", true)
    }

    fn judge(&mut self, text: &str, is_whole: bool) -> Ruling {
        let held = match &mut self.stage {
            Stage::Passing => return Ruling::Say(text.to_owned()),
            Stage::Skipping { repeated } => {
                let repeated = *repeated;
                return Ruling::Say(self.begin(text, repeated));
            }
            Stage::Comparing(held) => held,
        };
        held.push_str(text);
        let found = words(held);
        // The last word may still grow.
        let open = |word: &Word| !is_whole && word.end == held.len() && !word.text.chars().all(is_wide);
        let known = found.len() - usize::from(found.last().is_some_and(open));
        let came: Vec<&str> = found[..known].iter().map(|word| word.text.as_str()).collect();
        match compare(&self.said, &came, is_whole) {
            Verdict::Unknown => Ruling::Say(String::new()),
            Verdict::BeganAgain => Ruling::BeganAgain,
            Verdict::Repeats(count) => {
                let from = count.checked_sub(1).map_or(0, |last| found[last].end);
                let rest = held.split_off(from);
                Ruling::Say(self.begin(&rest, count > 0))
            }
        }
    }

    /// The new words, without what stands before them, and with a blank if one is wanted.
    fn begin(&mut self, text: &str, repeated: bool) -> String {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || (repeated && !begins_words(c)));
        if text.is_empty() {
            self.stage = Stage::Skipping { repeated };
            return String::new();
        }
        self.stage = Stage::Passing;
        let blank = self.said_text_ends == End::Word && !text.starts_with(is_wide);
        if blank { format!(" {text}") } else { text.to_owned() }
    }
}

/// Stops and closing marks do not.
fn begins_words(c: char) -> bool {
    c.is_alphanumeric() || is_gurmukhi(c) || matches!(c, '[' | '(' | '$' | '#' | '+' | '"' | '\u{201c}' | '\u{ab}')
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unknown,
    /// So many of the words that came were said already.
    Repeats(usize),
    BeganAgain,
}

fn compare(said: &[String], came: &[&str], is_whole: bool) -> Verdict {
    let from_the_beginning = said.iter().zip(came).take_while(|(said, came)| said == *came).count();
    if from_the_beginning == said.len() {
        return Verdict::Repeats(said.len());
    }
    if from_the_beginning == came.len() {
        return if is_whole { Verdict::Repeats(came.len()) } else { Verdict::Unknown };
    }
    if from_the_beginning >= BEGUN_AGAIN && from_the_beginning * 2 >= said.len() {
        return Verdict::BeganAgain;
    }
    let tail = &said[said.len().saturating_sub(TAIL)..];
    let ends_with = |count: usize| {
        let end = &tail[tail.len() - count..];
        let common = end.iter().zip(came).take_while(|(said, came)| said == *came).count();
        (common == count.min(came.len())).then_some(common)
    };
    let mut repeated = 0;
    for count in 1..=tail.len() {
        match ends_with(count) {
            // It may yet become the whole end of what was said.
            Some(common) if common < count && !is_whole => return Verdict::Unknown,
            Some(common) if common == count && is_repetition(&tail[tail.len() - count..]) => repeated = count,
            Some(_) | None => {}
        }
    }
    Verdict::Repeats(repeated)
}

fn is_repetition(words: &[String]) -> bool {
    let digits = words.iter().all(|word| word.chars().all(char::is_numeric));
    words.len() >= if digits { REPEATED_DIGITS } else { REPEATED }
}

struct Word {
    text: String,
    /// The byte after it.
    end: usize,
}

fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if is_wide(c) {
            found.push(Word { text: c.to_string(), end });
            open = false;
        } else if c.is_alphanumeric() || is_gurmukhi(c) {
            if !open {
                found.push(Word { text: String::new(), end });
            }
            if let Some(word) = found.last_mut() {
                word.text.extend(c.to_lowercase());
                word.end = end;
            }
            open = true;
        } else if !matches!(c, '\'' | '\u{2019}') {
            open = false;
        }
    }
    found
}

const fn is_wide(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The whole block: vowel signs and the virama are no letters of their own.
const fn is_gurmukhi(c: char) -> bool {
    matches!(c, '\u{0a00}'..='\u{0a7f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of an answer that goes on so, cut into pieces of so many characters.
    fn goes_on(said: &str, came: &str, piece: usize) -> Option<String> {
        let mut going_on = GoingOn::after(said);
        let mut all = String::new();
        let chars: Vec<char> = came.chars().collect();
        let mut rulings: Vec<Ruling> =
            chars.chunks(piece).map(|piece| going_on.push(&piece.iter().collect::<String>())).collect();
        rulings.push(going_on.finish());
        for ruling in rulings {
            match ruling {
                Ruling::Say(words) => all.push_str(&words),
                Ruling::BeganAgain => return None,
            }
        }
        Some(all)
    }

    #[test]
    fn no_word_is_said_twice_and_none_is_lost_however_the_words_were_cut() {
        for (said, came, wanted) in [
            ("We are open from nine to five. ", "On Saturday we close at one.", "On Saturday we close at one."),
            ("We are open from nine to five. ", "From nine to five. On Saturday until one.", "On Saturday until one."),
            (
                "We are open from nine to five. ",
                "We are open from nine to five. On Saturday until one.",
                "On Saturday until one.",
            ),
            ("We are open from nine to five.", "On Saturday until one.", " On Saturday until one."),
            ("We are open from nine to five. ", "We are closed on Sunday.", "We are closed on Sunday."),
            ("We are open from nine to five. ", "we are open from nine", ""),
            ("We are open from nine to five. ", "", ""),
            ("Your number is 6 0 4, ", "4 4 1 2.", "4 4 1 2."),
            ("Your number is 6 0 4, ", "6 0 4, 4 1 2.", "4 1 2."),
            ("Thanks. ", "Thanks, what is your name?", "what is your name?"),
            ("我们早上九点开门。", "下午五点关门。", "下午五点关门。"),
            ("我们早上九点开门。", "九点开门。下午五点关门。", "下午五点关门。"),
            ("ਅਸੀਂ ਨੌਂ ਵਜੇ ਖੁੱਲ੍ਹਦੇ ਹਾਂ। ", "ਖੁੱਲ੍ਹਦੇ ਹਾਂ। ਪੰਜ ਵਜੇ ਬੰਦ।", "ਪੰਜ ਵਜੇ ਬੰਦ।"),
            ("L'adresse est au 120. ", "C'est rue Harbour.", "C'est rue Harbour."),
        ] {
            for piece in [1, 2, 3, 7, 400] {
                assert_eq!(goes_on(said, came, piece).as_deref(), Some(wanted), "{said:?} + {came:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_second_beginning_with_other_words_is_noticed_before_a_word_of_it_is_said() {
        for (said, came) in [
            ("We are open from nine to five, ", "We are open from ten to four."),
            ("我们早上九点开门，", "我们早上十点才开门。"),
        ] {
            for piece in [1, 3, 400] {
                let mut going_on = GoingOn::after(said);
                let chars: Vec<char> = came.chars().collect();
                let mut ruled = Vec::new();
                for piece in chars.chunks(piece) {
                    match going_on.push(&piece.iter().collect::<String>()) {
                        Ruling::Say(words) => assert_eq!(words, "", "{came:?} by {}", piece.len()),
                        Ruling::BeganAgain => {
                            ruled.push(());
                            break;
                        }
                    }
                }
                assert_eq!(ruled.len(), 1, "{came:?} by {piece}");
            }
        }
    }
}
