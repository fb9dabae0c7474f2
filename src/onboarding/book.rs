//! The clinic's book as callers will need it: it answers, its providers are those the clinic names, and visits have codes.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use tokio::time::timeout;

use super::{About, Seen};
use crate::clinic::{Clinic, ClinicConfig, is_same_name};
use crate::emr::{self, Emr, EmrError, EmrKind, Finding, book};
use crate::state::Shared;

/// An EMR that takes longer to be asked about a week of every provider is of no use to a caller.
const PATIENCE: Duration = Duration::from_secs(60);

const NO_BOOK: &str = "the clinic's file has no [emr]: callers leave messages, nothing is booked";

/// A real round trip: OSCAR or a server of FHIR is logged in to and asked for everything that calls need; nothing is written. The embedded book's data file is read.
pub(super) async fn emr(about: &About<'_>, now: DateTime) -> Vec<Seen> {
    let Some(kind) = about.clinic.config.emr.as_ref().map(|emr| emr.kind) else {
        return vec![Seen::not_needed(NO_BOOK)];
    };
    let findings = match kind {
        EmrKind::Book => book::health(about.clinic, now).map_err(|error| error.to_string()),
        EmrKind::Oscar | EmrKind::Fhir => match across(about.clinic) {
            Ok(across) => answer(across.health(now)).await,
            Err(what) => Err(what),
        },
    };
    match findings {
        Ok(findings) => findings.into_iter().map(of).collect(),
        Err(what) => vec![Seen::wrong(
            what,
            "see to [emr] in the clinic's file, to the account and to the network (docs/oscar.md, docs/fhir.md)",
        )],
    }
}

async fn answer<T>(asked: impl Future<Output = Result<T, EmrError>>) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the EMR was not done answering after {} s", PATIENCE.as_secs())),
    }
}

fn of(finding: Finding) -> Seen {
    match finding.mend {
        None => Seen::good(finding.what),
        Some(mend) => Seen::wrong(finding.what, mend),
    }
}

/// Whom callers may book must be who they hear of.
pub(super) async fn providers(about: &About<'_>) -> Vec<Seen> {
    let config = &about.clinic.config;
    let Some(kind) = config.emr.as_ref().map(|emr| emr.kind) else { return vec![Seen::not_needed(NO_BOOK)] };
    let booked = match kind {
        EmrKind::Book => book::providers(about.clinic).map_err(|error| error.to_string()),
        EmrKind::Oscar | EmrKind::Fhir => match across(about.clinic) {
            Ok(across) => answer(across.providers()).await,
            Err(what) => Err(what),
        },
    };
    let booked = match booked {
        Ok(booked) => booked,
        Err(what) => return vec![Seen::wrong(what, "see to the gate `emr`")],
    };
    if booked.is_empty() {
        return vec![Seen::wrong(
            "the EMR has none of the providers whom callers may book",
            "see to [emr] in the clinic's file",
        )];
    }
    let mut seen = Vec::new();
    for provider in &booked {
        let named = config.provider(&provider.name).is_some();
        let what = format!("{} is {} in the EMR", provider.name, provider.id.0);
        seen.push(if named {
            Seen::good(what)
        } else {
            Seen::wrong(
                format!("{what}, and not in [[providers]]"),
                "add them to [[providers]] of the clinic's file, or write the name as it is there",
            )
        });
    }
    let unbooked =
        config.providers.iter().filter(|p| !booked.iter().any(|provider| is_same_name(&p.name, &provider.name)));
    let unbooked: Vec<&str> = unbooked.map(|p| p.name.as_str()).collect();
    if !unbooked.is_empty() {
        seen.push(Seen::not_needed(format!("callers cannot book {}: not in the EMR's list", unbooked.join(", "))));
    }
    seen
}

/// The clinic's EMR across a network, with nobody to share it.
fn across(clinic: &Clinic) -> Result<Arc<dyn Emr>, String> {
    emr::across(clinic, &Shared::default())?.ok_or_else(|| "the clinic has no EMR across a network".to_owned())
}

/// Each kind of visit has a code that allows it, and each code some kind.
pub(super) fn visits(config: &ClinicConfig) -> Vec<Seen> {
    let Some(emr) = &config.emr else { return vec![Seen::not_needed(NO_BOOK)] };
    if emr.visits.is_empty() {
        return vec![Seen::wrong(
            "[emr.visits] is empty: nothing can be booked",
            "write the kinds of visits and their minutes there",
        )];
    }
    let mut seen = Vec::new();
    for (kind, minutes) in &emr.visits {
        let codes: Vec<String> =
            emr.codes.iter().filter(|(_, code)| code.visits.contains(kind)).map(|(code, _)| code.to_string()).collect();
        seen.push(if codes.is_empty() {
            Seen::wrong(
                format!("{}: {minutes} minutes, and no template code allows it", kind.name()),
                format!("add {0} to `visits` of a code in [emr.codes], or take {0} out of [emr.visits]", kind.name()),
            )
        } else {
            Seen::good(format!("{}: {minutes} minutes, with code {}", kind.name(), codes.join(", ")))
        });
    }
    let idle: Vec<String> =
        emr.codes.iter().filter(|(_, code)| code.visits.is_empty()).map(|(code, _)| code.to_string()).collect();
    if !idle.is_empty() {
        seen.push(Seen::wrong(
            format!("code {} allows no visit", idle.join(", ")),
            "write its `visits`, or take it out",
        ));
    }
    seen
}
