//! `[emr]` in a clinic's file: what keeps its book, and what its template codes mean.
//!
//! A code without a meaning is never booked, and neither is a visit without a length.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan};
use serde::Deserialize;

use super::fhir::FhirConfig;
use super::oscar::OscarConfig;
use super::{ProviderRef, VisitKind};

/// `[emr]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmrConfig {
    pub kind: EmrKind,
    /// For the embedded book: providers, templates and patients, as agents/sample-book.toml. Only the sample clinic has one built in.
    pub file: Option<PathBuf>,
    /// For OSCAR: where it is, and whom callers may book there.
    pub oscar: Option<OscarConfig>,
    /// For FHIR: the same, and which slots a code stands for.
    pub fhir: Option<FhirConfig>,
    /// Callers are offered times within so many days.
    #[serde(default = "default_horizon")]
    pub horizon_days: u16,
    /// Who cancels or moves an appointment so many hours before it or less, hears first that the clinic asks for them. Without it nothing is said.
    pub late_change_hours: Option<u16>,
    /// What is offered to whoever calls for somebody else: a child, by [`Self::minors_under`].
    #[serde(default)]
    pub for_others: ForOthers,
    /// Years: who is younger is called for by another. 0: nobody is.
    #[serde(default = "default_minors")]
    pub minors_under: i16,
    /// What becomes of new patients whom callers register.
    #[serde(default)]
    pub registrations: Registrations,
    /// Minutes of each kind of visit; a kind that is missing is not booked.
    pub visits: BTreeMap<VisitKind, u16>,
    /// What each template code allows; a code that is missing is not booked. Codes are one sign, and case counts.
    pub codes: BTreeMap<char, TemplateCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmrKind {
    /// The embedded book.
    Book,
    /// OSCAR, by its SOAP services.
    Oscar,
    /// Any server of FHIR R4 that has schedules, slots, appointments and patients.
    Fhir,
}

/// What becomes of new patients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registrations {
    /// The staff make their charts.
    #[default]
    Queued,
    /// Where nobody in the EMR may be them already, a chart is made, and the staff look at it.
    Created,
}

/// What is offered to whoever calls for somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForOthers {
    /// A person.
    #[default]
    Transfer,
    /// To leave a message.
    Message,
    /// What the patient could do, by the patient's own name, date of birth and factors.
    Book,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateCode {
    pub visits: Vec<VisitKind>,
    /// Notice the clinic wants, in minutes.
    #[serde(default)]
    pub notice_minutes: u32,
    /// Kept back until so many days before: 0 for the same day.
    pub within_days: Option<u16>,
}

/// The youngest at whom a province lets patients consent to care alone: Quebec's Civil Code, article 14.
const fn default_minors() -> i16 {
    14
}

const fn default_horizon() -> u16 {
    30
}

/// Beyond this a search would ask an EMR for too many days.
const LONGEST_HORIZON: u16 = 180;

/// Years: nobody is a minor after that.
const OLDEST_MINOR: i16 = 21;

/// Hours: two weeks. Longer notice than that is asked of nobody.
const LONGEST_LATE: u16 = 336;

impl EmrConfig {
    /// Whether a slot of this code may be booked for this visit, asked at `now`.
    pub fn allows(&self, code: char, visit: VisitKind, start: DateTime, now: DateTime) -> bool {
        self.codes.get(&code).is_some_and(|meaning| {
            let notice = SignedDuration::from_mins(i64::from(meaning.notice_minutes));
            let released = meaning
                .within_days
                .is_none_or(|days| start.date() <= now.date().saturating_add(i64::from(days).days()));
            meaning.visits.contains(&visit) && start >= now.saturating_add(notice) && released
        })
    }

    /// Of a provider of an EMR across a network, the name as said.
    pub fn provider_name(&self, provider: &ProviderRef) -> Option<&str> {
        let listed = [self.oscar.as_ref().map(|of| &of.providers), self.fhir.as_ref().map(|of| &of.providers)];
        listed.into_iter().flatten().find_map(|of| of.get(provider)).map(|name| name.trim())
    }

