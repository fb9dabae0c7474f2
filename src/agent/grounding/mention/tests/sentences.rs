//! What the server itself says of an appointment is read back as that appointment, and its fixed phrases claim nothing.

use jiff::ToSpan;
use jiff::civil::{DateTime, Time, date};

use super::*;
use crate::clinic::operator::Operator;
use crate::clinic::spoken::appointment::{self, Remark, Told};
use crate::clinic::spoken::intake::{self, Wait};
use crate::clinic::spoken::refusal;

/// Whether a mention can be of that moment.
fn fits(mention: &Mention, at: DateTime) -> bool {
    let (day, time) = (at.date(), at.time());
    match mention {
        Mention::Time { hour, minute, half } => {
            let said = i8::try_from(*hour).unwrap();
            let fits = match half {
                Half::Said => said == time.hour(),
                Half::Unsaid => said % 12 == time.hour() % 12,
            };
            fits && i8::try_from(*minute).unwrap() == time.minute()
        }
        Mention::Date { year, month, day: of_month } => {
            year.is_none_or(|year| year == day.year())
                && month.is_some_and(|month| i8::try_from(month).unwrap() == day.month())
                && i8::try_from(*of_month).unwrap() == day.day()
        }
        Mention::Weekday(weekday) => *weekday == day.weekday(),
        Mention::FromToday(_) | Mention::Done(_) => false,
    }
}

/// The sentence speaks of `times` moments, all this one, and has done `deed`.
fn holds(text: &str, language: Language, at: DateTime, times: usize, deed: Option<Deed>) {
    let found: Vec<_> = mentions(text, language).into_iter().map(|(mention, _)| mention).collect();
    let (done, told): (Vec<_>, Vec<_>) = found.into_iter().partition(|mention| matches!(mention, Mention::Done(_)));
    let wanted: Vec<_> = deed.into_iter().map(Mention::Done).collect();
    assert_eq!(done, wanted, "{text}");
    assert!(told.iter().all(|mention| fits(mention, at)), "{text}: {told:?}");
    let of = |is: fn(&Mention) -> bool| told.iter().filter(|mention| is(mention)).count();
    let (dates, days) = (of(|m| matches!(m, Mention::Date { .. })), of(|m| matches!(m, Mention::Weekday(_))));
    let clocks = of(|m| matches!(m, Mention::Time { .. }));
    assert_eq!((dates, days, clocks), (times, times, times), "{text}: {told:?}");
}

fn every_sentence(at: DateTime, language: Language) {
    let told = Told { at, provider: "Dr. Wei Chen" };
    let nobody = Told { at, provider: "" };
    for (text, times, deed) in [
        (appointment::moment(at, language), 1, None),
        (appointment::offer(&[told, told, nobody], language), 3, None),
        (appointment::standing(&[told, told], language), 2, None),
        (appointment::ask_to_book(told, Some(at), language), 2, None),
        (appointment::booked(told, language), 1, Some(Deed::Booked)),
        (appointment::booked(nobody, language), 1, Some(Deed::Booked)),
        (appointment::ask_to_move(at, told, language), 2, None),
        (appointment::moved(told, language), 1, Some(Deed::Moved)),
        (appointment::ask_to_cancel(told, language), 1, None),
        (appointment::cancelled(at, language), 1, Some(Deed::Cancelled)),
    ] {
        holds(&text, language, at, times, deed);
    }
}

#[test]
fn every_day_of_three_years_is_read_as_it_was_said() {
    let mut day = date(2026, 1, 1);
    for n in 0..3 * 365_i64 {
        // 37 and 96 have no common divisor: every quarter of an hour has its turn.
        let at = day.to_datetime(Time::midnight()).saturating_add(((n * 37) % 96 * 15).minutes());
        for language in Language::ALL {
            let told = Told { at, provider: "Dr. Wei Chen" };
            holds(&appointment::booked(told, language), language, at, 1, Some(Deed::Booked));
        }
        day = day.tomorrow().unwrap();
    }
}

#[test]
fn every_sentence_of_an_appointment_is_read_as_it_was_said() {
    for n in 0..96_i64 {
        let day = date(2026, 1, 1).saturating_add((n * 11).days());
        let at = day.to_datetime(Time::midnight()).saturating_add((n * 15).minutes());
        for language in Language::ALL {
            every_sentence(at, language);
        }
    }
}

