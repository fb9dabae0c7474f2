//! Times and days in French: « dix heures et quart », « 10 h 30 », « midi », « de 9 à 17 heures », « le 24 novembre », « après-demain ».
//!
//! Hours are a time where something says so: minutes, « à », a day before them. « Dans deux heures », « 24 heures d'avis » are lengths.

use super::clock::{Clock, Order, Part, am_pm, figures, in_figures, of_year};
use super::said::Said;
use super::{FAR, Found, Mention, ahead, ends_time, put, walk};
use crate::agent::calendar::{month, weekday};

pub(super) fn find(said: &Said<'_>) -> Vec<Found> {
    walk(said, &[dates, day, ahead::french, time])
}

fn is_weekday(said: &Said<'_>, at: Option<usize>) -> bool {
    at.and_then(|at| said.word(at)).is_some_and(|word| weekday(word, said.language).is_some())
}

fn day(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let word = said.word(at)?;
    if word == "demain" {
        let days = if said.is_back(at, 1, &["apres"]) && said.dashed(at) { 2 } else { 1 };
        return put(found, Mention::FromToday(days), at, at + 1);
    }
    let day = weekday(word, said.language).filter(|_| !said.is(at + 1, &["saint", "gras"]))?;
    put(found, Mention::Weekday(day), at, at + 1)
}

fn month_at(said: &Said<'_>, at: usize) -> Option<u8> {
    month(said.word(at)?, said.language).filter(|_| said.close(at)).and_then(|month| u8::try_from(month).ok())
}

fn dates(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    if let Some((date, to)) = of_year(said, at).or_else(|| in_figures(said, at, Order::DayFirst)) {
        return put(found, date, at, to);
    }
    let day = said.day(at).filter(|_| !matches!(said.raw(at), "un" | "une"))?;
    if let Some(month) = month_at(said, at + 1) {
        let year = said.year(at + 2).filter(|_| said.close(at + 2));
        let to = at + 2 + usize::from(year.is_some());
        return put(found, Mention::Date { year, month: Some(month), day }, at, to);
    }
    if let Some(month) = same_month(said, at) {
        return put(found, Mention::Date { year: None, month: Some(month), day }, at, at + 1);
    }
    let alone = stands_alone(said, at, day, found);
    alone.then(|| put(found, Mention::Date { year: None, month: None, day }, at, at + 1))?
}

/// « Le 24 ou le 25 novembre », « du 24 au 26 novembre ».
fn same_month(said: &Said<'_>, at: usize) -> Option<u8> {
    let links = usize::from(said.is(at + 1, &["et", "ou", "au"]));
    let second = at + 1 + links + usize::from(links == 1 && said.is(at + 2, &["le"]));
    if links == 0 && !said.dashed(second) {
        return None;
    }
    said.day(second)?;
    month_at(said, second + 1)
}

/// « Le 24 », « mardi le 1er », and not « appuyez sur le 2 », « le 5e étage ».
fn stands_alone(said: &Said<'_>, at: usize, day: u8, found: &[Found]) -> bool {
    let first = said.is_ordinal(at) && day == 1 && said.is_figure(at);
    if (said.is_ordinal(at) && !first) || !said.close(at) || figures(said, at).is_some() || hours(said, at).is_some() {
        return false;
    }
    let article = said.is_back(at, 1, &["le"]);
    let of_weekday = is_weekday(said, at.checked_sub(1)) || (article && is_weekday(said, at.checked_sub(2)));
    let another = article
        && said.is_back(at, 2, &["et", "ou"])
        && found
            .last()
            .is_some_and(|last| last.to + 2 == at && matches!(last.mention, Mention::Date { month: None, .. }));
    let dialled =
        said.is_back(at, 2, &["sur", "composez", "compose", "composer", "appelez", "faites", "est", "numero"]);
    let named = article && !dialled && (day > 3 || first) && (first || said.is_figure(at));
    (of_weekday || another || named) && ends_day(said, at + 1)
}

fn ends_day(said: &Said<'_>, mut at: usize) -> bool {
    let far = at + FAR;
    while at < far && said.is(at, &["et", "ou"]) && said.is(at + 1, &["le"]) && said.number(at + 2).is_some() {
        at += 3;
    }
    let follows =
        ["a", "vers", "convient", "est", "avec", "vous", "ou", "et", "en", "pour", "serait", "au", "apres", "avant"];
    (said.stops(at) && (said.number(at).is_none() || hours(said, at).is_some()))
        || (said.close(at) && said.is(at, &follows))
}

