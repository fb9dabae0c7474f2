//! A clinic's file as rows.

use sea_orm::sea_query::Value;

use crate::clinic::calendar::{WEEK, of_weekday};
use crate::clinic::{Clinic, ClinicConfig, Span, in_language};
use crate::language::Language;
use crate::store::insert::insertion;
use crate::store::schema::clinics::CLINICS;

/// Whether it is disabled is not the file's to say.
pub(super) fn upsert() -> String {
    let changed: Vec<String> =
        CLINICS.columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!("{} ON CONFLICT (clinic) DO UPDATE SET {}", insertion(CLINICS, 1), changed.join(", "))
}

pub(super) fn clinic(clinic: &Clinic, facts: &str, now_ms: i64) -> Vec<Value> {
    let config = &clinic.config;
    let officer = config.privacy_officer.as_ref();
    vec![
        config.id.clone().into(),
        config.name.clone().into(),
        config.timezone.clone().into(),
        config.address.province.clone().into(),
        config.phone.clone().into(),
        config.fax.clone().into(),
        config.transfer_to.clone().into(),
        officer.map(|officer| officer.name.clone()).into(),
        officer.and_then(|officer| officer.email.clone()).into(),
        officer.and_then(|officer| officer.phone.clone()).into(),
        facts.into(),
        clinic.text().into(),
        now_ms.into(),
    ]
}

/// A list that names something twice has it once.
fn once(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_unstable();
    rows.dedup();
    rows
}

pub(super) fn numbers(config: &ClinicConfig) -> Vec<Vec<Value>> {
    once(config.numbers.clone()).into_iter().map(|number| vec![config.id.clone().into(), number.into()]).collect()
}

pub(super) fn languages(config: &ClinicConfig) -> Vec<Vec<Value>> {
    let tags = config.languages.iter().map(|language| language.tag().to_owned()).collect();
    once(tags).into_iter().map(|tag| vec![config.id.clone().into(), tag.into()]).collect()
}

pub(super) fn hours(config: &ClinicConfig) -> Vec<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for weekday in WEEK {
        let mut spans = of_weekday(config, weekday).to_vec();
        spans.sort_by_key(|span| span.from);
        spans.dedup_by_key(|span| span.from);
        rows.extend(spans.iter().map(|span| {
            let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string().into();
            let day = i64::from(weekday.to_monday_one_offset());
            vec![config.id.clone().into(), day.into(), time(span.from), time(span.to)]
        }));
    }
    rows
}

pub(super) fn holidays(config: &ClinicConfig) -> Vec<Vec<Value>> {
    let mut holidays: Vec<_> = config.holidays.iter().collect();
    holidays.sort_by_key(|holiday| holiday.date);
    // The first of a date counts, as on the telephone.
    holidays.dedup_by_key(|holiday| holiday.date);
    let row = |holiday: &&crate::clinic::Holiday| {
        let spans: Vec<String> = holiday.hours.iter().map(|span: &Span| String::from(*span)).collect();
        let name = in_language(&holiday.name, Language::English).to_owned();
        vec![config.id.clone().into(), holiday.date.to_string().into(), name.into(), spans.join(" ").into()]
    };
    holidays.iter().map(row).collect()
}

pub(super) fn providers(config: &ClinicConfig) -> Vec<Vec<Value>> {
    let row = |(place, provider): (i64, &crate::clinic::Provider)| {
        let languages: Vec<&str> = provider.languages.iter().map(|language| language.tag()).collect();
        let (name, role) = (provider.name.clone().into(), provider.role.clone().into());
        vec![config.id.clone().into(), place.into(), name, role, languages.join(" ").into()]
    };
    (1..).zip(&config.providers).map(row).collect()
}
