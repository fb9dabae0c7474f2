//! Numbers of health cards in what a caller said: no model sees them and no transcript keeps them; `[card 1]` stands in their place.
//!
//! Decides which run of digits is one: what was last named when it was said, a card or something else that has a number, its check digit, and, once a
//! card's number was asked for, whether the caller's answer is digits. What a placeholder stands for follows from the lines alone: what [`Cards`] remembers of them saves looking
//! at them again, and no more. The last four stay where they are what is asked for.

mod looked;
mod pieces;
mod words;

use std::ops::Range;

use jiff::civil::Date;

use super::{Who, digits};
use crate::emr::card;
use crate::language::Language;
use crate::tokens::{placed, tokens};
use pieces::Pieces;
use words::{PARTED, topics};

pub use looked::Cards;

/// The least of a card's number that is hidden whatever is said beside it: callers pause within it.
const SHORTEST: usize = 6;

/// The fewest digits of a whole number.
const WHOLE: usize = 8;

/// The most digits of a card: a longer run is several numbers.
const LONGEST: usize = 12;

/// So many lines of the agent may follow, that name nothing, before an answer is no longer about the card.
const STAYS: u8 = 2;

/// What a number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Card,
    /// A telephone, a date of birth, an address, a time.
    Other,
}

/// One number, and the bytes of its line that it is made from.
struct Found {
    at: Range<usize>,
    digits: String,
}

/// What was named so far.
#[derive(Clone, Default)]
struct Named {
    topic: Option<Topic>,
    /// Lines of the agent since.
    since: u8,
    /// In the agent's last line or after it.
    card: bool,
    pieces: Pieces,
}

impl Named {
    fn hear(&mut self, by: Who, text: &str) {
        let words = tokens(text, PARTED);
        for topic in topics(&words) {
            (self.topic, self.since) = (Some(topic), 0);
            self.card |= topic == Topic::Card;
            self.pieces.named(by, topic, words::names_end(&words));
        }
    }

    fn asked(&mut self, text: &str) {
        self.since = self.since.saturating_add(1);
        self.card = false;
        self.pieces.go_on(text);
        self.hear(Who::Agent, text);
        if self.since > STAYS {
            self.topic = None;
            self.pieces.end();
        } else if self.topic == Some(Topic::Card) && words::goes_on(&tokens(text, PARTED)) {
            self.pieces.open();
        }
    }

    /// The caller said this: the cards' numbers in it.
    fn answered(&mut self, text: &str, language: Language) -> Vec<Found> {
        let said = Heard::new(text, language);
        let answer = pieces::Answer::of(text, &said);
        let (mut found, mut heard, mut hidden) = (Vec::new(), 0, 0);
        for (digits, at) in &said.runs {
            let bytes = said.bytes(at);
            self.hear(Who::Caller, &text[heard..bytes.start]);
            heard = bytes.end;
            if self.is_card(digits, &text[heard..]) || self.pieces.is_one(digits, &answer) {
                hidden += digits.len();
                found.push(Found { at: bytes, digits: digits.clone() });
            }
        }
        self.hear(Who::Caller, &text[heard..]);
        self.pieces.heard(hidden, &answer);
        if hidden > 0 {
            self.since = 0;
        }
        found
    }

    /// `after`: what the caller said after it.
    fn is_card(&self, run: &str, after: &str) -> bool {
        let is_checked = card::is_card("BC", run) || card::is_card("ON", run);
        match self.topic.or_else(|| topics(&tokens(after, PARTED)).next()) {
            Some(Topic::Card) => run.len() >= SHORTEST,
            // Both were asked for at once.
            Some(Topic::Other) => (is_checked || run.len() > LONGEST || is_nothing_else(run)) && self.card,
            None => is_checked && digits::telephone(run).is_none(),
        }
    }
}