/// « Dix heures et quart », « 10 h 30 », « neuf heures moins le quart »: the words of an hour, be it a time or a length.
fn hours(said: &Said<'_>, at: usize) -> Option<Clock> {
    let hour = said.small(at).filter(|hour| *hour < 24)?;
    let sign = at + 1;
    let is_sign = said.is(sign, &["heure", "heures"]) || (said.raw(sign) == "h" && said.is_figure(at));
    if !is_sign || !said.close(sign) {
        return None;
    }
    let tail = sign + 1;
    if said.raw(sign) == "h" {
        // "H2H 2H7" is a postal code.
        if said.close(tail) && said.is_figure(tail) && said.minute(tail).is_none() {
            return None;
        }
        let minute = said.minute(tail).filter(|_| said.close(tail));
        return Some(minute.map_or_else(|| Clock::new(hour, 0, tail), |minute| Clock::new(hour, minute, tail + 1)));
    }
    Some(with_minutes(said, hour, tail))
}

/// What follows « dix heures » or « midi ».
fn with_minutes(said: &Said<'_>, hour: u8, at: usize) -> Clock {
    if said.is(at, &["et"]) && said.is(at + 1, &["demi", "demie"]) {
        return Clock::new(hour, 30, at + 2);
    }
    if said.is(at, &["et"]) && said.is(at + 1, &["quart"]) {
        return Clock::new(hour, 15, at + 2);
    }
    if said.is(at, &["moins"]) {
        let quarter = at + 1 + usize::from(said.is(at + 1, &["le"]));
        if said.is(quarter, &["quart"]) {
            return Clock::before(hour, 15, quarter + 1);
        }
        if let Some(minutes) = said.small(at + 1).filter(|minutes| (1..30).contains(minutes)) {
            return Clock::before(hour, minutes, at + 2);
        }
    }
    let minute =
        said.small(at).filter(|minute| (1..60).contains(minute) && said.close(at) && !is_counted(said, at + 1));
    minute.map_or_else(|| Clock::new(hour, 0, at), |minute| Clock::new(hour, minute, at + 1))
}

/// « 2 heures 15 minutes » is a length, « 10 heures 2 patients » two things.
fn is_counted(said: &Said<'_>, at: usize) -> bool {
    said.close(at)
        && said.is(at, &["minutes", "minute", "patients", "personnes", "heures", "heure", "h", "jours", "rendez"])
}

fn time(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let clock = whole(said, at, found).or_else(|| alone(said, at))?;
    put(found, clock.mention(), at, clock.to)
}

fn whole(said: &Said<'_>, at: usize, found: &[Found]) -> Option<Clock> {
    if let Some(clock) = noon(said, at) {
        return Some(clock);
    }
    if let Some(clock) = figures(said, at) {
        return Some(in_part(said, at, clock));
    }
    let clock = hours(said, at)?;
    (!is_length(said, at, &clock) && is_time(said, at, &clock, found)).then(|| in_part(said, at, clock))
}

/// « Midi », « minuit »: not « l'après-midi », « le midi ».
fn noon(said: &Said<'_>, at: usize) -> Option<Clock> {
    if said.is(at, &["minuit"]) {
        return Some(Clock::midnight(at + 1));
    }
    let half = said.is_back(at, 1, &["apres"]) || (said.is_back(at, 1, &["avant"]) && said.dashed(at));
    let both = said.is_back(at, 1, &["avant"]) && said.is(at + 1, &["ou"]) && said.is(at + 2, &["apres"]);
    let is_hour = said.is(at, &["midi"]) && !half && !both && !said.is_back(at, 1, &["le", "du", "ce"]);
    is_hour.then(|| Clock { part: Some(Part::Noon), ..with_minutes(said, 12, at + 1) })
}

