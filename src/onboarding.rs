//! What must be right with a clinic before it takes calls: its gates, each looked at for real, with what was seen and how to mend it.
//!
//! Decides whether a clinic has passed, never what is done about it: that is [`crate::server`]'s. No gate is passed unless it was looked at; what does not
//! concern a clinic says why. Nothing here writes to an EMR, and nothing that is looked at or said is about a patient. Hosted providers charge for
//! the few words of a look at a language.

mod afterwards;
mod book;
mod facts;
mod language;
mod reach;
mod safety;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::graph::Graph;
use crate::clinic::Clinic;
use crate::config::Config;
use crate::server::Speech;
use crate::store::Store;

/// One thing that must be right, in the order in which they are looked at and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    Facts,
    Hours,
    Holidays,
    Numbers,
    Transfer,
    Languages,
    Notice,
    Emr,
    Providers,
    Visits,
    Messages,
    Retention,
    PrivacyOfficer,
    Residency,
    Secrets,
}

impl Gate {
    pub const ALL: [Self; 15] = [
        Self::Facts,
        Self::Hours,
        Self::Holidays,
        Self::Numbers,
        Self::Transfer,
        Self::Languages,
        Self::Notice,
        Self::Emr,
        Self::Providers,
        Self::Visits,
        Self::Messages,
        Self::Retention,
        Self::PrivacyOfficer,
        Self::Residency,
        Self::Secrets,
    ];

    /// As in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Hours => "hours",
            Self::Holidays => "holidays",
            Self::Numbers => "numbers",
            Self::Transfer => "transfer",
            Self::Languages => "languages",
            Self::Notice => "notice",
            Self::Emr => "emr",
            Self::Providers => "providers",
            Self::Visits => "visits",
            Self::Messages => "messages",
            Self::Retention => "retention",
            Self::PrivacyOfficer => "privacy_officer",
            Self::Residency => "residency",
            Self::Secrets => "secrets",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    Good {
        what: String,
    },
    Wrong {
        what: String,
        /// What to do about it.
        mend: String,
    },
    /// It does not concern this clinic.
    NotNeeded {
        why: String,
    },
}

impl Seen {
    pub fn good(what: impl Into<String>) -> Self {
        Self::Good { what: what.into() }
    }

    pub fn wrong(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Wrong { what: what.into(), mend: mend.into() }
    }

    pub fn not_needed(why: impl Into<String>) -> Self {
        Self::NotNeeded { why: why.into() }
    }
}

/// What came of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    NotNeeded,
}

/// A gate that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub gate: Gate,
    pub at: Timestamp,
    pub evidence: Vec<Seen>,
}

impl Finding {
    /// Nothing seen is not passed.
    pub fn outcome(&self) -> Outcome {
        let any = |wanted: fn(&Seen) -> bool| self.evidence.iter().any(wanted);
        if any(|seen| matches!(seen, Seen::Wrong { .. })) {
            Outcome::Failed
        } else if any(|seen| matches!(seen, Seen::Good { .. })) {
            Outcome::Passed
        } else if any(|seen| matches!(seen, Seen::NotNeeded { .. })) {
            Outcome::NotNeeded
        } else {
            Outcome::Failed
        }
    }
}

/// Whether these are all gates, and none of them failed.
pub fn have_passed(findings: &[Finding]) -> bool {
    let looked_at = |gate| findings.iter().any(|finding| finding.gate == gate);
    Gate::ALL.into_iter().all(looked_at) && findings.iter().all(|finding| finding.outcome() != Outcome::Failed)
}

/// What is looked at.
#[derive(Debug)]
pub struct About<'a> {
    pub clinic: &'a Clinic,
    pub config: &'a Config,
    pub graph: &'a Graph,
    /// `None`: calls are served by scripted providers.
    pub speech: Option<&'a Speech>,
    /// Where other clinics are known; `None`: records stay files.
    pub store: Option<&'a Store>,
}

/// Looks at these gates, one after the other. Takes seconds: it speaks and listens in each of the clinic's languages, and asks its EMR.
pub async fn look(about: &About<'_>, gates: &[Gate], now: impl Fn() -> Timestamp) -> Vec<Finding> {
    let mut findings = Vec::with_capacity(gates.len());
    for gate in gates {
        let local = about.clinic.local(now()).datetime();
        let evidence = match gate {
            Gate::Facts => facts::facts(about.clinic, local),
            Gate::Hours => facts::hours(&about.clinic.config, local),
            Gate::Holidays => facts::holidays(&about.clinic.config, local.date()),
            Gate::Numbers => reach::numbers(&about.clinic.config, about.store).await,
            Gate::Transfer => reach::transfer(about),
            Gate::Languages => language::languages(about).await,
            Gate::Notice => language::notice(about),
            Gate::Emr => book::emr(about, local).await,
            Gate::Providers => book::providers(about).await,
            Gate::Visits => book::visits(&about.clinic.config),
            Gate::Messages => afterwards::messages(about),
            Gate::Retention => afterwards::retention(about),
            Gate::PrivacyOfficer => safety::privacy_officer(&about.clinic.config),
            Gate::Residency => safety::residency(about),
            Gate::Secrets => safety::secrets(about).await,
        };
        findings.push(Finding { gate: *gate, at: now(), evidence });
    }
    findings
}

#[cfg(test)]
mod tests;
