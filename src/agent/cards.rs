//! Numbers of health cards in what a caller said: no model sees them and no transcript keeps them; `[card 1]` stands in their place.
//!
//! Decides which run of digits is one: what was last named when it was said, a card or something else that has a number, its check digit, and, once a
//! card's number was asked for, whether the caller's answer is digits. What a placeholder stands for follows from the lines alone, so that nothing is
//! kept. The last four stay where they are what is asked for.

mod pieces;
mod words;

use std::ops::Range;

use jiff::civil::Date;

use super::{Line, Who, digits};
use crate::emr::card;
use crate::language::Language;
use crate::privacy::Pii;
use crate::tokens::{placed, tokens};
use pieces::Pieces;
use words::{PARTED, topics};

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

/// One number, and the bytes of which line it is made from.
struct Found {
    line: usize,
    at: Range<usize>,
    digits: String,
}

/// What was named so far.
#[derive(Default)]
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

fn found(said: &[Line], language: Language) -> Vec<Found> {
    let (mut found, mut named) = (Vec::new(), Named::default());
    for (line, Line { who, text, .. }) in said.iter().enumerate() {
        let text = text.reveal();
        match who {
            Who::System => {}
            Who::Agent => named.asked(text),
            Who::Caller => {
                let said = Heard::new(text, language);
                let answer = pieces::Answer::of(text, &said);
                let (mut heard, mut hidden) = (0, 0);
                for (digits, at) in &said.runs {
                    let bytes = said.bytes(at);
                    named.hear(Who::Caller, &text[heard..bytes.start]);
                    heard = bytes.end;
                    if named.is_card(digits, &text[heard..]) || named.pieces.is_one(digits, &answer) {
                        hidden += digits.len();
                        found.push(Found { line, at: bytes, digits: digits.clone() });
                    }
                }
                named.hear(Who::Caller, &text[heard..]);
                named.pieces.heard(hidden, &answer);
                if hidden > 0 {
                    named.since = 0;
                }
            }
        }
    }
    found
}

/// The numbers, each once, in the order in which they were first said.
fn numbers(found: &[Found]) -> Vec<&str> {
    let mut numbers: Vec<&str> = Vec::new();
    for one in found {
        if !numbers.contains(&one.digits.as_str()) {
            numbers.push(&one.digits);
        }
    }
    numbers
}

fn placeholder(nth: usize) -> String {
    format!("[card {}]", nth + 1)
}

/// The same lines with placeholders in place of numbers of cards.
pub fn hidden(said: &[Line], language: Language) -> Vec<Line> {
    let (mut lines, found) = (said.to_vec(), found(said, language));
    let numbers = numbers(&found);
    // From the end, so that what is in front stays where it is.
    for one in found.iter().rev() {
        let nth = numbers.iter().position(|number| *number == one.digits).unwrap_or_default();
        let mut text = lines[one.line].text.reveal().clone();
        text.replace_range(one.at.clone(), &placeholder(nth));
        lines[one.line].text = Pii::new(text);
    }
    lines
}

/// What the caller said after these lines, as a transcript has it.
pub fn transcript(said: &[Line], text: &str, language: Language) -> String {
    let last = Line { who: Who::Caller, text: Pii::new(text.to_owned()), cut: false };
    let lines: Vec<Line> = said.iter().cloned().chain([last]).collect();
    hidden(&lines, language).pop().map_or_else(String::new, |line| line.text.into_inner())
}

/// What a model wrote, with the numbers in place of their placeholders: for the tool alone that it calls.
pub(super) fn filled(arguments: &Pii<String>, said: &[Line], language: Language) -> Pii<String> {
    if !arguments.reveal().contains("[card ") {
        return arguments.clone();
    }
    let found = found(said, language);
    let filled = numbers(&found)
        .into_iter()
        .enumerate()
        .fold(arguments.reveal().clone(), |text, (nth, number)| text.replace(&placeholder(nth), number));
    Pii::new(filled)
}

/// The last placeholder in these words, if one is there: who corrects themselves says it again.
pub(super) fn placeholder_in(text: &str) -> Option<&str> {
    let from = &text[text.rfind("[card ")?..];
    from.find(']').map(|end| &from[..=end])
}

#[cfg(test)]
mod tests;
