//! Days of the week in tools' arguments, and whether a date is the one that was said with it: "Tuesday the 24th" of a month whose 24th is a
//! Wednesday is asked about, and never resolved by a guess.
//!
//! What the model passes is believed first; where it passes a date alone, what the caller said last is read too.

use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Outcome, Session};
use crate::agent::{Who, calendar};
use crate::clinic::spoken::appointment;

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DayOfWeek {
    pub(super) const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }

    const fn day(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

/// `said`: the weekdays that came with the date, in the arguments; with none, what the caller said last counts.
pub(super) fn check(date: Date, said: &[DayOfWeek], session: &Session) -> Result<(), Outcome> {
    let other = match said {
        [] => heard_with(date, session),
        [first, ..] if !said.contains(&DayOfWeek::of(date.weekday())) => Some(first.day()),
        [_, ..] => None,
    };
    other.map_or(Ok(()), |other| {
        Err(Outcome::told("weekday_mismatch", &appointment::other_weekday(date, other, session.language)))
    })
}

/// The weekday that the caller has just said with this date, if it is another.
fn heard_with(date: Date, session: &Session) -> Option<Weekday> {
    if !calendar::knows(session.language) {
        return None;
    }
    let last = session.said.iter().rev().find(|line| line.who == Who::Caller)?;
    let today = session.clinic.local(session.now).date();
    let wish = calendar::when(last.text.reveal(), session.language, today)?;
    match wish.weekdays.as_slice() {
        [day] if wish.from == Some(date) && wish.to == Some(date) && *day != date.weekday() => Some(*day),
        [] | [_, ..] => None,
    }
}
