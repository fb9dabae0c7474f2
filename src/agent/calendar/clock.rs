//! Times of day: "ten thirty", "half past ten", "quarter to four", "3 p.m.", « dix heures et demie », « 14 h 15 », « midi ».

use jiff::civil::Time;

use super::number::{Item, items};
use crate::language::Language;

/// A time as said: mostly without telling morning from afternoon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// 0 to 23.
    pub hour: i8,
    pub minute: i8,
    /// Known to be in that half of the day.
    pub sure: bool,
    /// The item before it and the one after it, in [`super::items`].
    pub from: usize,
    pub to: usize,
    /// A number alone, which may be something else.
    pub bare: bool,
}

impl Clock {
    /// The time meant, where a clinic is open: one to six are in the afternoon.
    pub fn likely(&self) -> Time {
        let hour = if !self.sure && (1..=6).contains(&self.hour) { self.hour + 12 } else { self.hour };
        Time::new(hour, self.minute, 0, 0).unwrap_or(Time::midnight())
    }

    /// Whether a caller who says it can mean that time.
    pub fn fits(&self, time: Time) -> bool {
        let hour = if self.sure { time.hour() == self.hour } else { time.hour() % 12 == self.hour % 12 };
        hour && time.minute() == self.minute
    }
}

/// Every time of day in an utterance, in order; numbers alone among them, marked so.
pub fn clocks(text: &str, language: Language) -> Vec<Clock> {
    let items = items(text, language);
    let mut found = Vec::new();
    let mut at = 0;
    while at < items.len() {
        match at_place(&items, at, language) {
            Some(clock) => {
                at = clock.to;
                found.push(clock);
            }
            None => at += 1,
        }
    }
    found
}

/// The items of one utterance from one place on.
struct Rest<'a>(&'a [Item], usize);

impl Rest<'_> {
    fn is(&self, after: usize, words: &[&str]) -> bool {
        self.0.get(self.1 + after).and_then(Item::word).is_some_and(|word| words.contains(&word))
    }

    fn value(&self, after: usize) -> Option<i8> {
        let number = self.0.get(self.1 + after)?.number()?;
        (!number.ordinal && number.digits.len() <= 2).then(|| i8::try_from(number.value()).ok()).flatten()
    }

    fn hour(&self, after: usize) -> Option<i8> {
        self.value(after).filter(|hour| (0..=23).contains(hour))
    }

    /// Two digits, as in "ten fifteen", "ten oh five".
    fn minute(&self, after: usize) -> Option<i8> {
        let number = self.0.get(self.1 + after)?.number()?;
        self.value(after).filter(|minute| number.digits.len() == 2 && (0..=59).contains(minute))
    }
}

fn at_place(items: &[Item], at: usize, language: Language) -> Option<Clock> {
    let rest = Rest(items, at);
    match language {
        Language::French => french(&rest),
        Language::English | Language::Mandarin | Language::Cantonese | Language::Punjabi => english(&rest),
    }
}

fn clock(rest: &Rest<'_>, hour: i8, minute: i8, used: usize) -> Clock {
    Clock { hour, minute, sure: hour > 12 || hour == 0, from: rest.1, to: rest.1 + used, bare: false }
}

/// So many minutes before the hour.
fn before(rest: &Rest<'_>, hour: i8, minutes: i8, used: usize) -> Clock {
    clock(rest, if hour == 1 { 12 } else { hour - 1 }, 60 - minutes, used)
}

fn english(rest: &Rest<'_>) -> Option<Clock> {
    if rest.is(0, &["noon", "midday"]) {
        return Some(Clock { sure: true, ..clock(rest, 12, 0, 1) });
    }
    // "a quarter past ten": the article is passed over by who looks.
    let minutes = if rest.is(0, &["half"]) {
        Some(30)
    } else if rest.is(0, &["quarter"]) {
        Some(15)
    } else {
        // Not "from two to four".
        rest.value(0).filter(|minutes| matches!(minutes, 5 | 10 | 20 | 25))
    };
    if let (Some(minutes), Some(hour)) = (minutes, rest.hour(2)) {
        if rest.is(1, &["past"]) || (minutes == 15 && rest.is(1, &["after"])) {
            return Some(half_of_day(rest, clock(rest, hour, minutes, 3)));
        }
        if rest.is(1, &["to", "of", "till"]) && minutes != 30 && hour > 0 {
            return Some(half_of_day(rest, before(rest, hour, minutes, 3)));
        }
    }
    let hour = rest.hour(0)?;
    if let Some(minute) = rest.minute(1) {
        return Some(half_of_day(rest, clock(rest, hour, minute, 2)));
    }
    let o_clock = if rest.is(1, &["oclock"]) {
        Some(2)
    } else if rest.value(1) == Some(0) && rest.is(2, &["clock"]) {
        Some(3)
    } else {
        None
    };
    let whole = clock(rest, hour, 0, o_clock.unwrap_or(1));
    let told = half_of_day(rest, whole);
    Some(Clock { bare: o_clock.is_none() && told == whole, ..told })
}

