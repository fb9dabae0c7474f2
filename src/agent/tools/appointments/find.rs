//! `find_earliest_appointment`: the first free times for a visit.
//!
//! Decides which days and providers are searched, and offers only what the book and the clinic's rules allow: never the past, never a
//! day beyond the horizon, never a time a model made up.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::super::dealings::{Meaning, Slot};
use super::super::provider_name::meant;
use super::super::weekday::{self, DayOfWeek};
use super::super::{Outcome, Session, ToolName, schema};
use super::{failed, local, written};
use crate::agent::llm::ToolSpec;
use crate::clinic::ClinicConfig;
use crate::clinic::spoken::appointment::{self, Remark, Told};
use crate::emr::{Emr, EmrConfig, EmrError, Place, Provider, VisitKind, slot};

/// Times offered at once: more cannot be kept in mind by ear.
const OFFERED: usize = 3;

/// Days of providers that an EMR is asked about at once: a clinic's server has few threads, and its staff use them too.
const AT_ONCE: usize = 6;

/// Days that are looked ahead to: most callers are offered one of the next few.
const DAYS_AT_ONCE: i64 = 5;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::tools) struct Find {
    visit_kind: VisitKind,
    /// name of a provider, if the caller wants one
    provider: Option<String>,
    /// as 2026-11-24; by default today
    from_date: Option<String>,
    /// the last day, as 2026-11-30
    to_date: Option<String>,
    /// only these days of the week; with a single date, the one that the caller said with it
    weekdays: Option<Vec<DayOfWeek>>,
    part_of_day: Option<PartOfDay>,
    /// not before, as 14:30
    time_after: Option<String>,
    /// not after, as 16:00
    time_before: Option<String>,
    /// slots that the caller did not want
    exclude: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PartOfDay {
    Morning,
    Afternoon,
    Evening,
}

pub(in crate::agent::tools) fn find_spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::FindEarliestAppointment.name(),
        description: "The next free times for a visit, at most three. Offer only these, in the words of `say`; pass the handle of the \
                      one the caller chose to create_appointment or update_appointment. Leave out what the caller did not ask for.",
        parameters: schema::of::<Find>(),
    }
}

/// What is asked, checked.
struct Wanted<'a> {
    kind: VisitKind,
    minutes: u16,
    providers: Vec<&'a Provider>,
    from: Date,
    to: Date,
    days: Option<Vec<DayOfWeek>>,
    after: Time,
    before: Time,
    /// Not to be offered again.
    not: Vec<(String, DateTime)>,
}

pub(in crate::agent::tools) async fn find(asked: Find, emr: &dyn Emr, session: &Session) -> Outcome {
    let Some(rules) = &session.clinic.config.emr else { return super::super::no_book() };
    let providers = match emr.providers().await {
        Ok(providers) => providers,
        Err(error) => return failed(&error, session),
    };
    let wanted = match checked(asked, rules, &providers, session) {
        Ok(wanted) => wanted,
        Err(outcome) => return outcome,
    };
    let slots = match search(&wanted, rules, emr, session).await {
        Ok(slots) => slots,
        Err(error) => return failed(&error, session),
    };
    if slots.is_empty() {
        return Outcome::told("no_availability", Remark::NoneFree.words(session.language));
    }
    let told: Vec<Told<'_>> = slots.iter().map(|s| Told { at: s.place.start, provider: &s.provider_name }).collect();
    let say = appointment::offer(&told, session.language);
    let handles: Vec<_> = slots
        .iter()
        .map(|s| {
            let content = format!("{}|{}|{}|{}", s.place.provider.0, s.place.start, s.place.end, s.kind.name());
            let handle = session.dealings.issue(&content, Meaning::Slot(s.clone()), session.now);
            json!({ "slot": handle, "start": written(s.place.start), "provider": s.provider_name })
        })
        .collect();
    Outcome::ok(json!({ "slots": handles, "say": say }))
}

fn checked<'a>(
    asked: Find,
    rules: &EmrConfig,
    providers: &'a [Provider],
    session: &'a Session,
) -> Result<Wanted<'a>, Outcome> {
    let Some(minutes) = rules.visits.get(&asked.visit_kind).copied() else {
        return Err(Outcome::refused(
            "not_bookable",
            "this clinic books no such visits by telephone; offer to pass the caller to a person",
        ));
    };
    let invalid = |what: &str| Outcome::refused("invalid", what);
    let date = |text: &str| text.trim().parse::<Date>().map_err(|_| invalid("write dates as 2026-11-24"));
    let time = |text: &str| {
        Time::strptime("%H:%M", text.trim()).map_err(|_| invalid("write times as 14:30, on the 24-hour clock"))
    };
    let today = local(session).date();
    let last = today.saturating_add(i64::from(rules.horizon_days).days());
    let from = asked.from_date.as_deref().map(date).transpose()?.unwrap_or(today);
    let to = asked.to_date.as_deref().map(date).transpose()?.unwrap_or(last);
    if from == to {
        weekday::check(from, asked.weekdays.as_deref().unwrap_or_default(), session)?;
    }
    if to < today || from > last || to < from {
        return Err(Outcome::refused(
            "out_of_range",
            format!("only days from {today} to {last} are booked; say so and ask for another day"),
        ));
    }
    let (mut after, mut before) = match asked.part_of_day {
        None => (Time::midnight(), Time::MAX),
        Some(PartOfDay::Morning) => (Time::midnight(), Time::constant(12, 0, 0, 0)),
        Some(PartOfDay::Afternoon) => (Time::constant(12, 0, 0, 0), Time::constant(17, 0, 0, 0)),
        Some(PartOfDay::Evening) => (Time::constant(17, 0, 0, 0), Time::MAX),
    };
    if let Some(text) = &asked.time_after {
        after = after.max(time(text)?);
    }
    if let Some(text) = &asked.time_before {
        before = before.min(time(text)?);
    }
    let not = asked.exclude.unwrap_or_default();
    let not = not.iter().filter_map(|handle| session.dealings.slot(handle, session.now));
    Ok(Wanted {
        kind: asked.visit_kind,
        minutes,
        providers: named(asked.provider.as_deref(), providers, &session.clinic.config)?,
        from: from.max(today),
        to: to.min(last),
        days: asked.weekdays.filter(|days| !days.is_empty()),
        after,
        before,
        not: not.map(|s| (s.place.provider.0, s.place.start)).collect(),
    })
}

