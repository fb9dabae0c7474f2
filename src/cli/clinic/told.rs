//! Clinics and their gates in words, tables and JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::cli::table::aligned;
use crate::clinic::calendar::{WEEK, of_weekday};
use crate::clinic::holidays::Ahead;
use crate::clinic::{Clinic, Span};
use crate::clock;
use crate::language::Language;
use crate::onboarding::{Finding, Outcome, Seen};
use crate::store::clinics::{Known, Put, State};

pub(super) const fn word(put: Put) -> &'static str {
    match put {
        Put::Added => "added",
        Put::Changed => "changed",
        Put::Same => "same",
    }
}

pub(super) const fn put(put: Put) -> &'static str {
    match put {
        Put::Added => "is in the store now",
        Put::Changed => "has this file in the store now",
        Put::Same => "has this very file in the store already",
    }
}

/// What holds now, and what to do next.
pub(super) fn next(id: &str, state: State) -> String {
    match state {
        State::Waiting => format!("{id} takes no calls until it has passed its gates: `attendant clinic check {id}`"),
        State::Active => format!("{id} takes calls"),
        State::Disabled => {
            format!(
                "{id} is disabled, its calls are passed on to its own line: `attendant clinic enable {id}` undoes that"
            )
        }
    }
}

/// The end of a look at all gates.
pub(super) fn verdict(id: &str, state: State, failed: usize) -> String {
    let gates = match failed {
        0 => "all gates passed".to_owned(),
        1 => "1 gate failed".to_owned(),
        many => format!("{many} gates failed"),
    };
    match (state, failed) {
        (State::Waiting, _) => {
            format!("{gates}: {id} takes no calls; mend that, import its file if it was changed, and check again")
        }
        (State::Active, 0) => format!("{gates}: {id} takes calls"),
        (State::Active, _) => format!(
            "{gates}: {id} goes on taking calls, since this file has passed before; `attendant clinic disable {id}` passes them on"
        ),
        (State::Disabled, _) => format!("{gates}; {}", next(id, state)),
    }
}

pub(super) fn row(known: &Known) -> Value {
    json!({
        "clinic": known.id,
        "name": known.name,
        "state": known.state,
        "numbers": known.numbers,
        "languages": known.languages,
        "facts": known.facts,
        "changed": stamp(known.changed_ms),
        "passed": known.passed_ms.map(stamp),
        "disabled": known.disabled.as_ref().map(|(at_ms, by)| json!({ "at": stamp(*at_ms), "by": by })),
    })
}

pub(super) fn gates(findings: &[Finding]) -> Value {
    let gate = |finding: &Finding| {
        json!({
            "gate": finding.gate,
            "outcome": finding.outcome(),
            "at": clock::stamp_of(finding.at),
            "evidence": finding.evidence,
        })
    };
    findings.iter().map(gate).collect()
}