/// As long as a card's number, and neither a telephone's nor a date.
fn is_nothing_else(run: &str) -> bool {
    let date = |year: usize, month: usize, day: usize| {
        let part = |from: usize, many: usize| run.get(from..from + many)?.parse::<i16>().ok();
        let (year, month, day) = (part(year, 4)?, part(month, 2)?, part(day, 2)?);
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        (1_900..2_100).contains(&year).then(|| Date::new(year, month, day).ok())?
    };
    let is_date = || [(0, 4, 6), (4, 2, 0), (4, 0, 2)].into_iter().any(|(y, m, d)| date(y, m, d).is_some());
    run.len() >= WHOLE && digits::telephone(run).is_none() && !(run.len() == 8 && is_date())
}

/// What a caller said, taken apart as it is understood best: the digits of a language are not heard in every other, and a call may change its own.
struct Heard {
    words: Vec<String>,
    /// Bytes of each.
    places: Vec<Range<usize>>,
    runs: Vec<(digits::Run, Range<usize>)>,
}

impl Heard {
    /// `language`: of the call.
    fn new(text: &str, language: Language) -> Self {
        // Of the others, English is understood in all but French.
        let others: &[Language] = if text.is_ascii() { &[Language::English, Language::French] } else { &Language::ALL };
        let others = others.iter().filter(|other| **other != language).map(|other| Self::of(text, *other));
        others.fold(Self::of(text, language), |best, other| if other.digits() > best.digits() { other } else { best })
    }

    fn of(text: &str, language: Language) -> Self {
        let placed = placed(text, language).into_iter().flat_map(|(word, at)| parted(text, word, at));
        let (words, places): (Vec<String>, Vec<Range<usize>>) = placed.unzip();
        let runs = runs(&words, language);
        Self { words, places, runs }
    }

    fn digits(&self) -> usize {
        self.runs.iter().map(|(run, _)| run.len()).sum()
    }

    /// Where this run is in the text.
    fn bytes(&self, at: &Range<usize>) -> Range<usize> {
        self.places[at.start].start..self.places[at.end - 1].end
    }

    /// The words between the runs say nothing. "Oh" alone is no number.
    fn is_digits(&self) -> bool {
        let starts = std::iter::once(0).chain(self.runs.iter().map(|(_, at)| at.end));
        let ends = self.runs.iter().map(|(_, at)| at.start).chain([self.words.len()]);
        self.runs.iter().any(|(run, _)| run != "0")
            && starts.zip(ends).all(|(from, to)| words::is_beside(&self.words[from..to]))
    }
}

/// "TREM80611512" is letters and then digits, however a recogniser writes it.
fn parted(text: &str, word: String, at: Range<usize>) -> Vec<(String, Range<usize>)> {
    let written = &text[at.clone()];
    if !written.is_ascii() || written.len() != word.len() {
        return vec![(word, at)];
    }
    let is_digit: Vec<bool> = word.bytes().map(|byte| byte.is_ascii_digit()).collect();
    let borders = (1..word.len()).filter(|border| is_digit[border - 1] != is_digit[*border]);
    let starts: Vec<usize> = std::iter::once(0).chain(borders).collect();
    let ends = starts.iter().copied().skip(1).chain([word.len()]);
    let part = |(&from, to): (&usize, usize)| (word[from..to].to_owned(), at.start + from..at.start + to);
    starts.iter().zip(ends).map(part).collect()
}

/// The runs of digits in these words, and where each is; "and" parts two numbers, though it may stand in one.
fn runs(words: &[String], language: Language) -> Vec<(digits::Run, Range<usize>)> {
    let mut runs = Vec::new();
    for (run, at) in digits::placed(words, language) {
        if run.len() <= LONGEST {
            runs.push((run, at));
            continue;
        }
        let mut from = at.start;
        for part in words[at].split(|word| matches!(word.as_str(), "and" | "then")) {
            let placed = digits::placed(part, language).into_iter();
            runs.extend(placed.map(|(run, at)| (run, from + at.start..from + at.end)));
            from += part.len() + 1;
        }
    }
    runs
}

/// The last placeholder in these words, if one is there: who corrects themselves says it again.
pub(super) fn placeholder_in(text: &str) -> Option<&str> {
    let from = &text[text.rfind("[card ")?..];
    from.find(']').map(|end| &from[..=end])
}

#[cfg(test)]
mod tests;
