//! What a journal says of a call, as rows of the tables, and back: nothing of it is lost, also not lines that this release does not understand.
//!
//! Pure but for the sealing. A journal is in the order in which [`crate::call::timeline`] writes it: what begins the call first, the bill and the end last.

use sea_orm::sea_query::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::keys::Keys;
use crate::call::timeline::{Entry, TurnTimeline};
use crate::costs::bill::Item;

/// One call as its journal tells it.
#[derive(Clone, Debug)]
pub struct Record {
    pub call: String,
    /// Whose call it is, if the journal says so.
    pub clinic: Option<String>,
    lines: Vec<Line>,
    /// Lines of the journal that could not be read, and why.
    closed: Vec<String>,
}

#[derive(Clone, Debug)]
enum Line {
    Entry(Entry),
    /// Of a newer release.
    Unknown(String),
}

/// A call's rows, table by table.
pub(super) struct Rows {
    pub call: Vec<Value>,
    pub turns: Vec<Vec<Value>>,
    pub transcript: Vec<Vec<Value>>,
    pub events: Vec<Vec<Value>>,
    pub costs: Vec<Vec<Value>>,
}

/// Kind of an event that this release cannot read.
pub(super) const UNKNOWN: &str = "unknown";

/// Kind of an event that says what could not be read of the journal.
pub(super) const CLOSED: &str = "closed";

impl Record {
    /// A line that breaks off, at the end of a journal that does, is left out.
    pub fn of(call: &str, journal: &str) -> Self {
        let whole = journal.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let line = |line: &str| match serde_json::from_str(line) {
            Ok(entry) => Line::Entry(entry),
            Err(_) => Line::Unknown(line.to_owned()),
        };
        let lines: Vec<Line> = whole.lines().filter(|text| !text.trim().is_empty()).map(line).collect();
        let clinic = lines.iter().find_map(|line| match line {
            Line::Entry(Entry::Rang { clinic, .. }) if !clinic.is_empty() => Some(clinic.clone()),
            Line::Entry(_) | Line::Unknown(_) => None,
        });
        Self { call: call.to_owned(), clinic, lines, closed: Vec::new() }
    }

    /// The same, of whose journal this could not be read.
    #[must_use]
    pub fn without(self, closed: Vec<String>) -> Self {
        Self { closed, ..self }
    }

    /// The same, of this clinic if the first line, which says whose it is, is lost.
    #[must_use]
    pub fn or_of(self, clinic: Option<String>) -> Self {
        Self { clinic: self.clinic.or(clinic), ..self }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The rows of this clinic's, their sealed columns sealed by its keys.
    pub(super) fn rows(&self, clinic: &str, instance: &str, keys: &Keys) -> Rows {
        let key = i64::from(keys.newest());
        let mut facts = Facts::default();
        let (mut turns, mut transcript, mut events, mut costs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let event = |seq: i64, kind: &str, body: &str| -> Vec<Value> {
            let sealed = keys.seal(&place("events.body", &self.call, seq), body.as_bytes());
            vec![self.call.clone().into(), seq.into(), kind.into(), sealed.into(), key.into()]
        };
        for (seq, line) in (0_i64..).zip(&self.lines) {
            let start = [self.call.clone().into(), seq.into()];
            let seal = |column: &str, plain: &str| keys.seal(&place(column, &self.call, seq), plain.as_bytes());
            let entry = match line {
                Line::Entry(entry) => entry,
                Line::Unknown(text) => {
                    events.push(event(seq, UNKNOWN, text));
                    continue;
                }
            };
            match entry {
                Entry::Line { at_us, who, text, cut, turn } => {
                    let text = seal("transcript.text", text.reveal());
                    let rest = [
                        number(*at_us),
                        word(who).into(),
                        text.into(),
                        (*cut).into(),
                        i64::from(*turn).into(),
                        key.into(),
                    ];
                    transcript.push([&start[..], &rest].concat());
                }
                Entry::Turn(turn) => turns.push([&start[..], &stages(turn)].concat()),
                entry if facts.take(entry) => {
                    if let Entry::Costs { bill, .. } = entry {
                        costs.extend((0_i64..).zip(&bill.lines).map(|(line, item)| cost(&self.call, line, item)));
                    }
                }
                entry => {
                    let body = serde_json::to_string(entry).unwrap_or_default();
                    events.push(event(seq, &kind(&body), &body));
                }
            }
        }
        events.extend((0_i64..).skip(self.lines.len()).zip(&self.closed).map(|(seq, what)| event(seq, CLOSED, what)));
        let call = facts.row(&self.call, clinic, instance, keys);
        Rows { call, turns, transcript, events, costs }
    }
}

/// Where a sealed value stands.
pub(super) fn place(column: &str, call: &str, seq: i64) -> String {
    format!("{column}/{call}/{seq}")
}

/// What is in the call's own row.
#[derive(Default)]
struct Facts<'a> {
    rang: Option<&'a Entry>,
    planned: Option<&'a Entry>,
    concluded: Option<&'a Entry>,
    costs: Option<&'a Entry>,
    ended: Option<&'a Entry>,
}

impl<'a> Facts<'a> {
    /// Whether this entry is of them; a second one of a kind is not.
    fn take(&mut self, entry: &'a Entry) -> bool {
        let slot = match entry {
            Entry::Rang { .. } => &mut self.rang,
            Entry::Planned { .. } => &mut self.planned,
            Entry::Concluded { .. } => &mut self.concluded,
            Entry::Costs { .. } => &mut self.costs,
            Entry::Ended { .. } => &mut self.ended,
            Entry::Notice { .. }
            | Entry::Answered { .. }
            | Entry::Line { .. }
            | Entry::Estimated { .. }
            | Entry::Turn(_)
            | Entry::BargeIn { .. }
            | Entry::Recovered { .. }
            | Entry::Key { .. }
            | Entry::Hold { .. }
            | Entry::Unhold { .. } => return false,
        };
        slot.is_none() && slot.replace(entry).is_none()
    }