#[test]
fn days_without_a_time_are_read_as_they_were_said() {
    for n in 0..366_i64 {
        let day = date(2028, 1, 1).saturating_add(n.days());
        let at = day.to_datetime(Time::midnight());
        for language in Language::ALL {
            let told =
                |text: &str| mentions(text, language).into_iter().map(|(mention, _)| mention).collect::<Vec<_>>();
            let none = appointment::none_on(day, language);
            assert!(
                told(&none).len() == 2 && told(&none).iter().all(|mention| fits(mention, at)),
                "{none}: {:?}",
                told(&none)
            );
            let born = appointment::birth_date(day, language);
            assert!(told(&born).len() == 1 && fits(&told(&born)[0], at), "{born}: {:?}", told(&born));
            let other = day.weekday().next();
            let mixed = appointment::other_weekday(day, other, language);
            let found = told(&mixed);
            let is_known = |mention: &Mention| fits(mention, at) || *mention == Mention::Weekday(other);
            assert!(found.len() == 3 && found.iter().all(is_known), "{mixed}: {found:?}");
        }
    }
}

fn claims(text: &str, language: Language) -> Vec<Mention> {
    let all = mentions(text, language).into_iter().map(|(mention, _)| mention);
    all.filter(|mention| matches!(mention, Mention::Done(_))).collect()
}

#[test]
fn what_was_passed_on_is_claimed_and_no_other_sentence_of_the_server_is() {
    let born = date(1984, 3, 9);
    for language in Language::ALL {
        assert_eq!(claims(intake::passed_on(language), language), [Mention::Done(Deed::MessageLeft)], "{language}");
        let remarks = [
            Remark::NoneFree,
            Remark::Taken,
            Remark::Changed,
            Remark::Unavailable(Operator::There),
            Remark::Unavailable(Operator::Away),
            Remark::Unknown,
            Remark::WhoIsCalling,
            Remark::Found,
            Remark::NeedFactor,
            Remark::NoMatch,
            Remark::TooManyFailures,
        ];
        let mut said: Vec<String> = remarks.iter().map(|remark| remark.words(language).to_owned()).collect();
        said.extend(
            [refusal::closed(language), intake::card_wrong(language), intake::card_of_another(language)]
                .map(str::to_owned),
        );
        said.extend([1, 2, 12, 24, 48].map(|hours| appointment::late_change(hours, language)));
        for text in &said {
            assert_eq!(mentions(text, language), [], "{text}");
        }
        let asked = [
            intake::ask_to_register("Jane Roe", born, "6045550123", language),
            intake::ask_to_wait(Wait::NewPatient, "Jane Roe", "6045550123", language),
            intake::ask_to_wait(Wait::EarlierSlot, "Jane Roe", "6045550123", language),
            appointment::standing(&[], language),
        ];
        for text in asked {
            assert_eq!(claims(&text, language), [], "{text}");
        }
    }
}

/// Every text in a file of phrases or of an agent.
fn texts(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => found.push(text.clone()),
        toml::Value::Array(all) => all.iter().for_each(|value| texts(value, found)),
        toml::Value::Table(all) => all.values().for_each(|value| texts(value, found)),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {}
    }
}

#[test]
fn fixed_phrases_claim_nothing_and_name_no_time() {
    for (language, files) in [
        (
            Language::English,
            [
                include_str!("../../../../../agents/en-CA/phrases.toml"),
                include_str!("../../../../../agents/en-CA/reception.toml"),
            ],
        ),
        (
            Language::French,
            [
                include_str!("../../../../../agents/fr-CA/phrases.toml"),
                include_str!("../../../../../agents/fr-CA/reception.toml"),
            ],
        ),
        (
            Language::Mandarin,
            [
                include_str!("../../../../../agents/zh-CN/phrases.toml"),
                include_str!("../../../../../agents/zh-CN/reception.toml"),
            ],
        ),
        (
            Language::Cantonese,
            [
                include_str!("../../../../../agents/zh-HK/phrases.toml"),
                include_str!("../../../../../agents/zh-HK/reception.toml"),
            ],
        ),
        (
            Language::Punjabi,
            [
                include_str!("../../../../../agents/pa-IN/phrases.toml"),
                include_str!("../../../../../agents/pa-IN/reception.toml"),
            ],
        ),
    ] {
        let mut all = Vec::new();
        for file in files {
            texts(&toml::Value::Table(file.parse().unwrap()), &mut all);
        }
        assert!(all.len() > 100, "{language}");
        for text in all {
            assert_eq!(mentions(&text, language), [], "{text}");
        }
    }
}
