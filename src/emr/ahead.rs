//! One slot of each provider within the days ahead, for the staff to compare with what they see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::DateTime;

use super::{DaySchedule, Emr, Finding, ProviderRef};

/// Days of templates that are looked at.
const DAYS: i64 = 7;

/// What is asked stays warm for the first calls. `codes`: those that have a meaning. `none`: what it means that somebody has no slot that may be
/// booked.
pub(super) async fn days_ahead(
    emr: &dyn Emr,
    providers: &BTreeMap<ProviderRef, String>,
    codes: &BTreeSet<char>,
    now: DateTime,
    none: fn(&str) -> Finding,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (provider, name) in providers {
        let mut first = None;
        for ahead in 0..DAYS {
            match emr.day_schedule(provider, now.date().saturating_add(ahead.days())).await {
                Ok(schedule) => first = first.or_else(|| first_slot(schedule.as_ref(), codes, now)),
                Err(error) => {
                    let what = format!("the schedule of {name} cannot be read: {error}");
                    findings.push(Finding::bad(what, "see to the server and to the account's role"));
                    break;
                }
            }
        }
        findings.push(match first {
            Some((at, code)) => Finding::good(format!(
                "{name}: the first slot that callers may book is {} with code {code}; have the staff confirm it",
                at.strftime("%A, %B %-d at %H:%M")
            )),
            None => none(name),
        });
    }
    findings
}

/// Of an EMR that tells slots whoever is booked in them.
pub(super) fn none_coded(name: &str) -> Finding {
    Finding::bad(
        format!("{name}: no slot within {DAYS} days has a code that callers may book"),
        "write the codes of that provider's slots into [emr.codes]",
    )
}

/// Of an EMR that tells what is free alone: who is booked up is not to keep a clinic from taking calls.
pub(super) fn none_proposed(name: &str) -> Finding {
    Finding::good(format!(
        "{name}: nothing that callers may book is free within {DAYS} days; have the staff confirm that it is booked up, and not that \
         [emr.fhir.slots] lacks the types that are proposed"
    ))
}

fn first_slot(schedule: Option<&DaySchedule>, codes: &BTreeSet<char>, now: DateTime) -> Option<(DateTime, char)> {
    let slots = &schedule.filter(|day| !day.holiday)?.slots;
    slots.iter().find(|slot| slot.start > now && codes.contains(&slot.code)).map(|slot| (slot.start, slot.code))
}