    fn row(&self, call: &str, clinic: &str, instance: &str, keys: &Keys) -> Vec<Value> {
        let mut row: Vec<Value> = vec![call.into(), clinic.into(), instance.into()];
        let of_id = || {
            uuid::Uuid::parse_str(call).ok().and_then(|id| id.get_timestamp()).map_or(0, |at| at.to_unix().0 * 1_000)
        };
        if let Some(Entry::Rang { at, transport, caller, dialled, language, .. }) = self.rang {
            let sealed = keys.seal(&place("calls.caller", call, 0), caller.reveal().as_bytes());
            let began = milliseconds(at).unwrap_or_else(|| of_id() as i64);
            row.extend([
                began.into(),
                word(transport).into(),
                sealed.into(),
                dialled.clone().into(),
                word(language).into(),
            ]);
        } else {
            row.extend([(of_id() as i64).into(), none(), Value::Bytes(None), none(), none()]);
        }
        if let Some(Entry::Planned { cheaper, arms }) = self.planned {
            row.extend([(*cheaper).into(), json(arms).into()]);
        } else {
            row.extend([Value::Bool(None), none()]);
        }
        if let Some(Entry::Costs { at_us, bill }) = self.costs {
            let amounts = [number(bill.total.0), number(bill.cached_characters)];
            row.extend([number(*at_us), bill.currency.clone().into()].into_iter().chain(amounts));
        } else {
            row.extend([no_number(), none(), no_number(), no_number()]);
        }
        if let Some(Entry::Ended { at_us, reason, counters }) = self.ended {
            row.extend([number(*at_us), word(reason).into(), json(counters).into()]);
        } else {
            row.extend([no_number(), none(), none()]);
        }
        row.push(i64::from(keys.newest()).into());
        if let Some(Entry::Concluded { outcome, intent, language }) = self.concluded {
            row.extend([word(outcome), word(intent), word(language)].map(Value::from));
        } else {
            row.extend([none(), none(), none()]);
        }
        row
    }
}

fn stages(turn: &TurnTimeline) -> [Value; 13] {
    let TurnTimeline {
        turn: of,
        speech_end_us,
        endpoint_due_us,
        endpoint_us,
        stt_final_us,
        drafted_us,
        first_token_us,
        first_tts_us,
        first_audio_us,
        first_packet_us,
        filler_us,
        finished_us,
        cut,
    } = turn;
    let stage = |at: &Option<u64>| at.map_or_else(no_number, number);
    [
        i64::from(*of).into(),
        stage(speech_end_us),
        stage(endpoint_due_us),
        stage(endpoint_us),
        stage(stt_final_us),
        stage(drafted_us),
        stage(first_token_us),
        stage(first_tts_us),
        stage(first_audio_us),
        stage(first_packet_us),
        stage(filler_us),
        stage(finished_us),
        (*cut).into(),
    ]
}

fn cost(call: &str, line: i64, item: &Item) -> Vec<Value> {
    let usage = item.usage;
    let counts = [
        usage.audio_ms,
        usage.characters,
        usage.requests,
        usage.tokens_in,
        usage.tokens_cached,
        usage.tokens_out,
        usage.estimated,
    ];
    let words: [Value; 5] =
        [call.into(), line.into(), word(&item.kind).into(), item.provider.clone().into(), item.model.clone().into()];
    let cost = item.cost.map_or_else(no_number, |cost| number(cost.0));
    words.into_iter().chain(counts.map(number)).chain([cost, number(usage.tokens_written)]).collect()
}

/// What no database can hold, nothing here reaches.
fn number(value: u64) -> Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

const fn no_number() -> Value {
    Value::BigInt(None)
}

const fn none() -> Value {
    Value::String(None)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A variant's name as it stands in a journal.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// [`word`], back.
pub(super) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(word))
}

/// The kind of an entry in JSON.
fn kind(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    value["entry"].as_str().unwrap_or(UNKNOWN).to_owned()
}

pub(super) fn milliseconds(at: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

/// [`crate::clock::stamp`] of this many milliseconds since 1970.
pub(super) fn stamp(began_ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(began_ms) * 1_000_000)
        .map(crate::clock::stamp)
        .unwrap_or_default()
}
