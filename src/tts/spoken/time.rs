//! Times of day in figures: "8:30", "5 p.m.", "14:30", "9am–5pm".

use super::tongue::{Sign, Tongue};
use super::{Said, number, scan, unit};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
    /// The first of a range: the second says it.
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u64,
    pub(super) minute: Option<u64>,
    pub(super) half: Option<Half>,
}

impl Clock {
    /// The hour on the clock of 12 and, where it is known, the hour of the day.
    pub(super) fn twelve(self) -> (u64, Option<u64>) {
        let hour = if self.hour.is_multiple_of(12) { 12 } else { self.hour % 12 };
        let day = match self.half {
            Some(Half::Morning) => Some(hour % 12),
            Some(Half::Afternoon) => Some(hour % 12 + 12),
            Some(Half::Later) | None => (self.hour == 0 || self.hour > 12).then_some(self.hour),
        };
        (hour, day)
    }
}

pub(super) fn at(rest: &str, tongue: &dyn Tongue) -> Said {
    let (mut clock, len) = clock(rest)?;
    if let Some(dash) = scan::dash(&rest[len..])
        && let Some((second, _)) = second(&rest[len + dash..])
    {
        if clock.half.is_none() && (second.half.is_some() || clock.minute.is_some()) {
            clock.half = Some(Half::Later);
        }
        let (said, _) = tongue.time(clock, "");
        return Some((len + dash, number::joined(&said, tongue.sign(Sign::To))));
    }
    if clock.minute.is_none() && clock.half.is_none() {
        return None;
    }
    let (said, more) = tongue.time(clock, &rest[len..]);
    Some((len + more, said))
}

/// The end of a range: a time, if the beginning or it has minutes or a half.
fn second(text: &str) -> Option<(Clock, usize)> {
    clock(text).filter(|(clock, _)| clock.minute.is_some() || clock.half.is_some())
}

/// A time, with what tells the half of the day.
pub(super) fn clock(text: &str) -> Option<(Clock, usize)> {
    let hour = scan::digits(text);
    if hour.is_empty() || hour.len() > 2 {
        return None;
    }
    let mut len = hour.len();
    let minute = text[len..].strip_prefix(':').map(scan::digits).filter(|minute| minute.len() == 2);
    let minute = match minute {
        Some(minute) => {
            len += 3;
            Some(scan::value(minute).filter(|minute| *minute < 60)?)
        }
        None => None,
    };
    let hour = scan::value(hour).filter(|hour| *hour < 24)?;
    if minute.is_some() && text[len..].starts_with(':') {
        return None;
    }
    let half = half(&text[len..]).filter(|_| (1..=12).contains(&hour) || minute.is_some());
    if let Some((_, more)) = half {
        len += more;
    }
    let whole = scan::ends_word(&text[len..]);
    whole.then_some((Clock { hour, minute, half: half.map(|(half, _)| half) }, len))
}

/// "am", " AM", " a.m.", and its bytes. A stop that may end the sentence is left.
fn half(after: &str) -> Option<(Half, usize)> {
    let gap = scan::blanks(after);
    let text = &after[gap..];
    const WRITTEN: [(&str, Half); 10] = [
        ("a.m", Half::Morning),
        ("p.m", Half::Afternoon),
        ("A.M", Half::Morning),
        ("P.M", Half::Afternoon),
        ("am", Half::Morning),
        ("pm", Half::Afternoon),
        ("AM", Half::Morning),
        ("PM", Half::Afternoon),
        ("a. m", Half::Morning),
        ("p. m", Half::Afternoon),
    ];
    let (written, half) = WRITTEN.into_iter().find(|(written, _)| text.starts_with(written))?;
    let rest = &text[written.len()..];
    if gap > 1 || !scan::ends_word(rest) {
        return None;
    }
    let own = written.contains('.') && rest.starts_with('.');
    let stop = usize::from(
        own && (unit::goes_on(&rest[1..])
            || rest[1..].starts_with(['.', '?', '!'])
            || scan::dash(&rest[1..]).is_some()),
    );
    Some((half, gap + written.len() + stop))
}