/// "p.m.", "in the afternoon", after the time.
fn half_of_day(rest: &Rest<'_>, clock: Clock) -> Clock {
    let after = clock.to - rest.1;
    let (afternoon, used) = if rest.is(after, &["am"]) {
        (false, 1)
    } else if rest.is(after, &["pm"]) {
        (true, 1)
    } else if rest.is(after, &["a", "p"]) && rest.is(after + 1, &["m"]) {
        (rest.is(after, &["p"]), 2)
    } else if rest.is(after, &["in"]) && rest.is(after + 1, &["the"]) && rest.is(after + 2, &["morning"]) {
        (false, 3)
    } else if rest.is(after, &["in"]) && rest.is(after + 1, &["the"]) && rest.is(after + 2, &["afternoon", "evening"]) {
        (true, 3)
    } else {
        return clock;
    };
    let hour = match (afternoon, clock.hour) {
        (true, hour @ 1..=11) => hour + 12,
        (false, 12) => 0,
        (true | false, hour) => hour,
    };
    Clock { hour, sure: true, to: clock.to + used, ..clock }
}

fn french(rest: &Rest<'_>) -> Option<Clock> {
    // « l'après-midi » is no time.
    let afternoon = rest.1.checked_sub(1).is_some_and(|before| rest.0[before].word() == Some("apres"));
    if rest.is(0, &["midi"]) && !afternoon {
        let half = rest.is(1, &["et"]) && rest.is(2, &["demi", "demie"]);
        let (minute, used) = if half { (30, 3) } else { (0, 1) };
        return Some(Clock { sure: true, ..clock(rest, 12, minute, used) });
    }
    let hour = rest.hour(0)?;
    if !rest.is(1, &["heure", "heures", "h"]) {
        return match rest.minute(1) {
            Some(minute) => Some(clock(rest, hour, minute, 2)),
            None => Some(Clock { bare: true, ..clock(rest, hour, 0, 1) }),
        };
    }
    let told = if rest.is(2, &["et"]) && rest.is(3, &["demi", "demie"]) {
        clock(rest, hour, 30, 4)
    } else if rest.is(2, &["et"]) && rest.is(3, &["quart"]) {
        clock(rest, hour, 15, 4)
    } else if rest.is(2, &["moins"]) && hour > 0 {
        let article = usize::from(rest.is(3, &["le"]));
        match (rest.is(3 + article, &["quart"]), rest.value(3)) {
            (true, _) => before(rest, hour, 15, 4 + article),
            (false, Some(minutes @ 1..=29)) => before(rest, hour, minutes, 4),
            (false, _) => clock(rest, hour, 0, 2),
        }
    } else {
        match rest.value(2).filter(|minute| (1..=59).contains(minute)) {
            Some(minute) => clock(rest, hour, minute, 3),
            None => clock(rest, hour, 0, 2),
        }
    };
    let after = told.to - rest.1;
    let of_morning = rest.is(after, &["du"]) && rest.is(after + 1, &["matin"]);
    let of_evening = rest.is(after, &["du"]) && rest.is(after + 1, &["soir"]);
    let of_afternoon = rest.is(after, &["de"]) && rest.is(after + 1, &["l"]) && rest.is(after + 2, &["apres"]);
    Some(match (of_morning, of_evening || of_afternoon, told.hour) {
        (true, _, _) => Clock { sure: true, to: told.to + 2, ..told },
        (false, true, 1..=11) => Clock { hour: told.hour + 12, sure: true, to: told.to + 2, ..told },
        (false, _, _) => told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, language: Language) -> Vec<String> {
        let all = clocks(text, language);
        all.iter().filter(|clock| !clock.bare).map(|clock| clock.likely().strftime("%H:%M").to_string()).collect()
    }

    #[test]
    fn times_of_day_in_english() {
        for (text, wanted) in [
            ("half past ten", "10:30"),
            ("ten thirty", "10:30"),
            ("10:30", "10:30"),
            ("the 10.30 a.m.", "10:30"),
            ("ten oh five", "10:05"),
            ("a quarter to four", "15:45"),
            ("quarter past nine in the morning", "09:15"),
            ("twenty past two", "14:20"),
            ("ten to one", "12:50"),
            ("three o'clock", "15:00"),
            ("3 p.m.", "15:00"),
            ("11am", "11:00"),
            ("noon", "12:00"),
            ("14:15", "14:15"),
        ] {
            assert_eq!(told(text, Language::English), [wanted], "{text}");
        }
        assert!(told("the second one of the two", Language::English).is_empty());
    }

    #[test]
    fn times_of_day_in_french() {
        for (text, wanted) in [
            ("dix heures et demie", "10:30"),
            ("dix heures trente", "10:30"),
            ("10 h 30", "10:30"),
            ("10h30", "10:30"),
            ("neuf heures et quart", "09:15"),
            ("quatre heures moins quart", "15:45"),
            ("quatre heures moins le quart", "15:45"),
            ("quatorze heures quinze", "14:15"),
            ("trois heures de l'après-midi", "15:00"),
            ("midi", "12:00"),
            ("midi et demi", "12:30"),
            ("onze heures moins dix", "10:50"),
        ] {
            assert_eq!(told(text, Language::French), [wanted], "{text}");
        }
    }
}
