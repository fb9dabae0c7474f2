//! `attendant experiments`: what came of each arm, from the records of the calls.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use console::measure_text_width;
use serde::Deserialize;
use time::Date;
use time::macros::format_description;

use super::origin::Whose;
use super::{Exit, Failure};
use crate::agent::tools::{LEDGER, State};
use crate::experiments::results::{Row, Tools, rows};

/// Compare the arms of experiments: calls, answers, hand-overs, failed tools, and what a call cost.
#[derive(Debug, Args)]
pub(super) struct Experiments {
    #[command(flatten)]
    whose: Whose,
    /// Of this experiment alone.
    name: Option<String>,
    /// Calls of this day (UTC) and later: 2026-11-21.
    #[arg(long, value_name = "DATE", value_parser = date)]
    since: Option<Date>,
    /// Folder of journals to read, and no store.
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| "write a date as 2026-11-21".to_owned())
}

impl Experiments {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let root = match &self.records {
            Some(folder) => folder.clone(),
            None => self.whose.load()?.config.records.folder(),
        };
        let since = self.since.map_or_else(String::new, |date| date.to_string());
        let unreadable = || format!("the records in {} cannot be read", root.display());
        let ledger = root.join(LEDGER);
        let (calls, kept, position) = super::runtime()?.block_on(async {
            let (history, _) = super::past::history(&self.whose, self.records.as_deref()).await?;
            // Before the ledger, whose lines are moved meanwhile.
            let calls = history.since(&since).await.map_err(super::past::failure)?;
            let Some(store) = history.store() else { return Ok((calls, Vec::new(), 0)) };
            let position = store.position(&ledger).await.map_err(super::store_failure)?;
            let kept = store.tool_steps().await.map_err(super::store_failure)?;
            Ok::<_, Failure>((calls, kept, position.unwrap_or(0)))
        })?;
        let tools = tools(&ledger, position, kept).with_context(unreadable).map_err(Failure::unavailable)?;
        let calls = calls.iter().map(|past| (past.call.as_str(), past.entries.as_slice()));
        let rows = rows(calls, &tools, self.name.as_deref());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::internal)?);
        } else if rows.is_empty() {
            println!("no call of an experiment in {}", root.display());
        } else {
            print!("{}", table(&rows));
        }
        Ok(Exit::Done)
    }
}

/// What a line of the ledger of tools says.
#[derive(Deserialize)]
struct Step {
    call: String,
    state: State,
}

/// The tools of each call: those that the store has, and those of the ledger, if it is there, from this place on.
fn tools(ledger: &Path, position: u64, kept: Vec<(String, State)>) -> std::io::Result<HashMap<String, Tools>> {
    let mut tools: HashMap<String, Tools> = HashMap::new();
    let mut count = |call, state| {
        let of_call = tools.entry(call).or_default();
        match state {
            State::Started => of_call.begun += 1,
            State::Done | State::NotRun => {}
            State::Refused => of_call.failed += 1,
        }
    };
    kept.into_iter().for_each(|(call, state)| count(call, state));
    if ledger.exists() {
        let mut file = std::fs::File::open(ledger)?;
        file.seek(SeekFrom::Start(position))?;
        for line in BufReader::new(file).lines() {
            // A last line may be cut.
            let Ok(Step { call, state }) = serde_json::from_str(&line?) else { continue };
            count(call, state);
        }
    }
    Ok(tools)
}

const HEADER: [&str; 9] =
    ["EXPERIMENT", "ARM", "CALLS", "TURNS", "P50", "P95", "TO A PERSON", "TOOLS FAILED", "COST A CALL"];

fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 9]> = std::iter::once(HEADER.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| cells.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    let mut out = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Words to the left, numbers to the right.
            let padded = if column < 2 { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            line.push_str(&padded);
        }
        // Writing to a String cannot fail.
        writeln!(out, "{}", line.trim_end()).unwrap_or_default();
    }
    if rows.iter().any(|row| row.calls_partly_priced > 0) {
        out.push_str("* some of it has no price\n");
    }
    out
}

fn cells(row: &Row) -> [String; 9] {
    let ms = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
    let of = |count: u64, all: u64| match all {
        0 => count.to_string(),
        all => format!("{count} ({:.1} %)", count as f64 * 100.0 / all as f64),
    };
    let partly = if row.calls_partly_priced > 0 { "*" } else { "" };
    let currency = row.currency.as_ref().map(|currency| format!(" {currency}")).unwrap_or_default();
    let cost = row.cost_per_call.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.6}{currency}{partly}"));
    [
        row.experiment.clone(),
        row.arm.clone(),
        row.calls.to_string(),
        row.turns.to_string(),
        ms(row.response_p50_ms),
        ms(row.response_p95_ms),
        of(row.handed_over, row.calls),
        of(row.tools_failed, row.tools),
        cost,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::Money;

    fn row(arm: &str, calls: u64) -> Row {
        Row {
            experiment: "small_model".into(),
            arm: arm.into(),
            calls,
            turns: calls * 6,
            response_p50_ms: Some(840),
            response_p95_ms: Some(1_920),
            handed_over: calls / 10,
            tools: calls * 2,
            tools_failed: 3,
            cost_per_call: Some(Money(41_250)),
            currency: Some("CAD".into()),
            calls_partly_priced: 0,
        }
    }

    #[test]
    fn arms_stand_under_each_other() {
        let none = Row {
            turns: 0,
            response_p50_ms: None,
            response_p95_ms: None,
            tools: 0,
            tools_failed: 0,
            cost_per_call: None,
            currency: None,
            calls_partly_priced: 1,
            ..row("tiny", 0)
        };
        let rows = [row("usual", 1_204), row("small", 312), none];
        insta::assert_snapshot!(format!("{}\n{}", table(&rows), serde_json::to_string_pretty(&rows[1..]).unwrap()));
    }

    #[test]
    fn tools_are_counted_by_call_and_a_cut_line_is_passed_over() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let line = |call: &str, state: &str| {
            format!(
                "{{\"at\":\"t\",\"call\":\"{call}\",\"id\":\"1\",\"turn\":1,\"tool\":\"x\",\"state\":\"{state}\"}}\n"
            )
        };
        let steps =
            [("a", "started"), ("a", "done"), ("b", "started"), ("a", "started"), ("a", "refused"), ("b", "not_run")];
        let text: String = steps.into_iter().map(|(call, state)| line(call, state)).collect();
        std::fs::write(file.path(), format!("{text}{{\"at\":")).unwrap();
        let tools = tools(file.path(), 0, Vec::new()).unwrap();
        assert_eq!((tools["a"], tools["b"]), (Tools { begun: 2, failed: 1 }, Tools { begun: 1, failed: 0 }));
        assert!(super::tools(Path::new("nowhere/tools.jsonl"), 0, Vec::new()).unwrap().is_empty());
        // The first three lines are in the store.
        let kept = [("a", State::Started), ("a", State::Done), ("b", State::Started)];
        let kept = kept.map(|(call, state)| (call.to_owned(), state)).to_vec();
        let position = text.lines().take(3).map(|line| line.len() as u64 + 1).sum();
        assert_eq!(super::tools(file.path(), position, kept).unwrap(), tools);
    }
}
