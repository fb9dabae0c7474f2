//! `attendant audit show`: rows of the audit for people and for programs, and of which chart, call and time they are to be.
//!
//! Who asks for one chart's rows or one call's leaves a row themselves, before they see any.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use console::style;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::super::table::aligned;
use super::super::{Exit, Failure, actor, given, store_failure};
use crate::agent::tools::Trace;
use crate::clock;
use crate::emr::PatientRef;
use crate::privacy::Pii;
use crate::store::Store;
use crate::store::audit::{Note, Row, Which};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Those alone that tell of one chart: who looked at it, and what of it. A file with the chart's number in the EMR; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Those alone of one call, by its id or how that begins.
    #[arg(long, value_name = "ID", value_parser = call)]
    call: Option<String>,
    /// Those alone since this day at the clinic (2026-11-01), or of the time up to now (12h, 30d).
    #[arg(long, value_name = "DATE|DURATION")]
    since: Option<Since>,
    /// So many, the newest.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self, store: &Store, zone: &TimeZone) -> Result<Exit, Failure> {
        let chart = self.chart.as_deref().map(chart).transpose().map_err(Failure::usage)?;
        let since = self.since.map(|since| since.moment(clock::now(), zone)).transpose().map_err(Failure::usage)?;
        let which = Which { chart, call: self.call, since_ms: since.map(Timestamp::as_millisecond) };
        let rows = store.audit_rows(&which, self.limit).await.map_err(store_failure)?;
        // Nobody sees what is not noted.
        let chart = which.chart.as_ref().map(|chart| store.sealed_chart(chart)).transpose().map_err(store_failure)?;
        if chart.is_some() || which.call.is_some() {
            let note = Note::of_look(&actor(), which.call.as_deref().unwrap_or("chart"), rows.len(), chart);
            store.note(&note).await.map_err(store_failure)?;
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::internal)?);
        } else if rows.is_empty() {
            println!("no rows");
        } else {
            print!("{}", table(&rows));
        }
        if u32::try_from(rows.len()) == Ok(self.limit) {
            eprintln!("there may be older ones: these are the newest {}; give a larger --limit", self.limit);
        }
        Ok(Exit::Done)
    }
}

/// Since when.
#[derive(Clone, Debug)]
enum Since {
    Day(Date),
    Ago(Span),
}

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(day) = text.parse() {
            return Ok(Self::Day(day));
        }
        let ago = text.parse().ok().filter(|ago: &Span| ago.is_positive());
        ago.map(Self::Ago).ok_or_else(|| "that is neither a day nor a time; write 2026-11-01, 12h or 30d".to_owned())
    }
}

impl Since {
    /// By the clinic's clocks.
    fn moment(self, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
        let moment = match self {
            Self::Day(day) => day.to_zoned(zone.clone()),
            Self::Ago(ago) => now.to_zoned(zone.clone()).checked_sub(ago),
        };
        moment
            .map(|moment| moment.timestamp())
            .map_err(|_| anyhow!("--since is before any time there is; give a later one"))
    }
}

fn call(text: &str) -> Result<String, String> {
    let is_id = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_id.then(|| text.to_owned()).ok_or_else(|| "that is no call's id; `attendant calls` lists them".to_owned())
}

/// The only word of this file.
fn chart(file: &Path) -> anyhow::Result<PatientRef> {
    let mend = "name a file that holds one chart's number";
    let text = given::read(file, "The chart's number in the EMR", mend)?;
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(number), None) => Ok(PatientRef(Pii::new(number.to_owned()))),
        (None, _) => Err(anyhow!("no chart's number is in {}; {mend}", file.display())),
        (Some(_), Some(_)) => Err(anyhow!("more than a chart's number is in {}; {mend}", file.display())),
    }
}

/// What a tool did, and to how many charts.
#[derive(serde::Deserialize)]
struct Told {
    #[serde(default)]
    tool: Option<String>,
    #[serde(flatten)]
    trace: Trace,
}

fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 8]> = rows.iter().map(cells).collect();
    let header = ["AT (UTC)", "SERVER", "ROW", "WHO", "WHAT", "OF", "OUTCOME", "DETAIL"];
    aligned(header, &cells)
}

