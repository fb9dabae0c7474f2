//! What a run of a tool touched, for the audit: charts, what of them was compared or read, the appointment that was written, and how long it took.
//!
//! A chart's number leads to a patient, so it stands nowhere as it is: under a digest by the clinic's keys, by which the rows of one patient are found, and
//! sealed by them. Names, dates and words are in none of it. Without a store there are no keys, and no chart.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::emr::{AppointmentRef, PatientRef};
use crate::privacy::Pii;
use crate::store::keys::{Keys, KeysError};

/// While a tool runs. In the call's memory alone.
#[derive(Debug, Default)]
pub(super) struct Touched {
    charts: Vec<PatientRef>,
    read: BTreeSet<&'static str>,
    warned: Option<&'static str>,
    reason: Option<&'static str>,
    appointment: Option<AppointmentRef>,
    found: Option<Found>,
}

/// What a search, or a check of a further factor, came to. A model hears of the third as of the second, so that nobody learns who is a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// One chart, and who is calling is its owner.
    Verified,
    /// A chart or several; a factor that only the owner knows is still to come, or was wrong.
    NeedFactor,
    /// No chart has that name and birth date.
    NotFound,
}

impl Found {
    /// As in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NeedFactor => "need_factor",
            Self::NotFound => "not_found",
        }
    }
}

/// The same in the ledger and in the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<SealedChart>,
    /// Names of what was compared or read of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// What the caller was told of and went on: that it is later than the clinic asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned: Option<String>,
    /// Why it was cancelled, in a word of a fixed list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The appointment that was made, moved or cancelled, by its number in the EMR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<String>,
    /// Of a search and a check of identity that went so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// Milliseconds that the tool took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// A chart's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedChart {
    /// `<version of the key>:<digest>`: the same for the same chart while the key is.
    pub digest: String,
    /// Base64 of what is sealed at [`PLACE`].
    pub sealed: String,
}

/// Where charts are sealed.
const PLACE: &str = "audit.chart";

/// Bytes of a digest.
const DIGEST: usize = 16;

impl Touched {
    pub(super) fn charts<'a>(&mut self, charts: impl IntoIterator<Item = &'a PatientRef>, read: &[&'static str]) {
        for chart in charts {
            if !self.charts.contains(chart) {
                self.charts.push(chart.clone());
            }
        }
        self.read.extend(read);
    }

    pub(super) fn warned(&mut self, of: &'static str) {
        self.warned = Some(of);
    }

    pub(super) fn reason(&mut self, word: &'static str) {
        self.reason = Some(word);
    }

    pub(super) fn wrote(&mut self, appointment: &AppointmentRef) {
        self.appointment = Some(appointment.clone());
    }

    pub(super) fn found(&mut self, found: Found) {
        self.found = Some(found);
    }

    /// Sealed by the keys of the clinic, if there are any.
    pub(super) fn sealed(self, keys: Option<&Keys>, took: Duration) -> Trace {
        let patients =
            keys.map(|keys| self.charts.iter().filter_map(|chart| SealedChart::of(chart, keys).ok()).collect());
        Trace {
            patients: patients.unwrap_or_default(),
            read: self.read.into_iter().map(str::to_owned).collect(),
            warned: self.warned.map(str::to_owned),
            reason: self.reason.map(str::to_owned),
            appointment: self.appointment.map(|appointment| appointment.0),
            found: self.found,
            ms: Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl SealedChart {
    pub(crate) fn of(chart: &PatientRef, keys: &Keys) -> Result<Self, KeysError> {
        let number = chart.0.reveal().as_bytes();
        Ok(Self { digest: digest(keys.newest(), number, keys)?, sealed: STANDARD.encode(keys.seal(PLACE, number)) })
    }

    /// Every digest that this chart can have: one for each version of the keys.
    pub(crate) fn digests(chart: &PatientRef, keys: &Keys) -> Result<Vec<String>, KeysError> {
        keys.versions().map(|version| digest(version, chart.0.reveal().as_bytes(), keys)).collect()
    }

    /// Whether it is this chart, by whichever key it was sealed.
    pub fn is(&self, chart: &str, keys: &Keys) -> bool {
        let version = self.digest.split_once(':').and_then(|(version, _)| version.parse().ok());
        version.is_some_and(|version| digest(version, chart.as_bytes(), keys).is_ok_and(|digest| digest == self.digest))
    }

    /// The chart's number; `None` of what is no sealed one of this clinic's.
    pub fn open(&self, keys: &Keys) -> Option<Pii<String>> {
        let opened = keys.open(PLACE, &STANDARD.decode(&self.sealed).ok()?).ok()?;
        String::from_utf8(opened).ok().map(Pii::new)
    }
}

fn digest(version: u32, chart: &[u8], keys: &Keys) -> Result<String, KeysError> {
    let code = keys.code(version, &[b"chart", chart])?;
    Ok(format!("{version}:{}", STANDARD.encode(&code[..DIGEST])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys;

    fn chart(number: &str) -> PatientRef {
        PatientRef(Pii::new(number.to_owned()))
    }

    #[test]
    fn a_chart_is_found_and_opened_by_the_clinic_s_keys_alone_and_after_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        keys::create(&file).unwrap();
        let of = |clinic: &str| Keys::load(&file).unwrap().of_clinic(clinic);
        let mut touched = Touched::default();
        touched.charts(&[chart("100100"), chart("100200"), chart("100100")], &["name", "birth_date"]);
        touched.wrote(&AppointmentRef("77".to_owned()));
        let trace = touched.sealed(Some(&of("c")), Duration::from_millis(40));
        let text = serde_json::to_string(&trace).unwrap();
        assert!(!text.contains("100100") && text.contains("\"read\":[\"birth_date\",\"name\"]"), "{text}");
        assert_eq!((trace.patients.len(), trace.appointment.as_deref(), trace.ms), (2, Some("77"), Some(40)));
        keys::add(&file).unwrap();
        let read: Trace = serde_json::from_str(&text).unwrap();
        let [one, other] = &read.patients[..] else { panic!("{read:?}") };
        assert!(one.is("100100", &of("c")) && !other.is("100100", &of("c")));
        assert_eq!(one.open(&of("c")).unwrap().reveal(), "100100");
        assert!(!one.is("100100", &of("d")) && one.open(&of("d")).is_none(), "another clinic's keys");
    }

    #[test]
    fn without_keys_no_chart_is_told() {
        let mut touched = Touched::default();
        touched.charts(&[chart("100100")], &["postal_code"]);
        let trace = touched.sealed(None, Duration::ZERO);
        assert_eq!(trace, Trace { read: vec!["postal_code".to_owned()], ms: Some(0), ..Trace::default() });
    }
}