    /// What is offered to whoever calls as somebody born then, who is too young to call; `None`: they may be who is calling, or the clinic books for them.
    pub fn instead_for(&self, born: Date, today: Date) -> Option<ForOthers> {
        let is_minor = born.saturating_add(self.minors_under.years()) > today;
        match self.for_others {
            ForOthers::Transfer | ForOthers::Message => is_minor.then_some(self.for_others),
            ForOthers::Book => None,
        }
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(0..=OLDEST_MINOR).contains(&self.minors_under) {
            wrong.push(format!(
                "emr.minors_under: {} is out of range; write 0 (nobody is too young to call) to {OLDEST_MINOR}",
                self.minors_under
            ));
        }
        wrong.extend(self.wrong_section(EmrKind::Oscar, self.oscar.as_ref().map(OscarConfig::check)));
        wrong.extend(
            self.wrong_section(
                EmrKind::Fhir,
                self.fhir.as_ref().map(|fhir| fhir.check(&self.codes, self.registrations)),
            ),
        );
        if self.kind != EmrKind::Book && self.file.is_some() {
            wrong.push(format!("emr.file: of no use to kind = \"{}\"; take it out", self.kind.name()));
        }
        if !(1..=LONGEST_HORIZON).contains(&self.horizon_days) {
            wrong
                .push(format!("emr.horizon_days: {} is out of range; write 1 to {LONGEST_HORIZON}", self.horizon_days));
        }
        if let Some(hours) = self.late_change_hours.filter(|hours| !(1..=LONGEST_LATE).contains(hours)) {
            wrong.push(format!(
                "emr.late_change_hours: {hours} is out of range; write 1 to {LONGEST_LATE}, or leave it out"
            ));
        }
        let makes_charts = match self.kind {
            EmrKind::Fhir | EmrKind::Book => true,
            EmrKind::Oscar => false,
        };
        if self.registrations == Registrations::Created && !makes_charts {
            wrong.push(format!(
                "emr.registrations: no charts are made with kind = \"{}\"; write \"queued\", or leave it out, and the staff make them",
                self.kind.name()
            ));
        }
        for (kind, minutes) in self.visits.iter().filter(|(_, minutes)| !(5..=240).contains(*minutes)) {
            wrong.push(format!("emr.visits.{}: {minutes} minutes; write 5 to 240", kind.name()));
        }
        for (code, meaning) in &self.codes {
            for kind in meaning.visits.iter().filter(|kind| !self.visits.contains_key(kind)) {
                wrong.push(format!("emr.codes.{code}: {0} has no length; add {0} = 15 to [emr.visits]", kind.name()));
            }
        }
        wrong
    }

    /// What is wrong with the section of an EMR across a network; `found`: with what it says, if it is there.
    fn wrong_section(&self, of: EmrKind, found: Option<Vec<String>>) -> Vec<String> {
        let name = of.name();
        match (self.kind == of, found) {
            (true, Some(wrong)) => wrong,
            (true, None) => vec![format!("emr.{name}: missing; write base_url and providers there, as in docs/emr.md")],
            (false, None) => Vec::new(),
            (false, Some(_)) => vec![format!(
                "emr.{name}: of no use to kind = \"{}\"; write kind = \"{name}\", or take the section out",
                self.kind.name()
            )],
        }
    }
}

impl EmrKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Oscar => "oscar",
            Self::Fhir => "fhir",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use crate::clinic::Clinic;

    #[test]
    fn who_is_a_minor_is_the_clinics_to_say() {
        let mut emr = Clinic::sample().config.emr.unwrap();
        let today = date(2026, 11, 21);
        assert!(emr.instead_for(date(2012, 11, 22), today).is_some());
        emr.minors_under = 0;
        assert_eq!((emr.instead_for(today, today), emr.check()), (None, Vec::new()));
        emr.minors_under = 22;
        assert!(emr.check()[0].starts_with("emr.minors_under: 22 is out of range; write 0"), "{:?}", emr.check());
    }
}