fn cells(row: &Row) -> [String; 8] {
    let action = serde_json::to_value(row.action).ok();
    let action = action.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let outcome = if row.outcome == "done" { style(&row.outcome).dim() } else { style(&row.outcome).yellow() };
    [
        row.at.clone(),
        row.instance.clone(),
        row.number.to_string(),
        row.actor.clone(),
        style(action).cyan().to_string(),
        row.subject.clone(),
        outcome.to_string(),
        row.detail.as_ref().map(detail).unwrap_or_default(),
    ]
}

fn detail(detail: &serde_json::Value) -> String {
    let Ok(Told { tool, trace }) = serde_json::from_value(detail.clone()) else { return detail.to_string() };
    let charts = match trace.patients.len() {
        0 => None,
        1 => Some("1 chart".to_owned()),
        many => Some(format!("{many} charts")),
    };
    let read = (!trace.read.is_empty()).then(|| format!("read {}", trace.read.join(", ")));
    let found = trace.found.map(|found| found.word().to_owned());
    let appointment = trace.appointment.map(|number| format!("appointment {number}"));
    let took = trace.ms.map(|ms| format!("{ms} ms"));
    let parts = [tool, found, charts, read, appointment, trace.reason, trace.warned, took];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::store::audit::Action;

    #[test]
    fn a_day_is_the_clinics_and_a_duration_ends_now() {
        let zone = TimeZone::get("America/Toronto").unwrap();
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
        for (given, wanted) in [
            ("2026-11-01", "2026-11-01T04:00:00Z"),
            ("12h", "2026-11-22T08:00:00Z"),
            // Over the night in which clocks went back.
            ("30d", "2026-10-23T19:00:00Z"),
        ] {
            let since: Since = given.parse().unwrap();
            assert_eq!(since.moment(now, &zone).unwrap(), wanted.parse().unwrap(), "{given}");
        }
        for wrong in ["", "yesterday", "-3d", "0d", "2026-13-01"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
        assert!(Since::Day(date(-9999, 1, 1)).moment(now, &zone).is_err());
        assert!("15000y".parse::<Since>().unwrap().moment(now, &zone).is_err());
    }

    #[test]
    fn a_charts_number_is_read_alone_and_never_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart");
        assert!(chart(&file).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&file, " 100100\n").unwrap();
        assert_eq!(chart(&file).unwrap().0.reveal(), "100100");
        for wrong in ["\n", "100100\n100200\n"] {
            std::fs::write(&file, wrong).unwrap();
            let told = chart(&file).unwrap_err().to_string();
            assert!(told.contains("chart's number") && !told.contains("100"), "{told}");
        }
        assert!(call("0198-ab").is_ok() && call("%").is_err() && call("").is_err());
    }

    #[test]
    fn rows_stand_under_each_other_and_say_what_was_read_and_of_how_many() {
        let row = |number, action, outcome: &str, detail: Option<serde_json::Value>| Row {
            at: "2026-11-22T20:00:00.000Z".to_owned(),
            instance: "clinic-1".to_owned(),
            number,
            actor: "attendant".to_owned(),
            action,
            subject: "c1/a".to_owned(),
            outcome: outcome.to_owned(),
            detail,
        };
        let sealed = serde_json::json!({ "digest": "1:d", "sealed": "s" });
        let looked = serde_json::json!({ "tool": "verify_identity", "patients": [sealed], "found": "need_factor", "read": ["postal_code"], "ms": 7 });
        let rows = [row(9, Action::CallRead, "done", None), row(10, Action::ToolUsed, "no_match", Some(looked))];
        assert_eq!(
            console::strip_ansi_codes(&table(&rows)),
            "AT (UTC)                  SERVER    ROW  WHO        WHAT       OF    OUTCOME   DETAIL\n\
             2026-11-22T20:00:00.000Z  clinic-1  9    attendant  call_read  c1/a  done\n\
             2026-11-22T20:00:00.000Z  clinic-1  10   attendant  tool_used  c1/a  no_match  verify_identity; need_factor; 1 chart; read postal_code; 7 ms\n"
        );
        let text = serde_json::to_string(&rows[1]).unwrap();
        assert!(text.contains("\"number\":10,\"actor\":\"attendant\",\"action\":\"tool_used\""), "{text}");
        assert!(text.contains("\"detail\":{\"found\":") || text.contains("\"detail\":{\"tool\":"), "an object: {text}");
    }
}
