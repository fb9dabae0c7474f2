//! One row a call, columns aligned.

use std::fmt::Write;

use serde::Serialize;

use crate::agent::concluded::{CallOutcome, Intent};
use crate::call::registry::Transport;
use crate::call::timeline::{EndReason, Entry};
use crate::costs::Money;
use crate::language::Language;
use crate::records::Past;

/// What a list says of a call. Numbers of callers are left to `show`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    pub call: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub clinic: String,
    pub began: Option<String>,
    pub transport: Option<Transport>,
    pub duration_ms: Option<u64>,
    pub turns: usize,
    /// Median, from the caller's last voiced sample to the first packet of the answer.
    pub response_ms: Option<u64>,
    pub ended: Option<EndReason>,
    /// What the call came to, what the caller wanted, and the language at the end; of records of older releases nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CallOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    pub recorded: bool,
    /// Of what has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl Row {
    pub(super) fn of(past: &Past) -> Self {
        let mut row = Self { call: past.call.clone(), recorded: past.recording.is_some(), ..Self::default() };
        let mut responses = Vec::new();
        for entry in &past.entries {
            match entry {
                Entry::Rang { at, clinic, transport, .. } => {
                    row.clinic.clone_from(clinic);
                    row.began = Some(at.clone());
                    row.transport = Some(*transport);
                }
                Entry::Turn(turn) => {
                    row.turns += 1;
                    responses.extend(turn.response().map(|response| response.as_millis() as u64));
                }
                Entry::Ended { at_us, reason, .. } => {
                    row.duration_ms = Some(at_us / 1_000);
                    row.ended = Some(*reason);
                }
                Entry::Concluded { outcome, intent, language } => {
                    row.outcome = Some(*outcome);
                    row.intent = Some(*intent);
                    row.language = Some(*language);
                }
                Entry::Costs { bill, .. } => {
                    row.cost = Some(bill.total);
                    row.currency = Some(bill.currency.clone());
                }
                Entry::Planned { .. }
                | Entry::Notice { .. }
                | Entry::Answered { .. }
                | Entry::Line { .. }
                | Entry::Estimated { .. }
                | Entry::BargeIn { .. }
                | Entry::Recovered { .. }
                | Entry::Key { .. }
                | Entry::Hold { .. }
                | Entry::Unhold { .. } => {}
            }
        }
        responses.sort_unstable();
        row.response_ms = responses.get(responses.len() / 2).copied();
        row
    }
}

pub(super) fn table(rows: &[Row]) -> String {
    let mut out = String::new();
    let header = ["CALL", "BEGAN", "VIA", "LENGTH", "TURNS", "RESPONSE", "COST", "CAME TO", "ENDED"].map(str::to_owned);
    let cells: Vec<[String; 9]> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| cells.iter().map(|row| console::measure_text_width(&row[column])).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    for row in &cells {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            // Numbers to the right, words to the left.
            let padded = match column {
                3..=6 => format!("{cell:>width$}", width = widths[column]),
                _ => format!("{cell:<width$}", width = widths[column]),
            };
            line.push_str(&padded);
            line.push_str("  ");
        }
        // Writing to a String cannot fail.
        writeln!(out, "{}", line.trim_end()).unwrap_or_default();
    }
    out
}

fn cells(row: &Row) -> [String; 9] {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    [
        row.call.clone(),
        or_dash(row.began.as_ref().map(|at| at.chars().take(19).collect::<String>().replace('T', " "))),
        or_dash(row.transport.map(|transport| format!("{transport:?}").to_lowercase())),
        or_dash(row.duration_ms.map(|ms| format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60))),
        row.turns.to_string(),
        or_dash(row.response_ms.map(|ms| format!("{ms} ms"))),
        or_dash(row.cost.zip(row.currency.as_ref()).map(|(cost, currency)| format!("{cost} {currency}"))),
        or_dash(row.outcome.map(|outcome| outcome.words().to_owned())),
        row.ended.map_or_else(|| "(no end)".into(), ended),
    ]
}

pub(super) fn ended(reason: EndReason) -> String {
    let word = match reason {
        EndReason::Caller => "caller hung up",
        EndReason::Goodbye => "goodbye",
        EndReason::Transferred => "transferred",
        EndReason::CallerSilent => "caller silent",
        EndReason::MaxDuration => "maximum duration",
        EndReason::MediaLost => "media lost",
        EndReason::Fax => "fax",
        EndReason::SignallingLost => "signalling lost",
        EndReason::Cancelled => "cancelled",
        EndReason::Failed => "failed",
        EndReason::Fault => "fault",
        EndReason::Drained => "drained",
    };
    word.to_owned()
}
