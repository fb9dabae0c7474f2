//! Cuts streamed text into pieces worth speaking: the first clause as soon as it is whole, then sentence by sentence.
//!
//! Pure. The pieces joined are the text pushed, to the byte: nothing is added, dropped or trimmed, so that word times of a voice
//! can be counted in them. How the text was chopped up on its way here never changes the pieces: every cut is decided by the
//! character after it.

use crate::language::Language;

/// Words that a first clause needs to go alone: "Well," is not worth a voice's start.
const FIRST_WORDS: usize = 3;

/// The same for writing without blanks, in characters.
const FIRST_CHARACTERS: usize = 4;

/// Weight of a sentence from which a clause is cut off it: about 10 s of speech. Letters weigh 1.
const LONG: usize = 160;

/// Weight from which a blank will do, when nobody wrote a comma.
const ENDLESS: usize = 320;

/// A Chinese character is a syllable: about as long to say as three or four letters.
const WIDE_WEIGHT: usize = 4;

/// Cuts one utterance.
#[derive(Clone, Debug)]
pub struct Splitter {
    language: Language,
    pending: String,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was given out: a clause will do.
    First,
    Rest,
}

/// With a number behind them the stop is theirs: "Nov. 21", "app. 3".
const COUNTED: [&str; 27] = [
    "no", "nos", "ext", "tel", "rm", "ste", "unit", "hwy", "app", "bur", "c.p", "p.o", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "fl", "bldg", "ਨੰ",
];

/// What a mark means where it stands.
enum Verdict {
    Ends,
    GoesOn,
    /// The next characters will tell.
    Unknown,
}

impl Splitter {
    pub fn new(language: Language) -> Self {
        Self { language, pending: String::new(), stage: Stage::First }
    }

    pub fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// The next piece, if its end is certain. Ask until `None`.
    pub fn poll(&mut self) -> Option<String> {
        let end = self.cut()?;
        self.stage = Stage::Rest;
        let rest = self.pending.split_off(end);
        Some(std::mem::replace(&mut self.pending, rest))
    }

    /// No more text comes: the next piece of what is left. Ask until `None`.
    pub fn finish(&mut self) -> Option<String> {
        self.poll().or_else(|| (!self.pending.is_empty()).then(|| std::mem::take(&mut self.pending)))
    }

    /// Bytes of the next piece.
    fn cut(&self) -> Option<usize> {
        let text = self.pending.as_str();
        let mut weight = 0;
        for (at, c) in text.char_indices() {
            let after = at + c.len_utf8();
            weight += if wide(c) { WIDE_WEIGHT } else { 1 };
            if c == '\n' {
                if speakable(&text[..after]) {
                    return Some(after);
                }
            } else if stop(c) {
                let end = after + run(&text[after..]);
                match self.verdict(at, c, end) {
                    Verdict::Ends if speakable(&text[..end]) => return Some(with_blank(text, end)),
                    Verdict::Ends | Verdict::GoesOn => {}
                    Verdict::Unknown => return None,
                }
            } else if pause(c) {
                let next = text[after..].chars().next()?;
                let worth = weight >= LONG || (self.stage == Stage::First && enough(&text[..after]));
                if worth && (wide(c) || next.is_whitespace()) {
                    return Some(with_blank(text, after));
                }
            } else if weight >= ENDLESS && (c.is_whitespace() || wide(c)) && speakable(&text[..after]) {
                return Some(after);
            }
        }
        None
    }

    /// Whether the stop `c` at byte `at`, whose run of stops and closing marks ends before `end`, ends a sentence.
    fn verdict(&self, at: usize, c: char, end: usize) -> Verdict {
        let (before, rest) = (&self.pending[..at], &self.pending[end..]);
        let Some(next) = rest.chars().next() else { return Verdict::Unknown };
        if c != '.' {
            return if wide(c) || danda(c) || next.is_whitespace() { Verdict::Ends } else { Verdict::GoesOn };
        }
        if !next.is_whitespace() {
            return Verdict::GoesOn;
        }
        let Some(follows) = rest.chars().find(|c| !c.is_whitespace()) else { return Verdict::Unknown };
        let word = before.rsplit(|c: char| c.is_whitespace() || opening(c) || wide(c)).next().unwrap_or_default();
        let earlier = before[..before.len() - word.len()].trim_end();
        if follows.is_lowercase() || self.abbreviated(word, earlier, follows) { Verdict::GoesOn } else { Verdict::Ends }
    }

    /// Whether the full stop after `word` belongs to the word.
    fn abbreviated(&self, word: &str, earlier: &str, follows: char) -> bool {
        let mut letters = word.chars();
        let initial = matches!((letters.next(), letters.next()), (Some(c), None) if c.is_uppercase());
        let item = earlier.is_empty() && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        let lower = word.to_lowercase();
        let title: &[&str] = match self.language {
            Language::French => {
                &["m", "mm", "mme", "mlle", "dr", "dre", "me", "st", "ste", "av", "boul", "tél", "p.ex"]
            }
            _ => &["dr", "mr", "mrs", "ms", "prof", "rev", "mt", "ft", "vs", "e.g", "i.e", "approx", "apt", "attn"],
        };
        let counted = COUNTED.contains(&lower.as_str()) && follows.is_numeric();
        // "Main St. We": a street ends a sentence; "St. Paul's" is a name.
        let saint = lower == "st" && !earlier.ends_with(|c: char| c.is_alphanumeric() && named(earlier, c));
        initial || item || counted || saint || title.contains(&lower.as_str())
    }
}

/// Whether the last word of `text`, which ends in `last`, is a name or a number.
fn named(text: &str, last: char) -> bool {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    last.is_numeric() || word.starts_with(char::is_uppercase)
}

/// Bytes of further stops and closing marks.
fn run(text: &str) -> usize {
    text.find(|c| !stop(c) && !closing(c)).unwrap_or(text.len())
}

/// One blank after a piece stays with it.
fn with_blank(text: &str, end: usize) -> usize {
    end + text[end..].chars().next().filter(|c| c.is_whitespace()).map_or(0, char::len_utf8)
}

fn speakable(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn enough(clause: &str) -> bool {
    clause.split_whitespace().filter(|word| speakable(word)).count() >= FIRST_WORDS
        || clause.chars().filter(|c| wide(*c) && c.is_alphabetic()).count() >= FIRST_CHARACTERS
}

/// Ends a sentence where it stands alone.
pub(super) fn stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．') || danda(c)
}

/// The full stop of Gurmukhi.
fn danda(c: char) -> bool {
    matches!(c, '।' | '॥')
}

/// Ends a clause.
pub(super) fn pause(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '—' | '，' | '；' | '：' | '、')
}

fn closing(c: char) -> bool {
    matches!(c, '"' | '”' | '’' | ')' | ']' | '»' | '」' | '』' | '）' | '》')
}

fn opening(c: char) -> bool {
    matches!(c, '"' | '“' | '‘' | '(' | '[' | '«')
}

/// Chinese characters and the marks written among them: no blank follows these.
fn wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