pub(super) fn list(all: &[Known]) -> String {
    let row = |known: &Known| {
        [
            known.id.clone(),
            known.state.name().to_owned(),
            known.numbers.join(" "),
            tags(&known.languages, " "),
            minute(known.changed_ms),
            known.name.clone(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    aligned(["CLINIC", "STATE", "NUMBERS", "LANGUAGES", "FILE SINCE (UTC)", "NAME"], &rows)
}

/// Clinics of the store that are not among those of this configuration, and what that means for what is kept of their calls.
pub(super) fn left_out(all: &[&str], configured: &[String]) -> Option<String> {
    let ids: Vec<&str> = all.iter().copied().filter(|id| !configured.iter().any(|own| own == id)).collect();
    (!ids.is_empty()).then(|| {
        format!(
            "in no file of this configuration: {}; unless another server has them, what is kept of their calls is purged by nobody: put each file back until it is past its time, after `attendant clinic disable ID`, and it takes no calls meanwhile",
            ids.join(", ")
        )
    })
}

/// A gate's evidence below each other, with the mend of what is wrong.
pub(super) fn table(findings: &[Finding]) -> String {
    let mut rows = Vec::new();
    for finding in findings {
        let outcome = match finding.outcome() {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotNeeded => "not needed",
        };
        let at = minute(finding.at.as_millisecond());
        let mut first = [finding.gate.name().to_owned(), outcome.to_owned(), at];
        for seen in &finding.evidence {
            let (what, mend) = match seen {
                Seen::Good { what } => (what.clone(), None),
                Seen::NotNeeded { why } => (why.clone(), None),
                Seen::Wrong { what, mend } => (format!("WRONG: {what}"), Some(format!("  mend: {mend}"))),
            };
            for text in [Some(what), mend].into_iter().flatten() {
                let [gate, outcome, at] = std::mem::take(&mut first);
                rows.push([gate, outcome, at, text]);
            }
        }
    }
    aligned(["GATE", "RESULT", "SEEN (UTC)", "EVIDENCE"], &rows)
}

/// What the store knows of a clinic, a line each.
pub(super) fn clinic(known: &Known, clinic: &Clinic, today: Date) -> String {
    let config = &clinic.config;
    let or_nobody = |text: Option<String>| text.unwrap_or_else(|| "nobody".to_owned());
    let officer = config.privacy_officer.as_ref().map(|officer| {
        let all = [Some(&officer.name), officer.email.as_ref(), officer.phone.as_ref()];
        all.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    });
    let spans = |spans: &[Span]| spans.iter().map(|span| String::from(*span)).collect::<Vec<_>>().join(" ");
    let hours = WEEK.map(|day| (day, of_weekday(config, day)));
    let hours = hours.iter().filter(|(_, open)| !open.is_empty());
    let hours: Vec<String> = hours.map(|(day, open)| format!("{day:?} {}", spans(open))).collect();
    let providers: Vec<String> = (config.providers.iter())
        .map(|provider| format!("{} ({}; {})", provider.name, provider.role, tags(&provider.languages, ", ")))
        .collect();
    let passed = known.passed_ms.map_or_else(|| "not passed yet".to_owned(), |at| format!("passed {}", minute(at)));
    let disabled = known.disabled.as_ref().map(|(at, by)| format!(", by {by} at {}", minute(*at))).unwrap_or_default();
    let rows = [
        ("name", known.name.clone()),
        ("state", format!("{}{disabled}", known.state.name())),
        ("file", format!("{}, since {}, {passed} (UTC)", &known.facts[..12], minute(known.changed_ms))),
        ("numbers", config.numbers.join(", ")),
        ("passed on to", or_nobody(config.transfer_to.clone())),
        ("privacy officer", or_nobody(officer)),
        ("languages", tags(&config.languages, ", ")),
        ("hours", hours.join(", ")),
        ("holidays", Ahead::of(config, today).told()),
        ("providers", or_nobody(Some(providers.join(", ")).filter(|all| !all.is_empty()))),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(key, value)| [key.to_owned(), value]).collect();
    aligned(["clinic", known.id.as_str()], &rows)
}

fn tags(languages: &[Language], between: &str) -> String {
    languages.iter().map(|language| language.tag()).collect::<Vec<_>>().join(between)
}

fn stamp(at_ms: i64) -> String {
    clock::stamp_of(Timestamp::from_millisecond(at_ms).unwrap_or_default())
}

/// To the minute, UTC.
fn minute(at_ms: i64) -> String {
    stamp(at_ms).get(..16).unwrap_or_default().replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::Gate;

    #[test]
    fn a_clinic_of_no_file_is_told_with_what_keeps_its_calls_from_being_purged() {
        let all = ["harbour-street", "pine-street"];
        let ours = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(left_out(&all, &ours(&["pine-street", "harbour-street", "new-street"])), None);
        let told = left_out(&all, &ours(&["harbour-street"])).unwrap();
        assert!(told.starts_with("in no file of this configuration: pine-street;"), "{told}");
    }

    #[test]
    fn a_table_of_gates_says_what_was_seen_and_what_to_mend() {
        let at = "2026-11-21T21:04:05Z".parse().unwrap();
        let finding = |gate, evidence: &[Seen]| Finding { gate, at, evidence: evidence.to_vec() };
        let findings = [
            finding(Gate::Numbers, &[Seen::good("+16045550100"), Seen::good("compared with 2 other clinics")]),
            finding(Gate::PrivacyOfficer, &[Seen::wrong("nobody is named", "write [privacy_officer]")]),
            finding(Gate::Notice, &[Seen::not_needed("no call is recorded")]),
        ];
        insta::assert_snapshot!(format!("{}\n{}", table(&findings), verdict("harbour-street", State::Waiting, 1)));
    }
}
