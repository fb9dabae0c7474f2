//! The sample clinic, made from `sample.toml` and the day that the simulator believes it is.
//!
//! Every year's fixed holidays are flagged, and one weekday two weeks ahead, so that a flag is always within reach.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday, date};
use serde::Deserialize;

use super::accounts::Account;
use super::rest::grants::Client;
use super::store::{Appointment, AppointmentType, Patient, Provider, Store, TemplateCode, Texts};

const SAMPLE: &str = include_str!("sample.toml");

/// Days before and after today that providers have templates for.
const PAST_DAYS: i64 = 21;
const FUTURE_DAYS: i64 = 120;

/// Of every year: New Year's Day, Canada Day, Remembrance Day, Christmas, Boxing Day.
const HOLIDAYS: [(i8, i8); 5] = [(1, 1), (7, 1), (11, 11), (12, 25), (12, 26)];

/// Days from today to the first that may be the flagged weekday.
const FLAGGED_AFTER: i64 = 14;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    accounts: Vec<Account>,
    rest_client: Client,
    providers: Vec<Provider>,
    codes: Vec<TemplateCode>,
    types: Vec<AppointmentType>,
    templates: Vec<Template>,
    weeks: BTreeMap<String, BTreeMap<String, String>>,
    patients: Vec<SamplePatient>,
    appointments: Vec<SampleAppointment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    owner: String,
    name: String,
    slot_minutes: usize,
    /// `09:00-12:00 1`
    spans: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplePatient {
    number: i64,
    born: Date,
    texts: Texts,
    cell: Option<String>,
    head_record: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleAppointment {
    provider: String,
    working_day: i64,
    time: Time,
    minutes: i64,
    patient: i64,
    by: By,
    texts: Texts,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Desk,
    Interface,
}

/// `now`: by the server's clock; `today`: the clinic's day.
pub(super) fn clinic(today: Date, now: DateTime) -> (Store, Vec<Account>, Client) {
    let sample: Sample = toml::from_str(SAMPLE).expect("the built-in sample is well-formed");
    let mut store = Store {
        providers: sample.providers,
        codes: sample.codes,
        types: sample.types,
        holidays: holidays(today),
        ..Store::default()
    };
    for template in sample.templates {
        let timecode = template.timecode();
        store.templates.insert((template.owner, template.name), timecode);
    }
    for (provider, week) in sample.weeks {
        for day in (-PAST_DAYS..=FUTURE_DAYS).map(|days| today.saturating_add(days.days())) {
            if let Some(name) = week.get(weekday(day)) {
                store.dates.insert((provider.clone(), day), name.clone());
            }
        }
    }
    for patient in sample.patients {
        store.patients.insert(patient.number, patient.into_row(now));
    }
    for (id, wanted) in (1..).zip(sample.appointments) {
        let day = working_day(&store, &wanted.provider, today, wanted.working_day);
        store.appointments.insert(id, wanted.into_row(id, day, now));
    }
    (store, sample.accounts, sample.rest_client)
}

fn holidays(today: Date) -> std::collections::BTreeSet<Date> {
    let years = (today.year() - 1)..=(today.year() + 1);
    let fixed = years.flat_map(|year| HOLIDAYS.map(|(month, day)| date(year, month, day)));
    let from = today.saturating_add(FLAGGED_AFTER.days());
    let is_weekday = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let flagged = from.series(1.day()).find(is_weekday);
    fixed.chain(flagged).collect()
}

/// The provider's n-th day with a template and without a flag, from tomorrow on or from yesterday back.
fn working_day(store: &Store, provider: &str, today: Date, n: i64) -> Date {
    let works = |day: &Date| store.dates.contains_key(&(provider.to_owned(), *day)) && !store.holidays.contains(day);
    let days = (1..=FUTURE_DAYS).map(|days| today.saturating_add((days * n.signum()).days()));
    let nth = usize::try_from(n.abs() - 1).expect("working days are counted from 1");
    days.filter(works).nth(nth).expect("every provider of the sample works each week")
}

const fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

fn weekday(day: Date) -> &'static str {
    weekday_name(day.weekday())
}

