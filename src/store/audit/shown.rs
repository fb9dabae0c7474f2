//! Which rows of the audit are shown: the newest of a clinic, those of one call, those since some moment, and those that tell of one chart.
//!
//! A chart is looked for by its digest under every version of the keys, so that rows from before a rotation are found too, and each row that is found is
//! compared by its own key. The chart's number is in no statement and no error. Times are milliseconds since 1970.

use sea_orm::QueryResult;
use sea_orm::sea_query::Value;
use serde::Serialize;

use super::{Action, Note, note_in};
use crate::agent::tools::{SealedChart, Trace};
use crate::emr::PatientRef;
use crate::store::{Store, StoreError};

/// What a row must be about; with nothing said, every row.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// In which this chart was looked at.
    pub chart: Option<PatientRef>,
    /// Of this call, by its id or how that begins.
    pub call: Option<String>,
    /// Not done before.
    pub since_ms: Option<i64>,
}

/// One row as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// RFC 3339.
    pub at: String,
    /// The server in whose chain it is, and its number there.
    pub instance: String,
    pub number: i64,
    pub actor: String,
    pub action: Action,
    pub subject: String,
    pub outcome: String,
    /// What a tool did, or which chart somebody asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

/// Rows of one clinic. Chains are told together by time, each in its own order: those who add wait for each other, and a row may be older than the one before it.
const ROWS: &str = "SELECT instance, seq, at_ms, actor, action, subject, outcome, detail, \
    MAX(at_ms) OVER (PARTITION BY instance ORDER BY seq) AS moment FROM audit WHERE clinic = $1";

impl Row {
    fn of(instance: String, number: i64, note: Note) -> Self {
        let at = note.at();
        let Note { actor, action, subject, outcome, detail, .. } = note;
        // Nobody but the server writes one; what is no JSON is told as it is.
        let told = |text: String| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
        Self { at, instance, number, actor, action, subject, outcome, detail: detail.map(told) }
    }
}

impl Note {
    /// That rows of the audit were looked for: of this chart, which stands in it sealed, so that this row is one of the chart's too.
    pub fn of_look(actor: &str, subject: &str, rows: usize, chart: Option<SealedChart>) -> Self {
        let trace = chart.map(|chart| Trace { patients: vec![chart], ..Trace::default() });
        let detail = trace.and_then(|trace| serde_json::to_string(&trace).ok());
        Self { detail, ..Self::new(actor, Action::AuditRead, subject, &format!("rows {rows}")) }
    }

    /// Charts that were looked at.
    fn charts(&self) -> Vec<SealedChart> {
        let detail = self.detail.as_deref().unwrap_or_default();
        serde_json::from_str::<Trace>(detail).map(|trace| trace.patients).unwrap_or_default()
    }
}

impl Store {
    /// The newest rows of this clinic, the oldest of them first: instance, number in its chain, and what was done.
    pub async fn audited(&self, limit: u32) -> Result<Vec<(String, i64, Note)>, StoreError> {
        self.found(&Which::default(), limit).await
    }

    /// The newest of these rows, the oldest of them first.
    pub async fn audit_rows(&self, which: &Which, limit: u32) -> Result<Vec<Row>, StoreError> {
        let found = self.found(which, limit).await?;
        Ok(found.into_iter().map(|(instance, number, note)| Row::of(instance, number, note)).collect())
    }

    /// A chart as it stands in the audit of this clinic.
    pub fn sealed_chart(&self, chart: &PatientRef) -> Result<SealedChart, StoreError> {
        Ok(SealedChart::of(chart, &self.own)?)
    }

    /// The charts that tools looked at in these rows.
    pub fn charts_in<'a>(&self, notes: impl IntoIterator<Item = &'a Note>) -> Vec<PatientRef> {
        let mut charts: Vec<PatientRef> = Vec::new();
        for sealed in notes.into_iter().filter(|note| note.action != Action::AuditRead).flat_map(Note::charts) {
            if let Some(chart) = sealed.open(&self.own).map(PatientRef)
                && !charts.contains(&chart)
            {
                charts.push(chart);
            }
        }
        charts
    }

    /// What was done to this call, in the order of time.
    pub(in crate::store) async fn audited_of(&self, call: &str) -> Result<Vec<Note>, StoreError> {
        let sql = format!("{ROWS} AND subject LIKE $2 ORDER BY moment, instance, seq");
        let found = self.rows(&sql, vec![self.clinic.to_string().into(), format!("{call}%").into()]).await?;
        found.iter().map(told).collect()
    }

    async fn found(&self, which: &Which, limit: u32) -> Result<Vec<(String, i64, Note)>, StoreError> {
        let mut values: Vec<Value> = vec![self.clinic.to_string().into()];
        let mut place = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut sql = ROWS.to_owned();
        if let Some(call) = &which.call {
            sql += &format!(" AND subject LIKE {}", place(format!("{call}%").into()));
        }
        if let Some(since) = which.since_ms {
            sql += &format!(" AND at_ms >= {}", place(since.into()));
        }
        if let Some(chart) = &which.chart {
            // Of base64 and digits: nothing in it means anything to LIKE.
            let digests = SealedChart::digests(chart, &self.own)?;
            let digests =
                digests.into_iter().map(|digest| format!("detail LIKE {}", place(format!("%{digest}%").into())));
            sql += &format!(" AND ({})", digests.collect::<Vec<_>>().join(" OR "));
        }
        sql += &format!(" ORDER BY moment DESC, instance DESC, seq DESC LIMIT {}", place(i64::from(limit).into()));
        let mut rows = Vec::new();
        for row in self.rows(&sql, values).await?.iter().rev() {
            let note = told(row)?;
            let is_theirs = |chart: &PatientRef| note.charts().iter().any(|one| one.is(chart.0.reveal(), &self.own));
            if which.chart.as_ref().is_none_or(is_theirs) {
                rows.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?, note));
            }
        }
        Ok(rows)
    }
}

/// Of a row that begins with instance and number.
fn told(row: &QueryResult) -> Result<Note, StoreError> {
    note_in(row, 2)?.ok_or_else(|| StoreError::Record("a row of the audit".to_owned()))
}

#[cfg(test)]
mod tests;