/// The providers of that name, or all of them.
fn named<'a>(
    name: Option<&str>,
    providers: &'a [Provider],
    clinic: &'a ClinicConfig,
) -> Result<Vec<&'a Provider>, Outcome> {
    let Some(name) = name else { return Ok(providers.iter().collect()) };
    let also = |provider: &'a Provider| clinic.provider(&provider.name).map(|known| known.also.as_slice());
    let names = |provider: &'a Provider| {
        let also = also(provider).unwrap_or_default();
        std::iter::once(&provider.name).chain(also).map(String::as_str).collect()
    };
    let found = meant(name, providers, names);
    if found.is_empty() {
        let names: Vec<&str> = providers.iter().map(|p| p.name.as_str()).collect();
        let what = format!("no provider of that name is booked; those who are: {}", names.join(", "));
        let mut refused = Outcome::refused("unknown_provider", what);
        refused.result["providers"] = names.into();
        return Err(refused);
    }
    Ok(found)
}

/// The earliest times, each once, whoever has them.
async fn search(
    wanted: &Wanted<'_>,
    rules: &EmrConfig,
    emr: &dyn Emr,
    session: &Session,
) -> Result<Vec<Slot>, EmrError> {
    let mut found: Vec<Slot> = Vec::new();
    let mut day = wanted.from;
    while day <= wanted.to && found.len() < OFFERED {
        let days: Vec<Date> = (0..DAYS_AT_ONCE)
            .map(|ahead| day.saturating_add(ahead.days()))
            .filter(|day| *day <= wanted.to)
            .filter(|day| wanted.days.as_ref().is_none_or(|days| days.contains(&DayOfWeek::of(day.weekday()))))
            .collect();
        let each = |day: &Date| {
            let day = *day;
            wanted.providers.iter().map(move |provider| free_of(provider, day, wanted, rules, emr, session))
        };
        let asked: Vec<_> = days.iter().flat_map(each).collect();
        // An EMR across a network answers several while it would answer one; what is found soon enough spares the rest.
        let mut answers = stream::iter(asked).buffered(AT_ONCE);
        for _ in &days {
            let mut free = Vec::new();
            for _ in &wanted.providers {
                free.extend(answers.try_next().await?.unwrap_or_default());
            }
            free.retain(|(start, provider)| {
                (wanted.after..=wanted.before).contains(&start.time())
                    && !wanted.not.iter().any(|(id, at)| *id == provider.id.0 && at == start)
            });
            free.sort_by_key(|(start, _)| *start);
            free.dedup_by_key(|(start, _)| *start);
            found.extend(free.into_iter().take(OFFERED - found.len()).map(|(start, provider)| Slot {
                place: Place { provider: provider.id.clone(), start, end: slot::end_of(start, wanted.minutes) },
                kind: wanted.kind,
                provider_name: provider.name.clone(),
            }));
            if found.len() >= OFFERED {
                break;
            }
        }
        day = day.saturating_add(DAYS_AT_ONCE.days());
    }
    Ok(found)
}

/// The times of one provider's day at which the visit fits.
async fn free_of<'a>(
    provider: &'a Provider,
    day: Date,
    wanted: &Wanted<'_>,
    rules: &EmrConfig,
    emr: &dyn Emr,
    session: &Session,
) -> Result<Vec<(DateTime, &'a Provider)>, EmrError> {
    let now = local(session);
    let Some(schedule) = emr.day_schedule(&provider.id, day).await? else { return Ok(Vec::new()) };
    let wish = slot::Wish { minutes: wanted.minutes, earliest: now, zone: &session.clinic.zone };
    let allows = |code, at| rules.allows(code, wanted.kind, at, now);
    // Where nothing could be free, nobody need ask what is.
    if slot::free(&schedule, &[], &wish, allows).is_empty() {
        return Ok(Vec::new());
    }
    let busy = emr.appointments_for_provider(&provider.id, day).await?;
    Ok(slot::free(&schedule, &busy, &wish, allows).into_iter().map(|start| (start, provider)).collect())
}
