//! What in words must be known before it may be said: times, days, and claims that something was done.
//!
//! Pure, and cheap enough for every clause of an answer: one pass, no pattern is built anew. In doubt nothing is found: a sentence that is
//! held back in error harms a call as well. What is known is not decided here. Places are bytes of the text.

mod ahead;
mod chinese;
mod claim;
mod clock;
mod english;
mod french;
mod punjabi;
mod said;
mod year;

use std::ops::Range;

use jiff::civil::Weekday;

use crate::language::Language;
use said::Said;

/// Something in words that must be known from a tool, from the caller or from the clinic's facts before it may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// A time of day. `hour`: 0 to 23 if the half of the day is said, else 1 to 12.
    Time {
        hour: u8,
        minute: u8,
        half: Half,
    },
    /// A day of the calendar, as much as was said of it. The month is 1 to 12.
    Date {
        year: Option<i16>,
        month: Option<u8>,
        day: u8,
    },
    Weekday(Weekday),
    /// A day counted from today: tomorrow is 1. Today is no mention.
    FromToday(i64),
    /// That something was done.
    Done(Deed),
}

/// Whether it is said if a time is before or after noon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Said,
    Unsaid,
}

/// What only a tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    Booked,
    Moved,
    Cancelled,
    /// Something was passed to the staff.
    MessageLeft,
    Registered,
    OnWaitingList,
    /// It is not said what: "you're all set".
    Unnamed,
}

/// Everything of that kind in a text, in order. The text may be the beginning of a sentence.
pub fn mentions(text: &str, language: Language) -> Vec<(Mention, Range<usize>)> {
    let claims = claim::find(text, language).into_iter().map(|(deed, place)| (Mention::Done(deed), place));
    let mut all: Vec<_> = days_and_times(text, language).into_iter().chain(claims).collect();
    all.sort_by_key(|(_, place)| place.start);
    all
}

/// The same without claims, which take most of the time: of texts that are long, and claim nothing.
pub fn days_and_times(text: &str, language: Language) -> Vec<(Mention, Range<usize>)> {
    let said = Said::new(text, language);
    let found = match language {
        Language::English => english::find(&said),
        Language::French => french::find(&said),
        Language::Mandarin | Language::Cantonese => chinese::find(&said),
        Language::Punjabi => punjabi::find(&said),
    };
    found.into_iter().map(|found| (found.mention, said.place(found.from, found.to))).collect()
}

/// Years that a caller says in the way of a language in which nothing else reads birth dates. `today`: the year that it is.
pub(super) fn years(text: &str, language: Language, today: i16) -> Vec<i16> {
    year::find(&Said::new(text, language), today)
}

/// A mention, and the items it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    mention: Mention,
    from: usize,
    /// The first item after it.
    to: usize,
}

/// So many items at most are looked through for what an item belongs to.
const FAR: usize = 24;

/// Looks for one kind of mention at an item, and says which item is next.
type Rule = fn(&Said<'_>, usize, &mut Vec<Found>) -> Option<usize>;

/// The first rule that finds something takes it, item after item.
fn walk(said: &Said<'_>, rules: &[Rule]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < said.len() {
        let next = rules.iter().find_map(|rule| rule(said, at, &mut found));
        at = next.unwrap_or(at).max(at + 1);
    }
    found
}

fn put(found: &mut Vec<Found>, mention: Mention, from: usize, to: usize) -> Option<usize> {
    found.push(Found { mention, from, to });
    Some(to)
}

/// A time of day was found that ends at this item.
fn ends_time(found: &[Found], at: usize) -> bool {
    found.last().is_some_and(|last| last.to == at && matches!(last.mention, Mention::Time { .. }))
}

#[cfg(test)]
mod tests;
