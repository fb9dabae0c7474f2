//! What callers are told of the clinic: facts, opening hours and holidays, as the clinic's file has them.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::Seen;
use crate::clinic::calendar::{self, Hours, WEEK};
use crate::clinic::holidays::Ahead;
use crate::clinic::{Clinic, ClinicConfig, Holiday, Translated, in_language};
use crate::emr::card;
use crate::language::Language;

/// Holidays are looked for so many days ahead: every province has some in each year.
const YEAR: i64 = 365;

/// The file itself was read and checked; what remains is whether its values can be true.
pub(super) fn facts(clinic: &Clinic, now: DateTime) -> Vec<Seen> {
    let config = &clinic.config;
    let address = &config.address;
    let unit = address.unit.as_ref().map_or_else(String::new, |unit| format!(", {unit}"));
    let mut seen = vec![
        Seen::good(format!("{}, {}{unit}, {}, {}", config.name, address.street, address.city, address.province)),
        Seen::good(format!("in {} it is {} now", config.timezone, now.strftime("%A, %B %-d, %H:%M"))),
    ];
    if card::postal_code(&address.postal_code).is_none() {
        let what = format!("address.postal_code: `{}` is no Canadian postal code", address.postal_code);
        seen.push(Seen::wrong(what, "write it as V6B 1A1"));
    }
    if address.street.trim().is_empty() || address.city.trim().is_empty() {
        seen.push(Seen::wrong("address: street or city is empty", "write what callers need to find the clinic"));
    }
    let only_in_english = |texts: &Translated| {
        let missing = |language: &&Language| !texts.contains_key(*language);
        config.languages.iter().filter(missing).map(|language| language.tag()).collect::<Vec<_>>()
    };
    for (key, texts) in [("parking", &config.parking), ("directions", &config.directions)] {
        let missing = only_in_english(texts);
        if !missing.is_empty() {
            seen.push(Seen::good(format!("{key} is told in English to callers in {}", missing.join(", "))));
        }
    }
    seen
}

pub(super) fn hours(config: &ClinicConfig, now: DateTime) -> Vec<Seen> {
    let spans = WEEK.into_iter().flat_map(|weekday| calendar::of_weekday(config, weekday));
    let minutes: i64 = spans.map(|span| span.from.duration_until(span.to).as_mins()).sum();
    let mut seen = vec![Seen::good(format!("open {} h {:02} min a week", minutes / 60, minutes % 60))];
    seen.push(match calendar::hours(config, Some("now"), now) {
        Ok(Hours::Now { until: Some(until), .. }) => Seen::good(format!("open now, until {}", until.strftime("%H:%M"))),
        Ok(Hours::Now { next: Some((day, opens)), .. }) => {
            Seen::good(format!("closed now, opens {} at {}", day.date.strftime("%A, %B %-d"), opens.strftime("%H:%M")))
        }
        Ok(
            Hours::Now { until: None, next: None }
            | Hours::Week { .. }
            | Hours::Day(_)
            | Hours::Days(_)
            | Hours::Holidays(_),
        )
        | Err(_) => Seen::wrong(
            "closed now, and for the next two weeks",
            "see to [hours], and to [[holidays]] that close the clinic for so long",
        ),
    });
    seen
}

/// A clinic without a single holiday ahead has forgotten them; one that soon has none is told so and passes.
pub(super) fn holidays(config: &ClinicConfig, today: Date) -> Vec<Seen> {
    let last = today.saturating_add(YEAR.days());
    let mut coming: Vec<&Holiday> =
        config.holidays.iter().filter(|holiday| (today..=last).contains(&holiday.date)).collect();
    coming.sort_by_key(|holiday| holiday.date);
    let Some(next) = coming.first() else {
        let what = format!("no holiday from today to {last}");
        return vec![Seen::wrong(
            what,
            "write [[holidays]] for the next year: without them callers hear of usual hours",
        )];
    };
    let name = in_language(&next.name, Language::English);
    let mut seen = vec![Seen::good(format!("{} until {last}; the next is {name}, {}", coming.len(), next.date))];
    seen.extend(Ahead::of(config, today).warning().map(|warning| Seen::good(format!("WARNING: {warning}"))));
    seen
}