impl Template {
    /// One sign a slot, from midnight to midnight.
    fn timecode(&self) -> String {
        let mut signs = vec!['_'; 24 * 60 / self.slot_minutes];
        for span in &self.spans {
            let (hours, code) = span.split_once(' ').expect("a span names hours and a code");
            let (from, to) = hours.split_once('-').expect("hours are from-to");
            let slot = |time: &str| {
                let time: Time = time.parse().expect("hours are times");
                let minute = usize::from(time.hour().unsigned_abs()) * 60 + usize::from(time.minute().unsigned_abs());
                minute / self.slot_minutes
            };
            let code = code.chars().next().expect("a code is one sign");
            signs[slot(from)..slot(to)].fill(code);
        }
        signs.into_iter().collect()
    }
}

impl SamplePatient {
    fn into_row(mut self, now: DateTime) -> Patient {
        for (name, usual) in [("patientStatus", "AC"), ("officialLanguage", "English"), ("rosterStatus", "")] {
            self.texts.entry(name.to_owned()).or_insert_with(|| usual.to_owned());
        }
        Patient {
            number: self.number,
            born: self.born,
            texts: self.texts,
            cell: self.cell,
            head_record: self.head_record,
            joined: date(2019, 4, 1),
            updated: now.saturating_sub(90.days()),
            updated_by: "106".to_owned(),
        }
    }
}

impl SampleAppointment {
    fn into_row(self, id: u32, day: Date, now: DateTime) -> Appointment {
        let start = day.to_datetime(self.time);
        let shortened = match self.by {
            By::Desk => SignedDuration::from_mins(1),
            By::Interface => SignedDuration::from_secs(1),
        };
        let end = start.saturating_add(SignedDuration::from_mins(self.minutes)).saturating_sub(shortened);
        let (creator, updated_by) = match self.by {
            By::Desk => ("frontdesk", "106"),
            By::Interface => ("booking-only", "901"),
        };
        Appointment {
            id,
            provider: Some(self.provider),
            day,
            start: start.time(),
            end: end.time(),
            patient: self.patient,
            program: 0,
            texts: self.texts,
            creator: Some(creator.to_owned()),
            created: now.saturating_sub(7.days()),
            updated: now.saturating_sub(7.days()),
            updated_by: Some(updated_by.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever day it is started on.
    fn any_day() -> impl Iterator<Item = Date> {
        date(2026, 11, 1).series(1.day()).take(400)
    }

    #[test]
    fn the_sample_books_nobody_twice_whenever_it_begins() {
        for today in any_day() {
            let (store, ..) = clinic(today, today.at(8, 0, 0, 0));
            assert_eq!(store.overlaps(), [], "{today}");
        }
    }

    #[test]
    fn a_flagged_day_with_slots_is_within_reach() {
        for today in any_day() {
            let (store, ..) = clinic(today, today.at(8, 0, 0, 0));
            let flagged = store.dates.keys().filter(|(_, day)| *day > today && store.holidays.contains(day));
            let with_slots = flagged.filter_map(|(provider, day)| store.day_schedule(provider, *day));
            assert!(with_slots.filter(|day| day.holiday && day.slots.is_some()).count() > 0, "{today}");
        }
    }

    #[test]
    fn slots_begin_where_the_template_says() {
        let today = date(2026, 11, 22);
        let (store, ..) = clinic(today, today.at(8, 0, 0, 0));
        let monday = store.day_schedule("101", date(2026, 11, 23)).unwrap().slots.unwrap();
        assert_eq!(
            (monday.minutes, monday.filled.first(), monday.filled.last()),
            (15, Some(&(540, '1')), Some(&(990, 's')))
        );
        let ten = store.day_schedule("104", date(2026, 11, 23)).unwrap().slots.unwrap();
        assert_eq!((ten.minutes, ten.filled.first()), (10, Some(&(510, 's'))));
        assert_eq!(store.day_schedule("101", date(2026, 11, 25)), None);
        assert_eq!(store.day_schedule("106", date(2026, 11, 23)).unwrap().slots, None);
    }
}