/// Something took, takes or will take so long.
fn is_length(said: &Said<'_>, at: usize, clock: &Clock) -> bool {
    const LONG: &[&str] = &[
        "dans", "pendant", "durant", "moins", "plus", "dure", "durent", "toutes", "chaque", "sur", "en", "environ",
        "quelques", "maximum",
    ];
    const SPEAKS: &[&str] = &[
        "attente",
        "attendre",
        "dure",
        "durent",
        "duree",
        "delai",
        "prend",
        "prendre",
        "preavis",
        "jeun",
        "jeuner",
        "stationnement",
        "stationner",
        "trajet",
        "maximum",
    ];
    let ago = said.is_back(at, 1, &["a"]) && said.is_back(at, 2, &["y"]);
    let of = said.close(clock.to) && said.is(clock.to, &["d", "sur", "plus"]);
    let of = of || (said.is(clock.to, &["de"]) && part_after(said, clock.to).is_none());
    // « Un rendez-vous pour 10 heures ».
    let long = said.is_back(at, 1, LONG) || (said.is_back(at, 1, &["pour"]) && clock.hour < 6);
    let spoken_of = (at.saturating_sub(8)..at).rev().take_while(|at| !said.stops(at + 1)).any(|at| said.is(at, SPEAKS));
    ago || of || long || spoken_of
}

fn is_time(said: &Said<'_>, at: usize, clock: &Clock, found: &[Found]) -> bool {
    let links = usize::from(said.is(clock.to, &["a", "et"]));
    let second = clock.to + links;
    let ranged = (links == 1 || said.dashed(second)) && (hours(said, second).is_some() || said.is(second, &["midi"]));
    if said.is_back(at, 1, &["de", "d"]) {
        return ranged;
    }
    let led = said.is_back(at, 1, &["a", "vers", "avant", "apres", "des", "entre", "jusqu", "midi"]);
    // « Pour 12 heures » may be as long.
    let led = led || (said.is_back(at, 1, &["pour"]) && matches!(clock.hour, 7..=11 | 13..=20));
    let after_day = found.last().is_some_and(|last| last.to == at && !matches!(last.mention, Mention::Done(_)));
    let linked = at > 0 && ends_time(found, at - 1) && said.is_back(at, 1, &["ou", "et", "a"]);
    clock.minute > 0
        || led
        || ranged
        || after_day
        || linked
        || part_after(said, clock.to).is_some()
        || part_near(said, at).is_some()
}

fn in_part(said: &Said<'_>, at: usize, clock: Clock) -> Clock {
    match part_after(said, clock.to).or_else(|| am_pm(said, clock.to)) {
        Some((part, to)) => Clock { part: Some(part), to, ..clock },
        None => clock.in_part(part_near(said, at)),
    }
}

/// « Du matin », « de l'après-midi ».
fn part_after(said: &Said<'_>, at: usize) -> Option<(Part, usize)> {
    if said.is(at, &["du"]) {
        return part(said, at + 1).map(|part| (part, at + 2));
    }
    let of = said.is(at, &["de"]) && said.is(at + 1, &["l"]) && said.is(at + 3, &["midi"]);
    match said.word(at + 2).filter(|_| of)? {
        "apres" => Some((Part::Afternoon, at + 4)),
        "avant" => Some((Part::Morning, at + 4)),
        _ => None,
    }
}

fn part(said: &Said<'_>, at: usize) -> Option<Part> {
    match said.word(at)? {
        "matin" | "matins" | "matinee" => Some(Part::Morning),
        "soir" | "soirs" | "soiree" => Some(Part::Afternoon),
        _ => None,
    }
}

/// « Demain matin à 9 heures », « mardi après-midi, 3 heures ».
fn part_near(said: &Said<'_>, at: usize) -> Option<Part> {
    let last = at.checked_sub(1 + usize::from(said.is_back(at, 1, &["a", "vers"])))?;
    let whole = said.is(last, &["midi"]) && said.dashed(last);
    match said.back(last, 1).filter(|_| whole) {
        Some("apres") => Some(Part::Afternoon),
        Some("avant") => Some(Part::Morning),
        Some(_) | None => part(said, last),
    }
}

/// The first of two hours: « de 9 à 17 heures », « 9 ou 10 h ».
fn alone(said: &Said<'_>, at: usize) -> Option<Clock> {
    let hour = said.small(at).filter(|hour| (1..24).contains(hour) && !matches!(said.raw(at), "un" | "une"))?;
    let links = usize::from(said.is(at + 1, &["a", "ou", "et"]));
    let second = at + 1 + links;
    let led = said.is_back(at, 1, &["de", "entre", "a", "vers"]) || said.is(at + 1, &["ou"]) || links == 0;
    let second_is =
        (led && (links == 1 || said.dashed(second))).then(|| hours(said, second).or_else(|| noon(said, second)));
    let clock = second_is.flatten()?;
    (!is_length(said, at, &clock) && !is_length(said, second, &clock)).then(|| Clock::new(hour, 0, at + 1))
}
