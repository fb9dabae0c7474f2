//! What each text of a call names, read once: most requests to a model have the texts of the one before, and reading them anew cost every tool
//! 2 to 3 ms (`benches/README.md`).
//!
//! Decides what a text names by who it is of, never what is known. Keeps the readings of the last request alone. Pure.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, Weekday};

use super::facts::Facts;
use super::hours;
use super::mention::{Half, years as years_said};
use crate::agent::calendar::{self, Item};
use crate::language::Language;
use crate::tokens::{Phrases, tokens};

/// Numbers of an answer that may be times without a word that says so. More of them are a telephone number.
const BARE: usize = 3;

/// Years that callers name.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// What a text names.
#[derive(Clone, Default)]
pub(super) struct Reading {
    pub facts: Facts,
    pub tokens: Vec<String>,
    /// It speaks of opening times.
    pub of_hours: bool,
}

/// Whose a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    /// The server's, a tool's or a model's.
    Ours,
    Callers,
    /// A caller's last two answers: a date may take both.
    Answers,
}

/// In one language and on one day: of others nothing is kept.
#[derive(Default)]
pub struct Readings {
    of: Option<(Language, Date)>,
    last: HashMap<(Whose, String), Arc<Reading>>,
    now: HashMap<(Whose, String), Arc<Reading>>,
}

impl Readings {
    /// The texts of a request are read from here on.
    pub(super) fn begin(&mut self, language: Language, today: Date) -> Reader<'_> {
        self.last = std::mem::take(&mut self.now);
        if self.of.replace((language, today)) != Some((language, today)) {
            self.last.clear();
        }
        Reader { readings: self, language, today }
    }
}

impl fmt::Debug for Readings {
    /// Without a word of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").field("texts", &self.now.len()).finish_non_exhaustive()
    }
}

/// Reads the texts of one request.
pub(super) struct Reader<'a> {
    readings: &'a mut Readings,
    language: Language,
    today: Date,
}

impl Reader<'_> {
    pub(super) fn ours(&mut self, text: &str) -> Arc<Reading> {
        self.reading(Whose::Ours, text)
    }

    pub(super) fn callers(&mut self, text: &str) -> Arc<Reading> {
        self.reading(Whose::Callers, text)
    }

    pub(super) fn answers(&mut self, before: &str, text: &str) -> Arc<Reading> {
        self.reading(Whose::Answers, &format!("{before} {text}"))
    }

    fn reading(&mut self, whose: Whose, text: &str) -> Arc<Reading> {
        let key = (whose, text.to_owned());
        if let Some(read) = self.readings.now.get(&key) {
            return read.clone();
        }
        let read = self.readings.last.remove(&key).unwrap_or_else(|| Arc::new(self.read(whose, text)));
        self.readings.now.insert(key, read.clone());
        read
    }

    fn read(&self, whose: Whose, text: &str) -> Reading {
        let mut facts = Facts::default();
        match whose {
            Whose::Ours => facts.read(text, self.language, self.today),
            Whose::Callers => self.wishes(&mut facts, text),
            Whose::Answers => {
                self.born(&mut facts, text);
                return Reading { facts, ..Reading::default() };
            }
        }
        // The file of a prompt is mostly English, whatever is spoken.
        if self.language != Language::English {
            facts.read(text, Language::English, self.today);
        }
        Reading { facts, tokens: tokens(text, self.language), of_hours: hours::are_spoken_of(text, self.language) }
    }

    fn wishes(&self, facts: &mut Facts, text: &str) {
        facts.wish(text, self.language, self.today);
        if !calendar::knows(self.language) {
            years_said(text, self.language, self.today.year()).into_iter().for_each(|year| facts.year(year));
            if weekend(self.language).found_in(&tokens(text, self.language)) {
                facts.weekday(Weekday::Saturday);
                facts.weekday(Weekday::Sunday);
            }
            return;
        }
        let clocks = calendar::clocks(text, self.language);
        let bare = clocks.iter().filter(|clock| clock.bare).count();
        for clock in clocks.iter().filter(|clock| !clock.bare || bare <= BARE) {
            let half = if clock.sure { Half::Said } else { Half::Unsaid };
            facts.clock(clock.hour.unsigned_abs(), clock.minute.unsigned_abs(), half);
        }
        if let Some(wish) = calendar::when(text, self.language, self.today) {
            wish.from.into_iter().chain(wish.to).for_each(|date| facts.date(date));
            wish.weekdays.into_iter().for_each(|weekday| facts.weekday(weekday));
            for time in wish.after.into_iter().chain(wish.before) {
                facts.clock(time.hour().unsigned_abs(), time.minute().unsigned_abs(), Half::Unsaid);
            }
        }
        years(&calendar::items(text, self.language)).for_each(|year| facts.year(year));
        self.born(facts, text);
    }

    fn born(&self, facts: &mut Facts, text: &str) {
        if calendar::knows(self.language) {
            let born = calendar::birth_date(text, self.language, self.today);
            born.into_iter().for_each(|date| facts.date(date));
        }
    }
}

/// The end of a week, where no calendar of the language reads wishes.
fn weekend(language: Language) -> Phrases {
    let words: &[&str] = match language {
        Language::Mandarin | Language::Cantonese => &["周末", "週末"],
        Language::Punjabi => &["ਵੀਕਐਂਡ", "ਵੀਕੈਂਡ"],
        Language::English | Language::French => &[],
    };
    Phrases::new(words, language)
}

/// "1984", and "nineteen eighty-four", which is two numbers.
fn years(items: &[Item]) -> impl Iterator<Item = i16> {
    let digits = |at: usize| items.get(at).and_then(Item::number).map(|number| number.digits.clone());
    let of = move |at: usize| {
        let first = digits(at)?;
        let year = if first.len() == 2 { format!("{first}{}", digits(at + 1)?) } else { first };
        year.parse::<i16>().ok().filter(|year| YEARS.contains(year))
    };
    (0..items.len()).filter_map(of)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 21);

    #[test]
    fn a_text_is_read_once_for_all_requests_that_have_it_and_forgotten_with_the_last_of_them() {
        let mut readings = Readings::default();
        let first = readings.begin(Language::English, TODAY).ours("Tuesday at ten");
        let second = readings.begin(Language::English, TODAY).ours("Tuesday at ten");
        assert!(Arc::ptr_eq(&first, &second));
        readings.begin(Language::English, TODAY).ours("Wednesday");
        assert!(!Arc::ptr_eq(&first, &readings.begin(Language::English, TODAY).ours("Tuesday at ten")));
    }

    #[test]
    fn what_a_text_names_is_of_its_day_its_language_and_whoever_said_it() {
        let mut readings = Readings::default();
        let ours = readings.begin(Language::English, TODAY).ours("tomorrow");
        let later = date(2026, 11, 22);
        assert!(!Arc::ptr_eq(&ours, &readings.begin(Language::English, later).ours("tomorrow")));
        let mut reader = readings.begin(Language::English, later);
        assert!(!Arc::ptr_eq(&reader.ours("tomorrow"), &reader.callers("tomorrow")));
        let english = readings.begin(Language::English, later).ours("tomorrow");
        assert!(!Arc::ptr_eq(&english, &readings.begin(Language::French, later).ours("tomorrow")));
    }
}
