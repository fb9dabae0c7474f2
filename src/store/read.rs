//! Reading calls back: rows of the tables become the entries that the call's journal had, in its order.
//!
//! What is sealed is opened only where it is asked for: lists and sums need no patient's words.

use std::collections::HashMap;

use sea_orm::sea_query::Value;
use sea_orm::{DbErr, QueryResult, TryGetable};
use serde::de::DeserializeOwned;

use super::closed::Closed;
use super::record::{CLOSED, UNKNOWN, from_word, place, stamp};
use super::schema::{CALLS, COSTS, Columns, EVENTS, TRANSCRIPT, TURNS};
use super::{Store, StoreError, rows};
use crate::call::CallId;
use crate::call::timeline::{Entry, TurnTimeline};
use crate::costs::bill::Item;
use crate::costs::{Bill, Money, Usage};
use crate::privacy::Pii;
use crate::records::Past;

/// How much of a call is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// When, how long, each turn's stages, costs: nothing of the caller.
    Figures,
    /// Also who rang, what was said and what else happened.
    Whole,
}

/// Calls of one question for their rows: under SQLite's limit of values.
const AT_ONCE: usize = 500;

impl Store {
    /// The newest calls, newest first.
    pub(super) async fn newest(&self, limit: usize) -> Result<Vec<Past>, StoreError> {
        let sql = format!("{} WHERE clinic = $1 ORDER BY began_ms DESC, call DESC LIMIT $2", selection(CALLS));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.calls(&sql, vec![self.clinic.to_string().into(), limit.into()], Part::Figures).await
    }

    /// Calls whose id begins or ends so.
    pub(super) async fn find(&self, id: &str) -> Result<Vec<Past>, StoreError> {
        // Nothing else is in an id, and what else there is would be a pattern.
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Ok(Vec::new());
        }
        let sql = format!("{} WHERE clinic = $1 AND (call LIKE $2 OR call LIKE $3) ORDER BY call", selection(CALLS));
        let values = vec![self.clinic.to_string().into(), format!("{id}%").into(), format!("%{id}").into()];
        self.calls(&sql, values, Part::Whole).await
    }

    /// Every call that began at this time (milliseconds since 1970) or later, in the order in which they began.
    pub(super) async fn since(&self, began_ms: i64) -> Result<Vec<Past>, StoreError> {
        let sql = format!("{} WHERE clinic = $1 AND began_ms >= $2 ORDER BY began_ms, call", selection(CALLS));
        self.calls(&sql, vec![self.clinic.to_string().into(), began_ms.into()], Part::Figures).await
    }

    /// When each call that began then or later began (RFC 3339), and its bill, by the call's id; calls that cost nothing are left out.
    pub(super) async fn bills(&self, began_ms: i64) -> Result<Vec<(String, String, Bill)>, StoreError> {
        let sql = format!(
            "{} WHERE clinic = $1 AND began_ms >= $2 AND cost IS NOT NULL ORDER BY began_ms, call",
            selection(CALLS)
        );
        let calls = self.calls(&sql, vec![self.clinic.to_string().into(), began_ms.into()], Part::Figures).await?;
        let bill = |past: Past| {
            let mut began = None;
            let mut told = None;
            for entry in past.entries {
                match entry {
                    Entry::Rang { at, .. } => began = Some(at),
                    Entry::Costs { bill, .. } => told = Some(bill),
                    _ => {}
                }
            }
            Some((past.call, began?, told?))
        };
        Ok(calls.into_iter().filter_map(bill).collect())
    }

    pub(super) async fn calls(&self, sql: &str, values: Vec<Value>, part: Part) -> Result<Vec<Past>, StoreError> {
        let calls = self.rows(sql, values).await?;
        let mut past = Vec::with_capacity(calls.len());
        for some in calls.chunks(AT_ONCE) {
            let ids: Vec<String> = some.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
            let mut closed = HashMap::new();
            let mut between = self.between(&ids, part, &mut closed).await?;
            let mut costs = self.costs(&ids).await?;
            for (row, id) in some.iter().zip(ids) {
                let call = Row::of(row, &id);
                let mut closed: Closed = closed.remove(&id).unwrap_or_default();
                let between = between.remove(&id).unwrap_or_default();
                let entries = self.whole(&call, between, costs.remove(&id), part, &mut closed)?;
                let recording = self.recording(&id, call.get(3)?);
                past.push(Past { call: id, entries, recording, closed: closed.told() });
            }
        }
        Ok(past)
    }

    /// What stands between a call's beginning and its end, by its line in the journal.
    async fn between(
        &self,
        ids: &[String],
        part: Part,
        closed: &mut HashMap<String, Closed>,
    ) -> Result<HashMap<String, Vec<(i64, Entry)>>, StoreError> {
        let mut found: HashMap<String, Vec<(i64, Entry)>> = HashMap::new();
        let mut add = |row: &Row<'_>, entry: Entry| -> Result<(), StoreError> {
            found.entry(row.call.to_owned()).or_default().push((row.get(1)?, entry));
            Ok(())
        };
        for row in self.of_calls(TURNS, ids).await? {
            let id: String = row.try_get_by_index(0)?;
            let row = Row::of(&row, &id);
            add(&row, Entry::Turn(turn(&row)?))?;
        }
        if part == Part::Whole {
            for row in self.of_calls(TRANSCRIPT, ids).await? {
                let id: String = row.try_get_by_index(0)?;
                let row = Row::of(&row, &id);
                let closed = closed.entry(id.clone()).or_default();
                let Some(text) = closed.noting(self.opened(&row, "transcript.text", 4))? else { continue };
                let entry = Entry::Line {
                    at_us: row.count(2)?,
                    who: row.word(3)?,
                    text: Pii::new(text),
                    cut: row.get(5)?,
                    turn: row.small(6)?,
                };
                add(&row, entry)?;
            }
            for row in self.of_calls(EVENTS, ids).await? {
                let id: String = row.try_get_by_index(0)?;
                let row = Row::of(&row, &id);
                let closed = closed.entry(id.clone()).or_default();
                let Some(body) = closed.noting(self.opened(&row, "events.body", 3))? else { continue };
                match serde_json::from_str(&body) {
                    Ok(entry) => add(&row, entry)?,
                    Err(_) if row.get::<String>(2)? == CLOSED => closed.note(body),
                    // As in a journal, what a newer release wrote is passed over.
                    Err(_) if row.get::<String>(2)? == UNKNOWN => {}
                    Err(_) => return Err(row.wrong("an event")),
                }
            }
        }
        Ok(found)
    }

    async fn costs(&self, ids: &[String]) -> Result<HashMap<String, Vec<Item>>, StoreError> {
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        for row in self.of_calls(COSTS, ids).await? {
            let id: String = row.try_get_by_index(0)?;
            let row = Row::of(&row, &id);
            let usage = Usage {
                audio_ms: row.count(5)?,
                characters: row.count(6)?,
                requests: row.count(7)?,
                tokens_in: row.count(8)?,
                tokens_cached: row.count(9)?,
                tokens_written: row.count(13)?,
                tokens_out: row.count(10)?,
                estimated: row.count(11)?,
            };
            let item = Item {
                kind: row.word(2)?,
                provider: row.get(3)?,
                model: row.get(4)?,
                usage,
                cost: row.maybe(12)?.map(Money),
            };
            found.entry(id.clone()).or_default().push(item);
        }
        Ok(found)
    }

    /// Rows of these calls, in their order within each.
    async fn of_calls(&self, from: Columns, ids: &[String]) -> Result<Vec<QueryResult>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=ids.len()).map(|at| format!("${at}")).collect();
        let sql =
            format!("{} WHERE call IN ({}) ORDER BY call, {}", selection(from), places.join(", "), from.columns[1]);
        Ok(rows(&self.database, &sql, ids.iter().map(|id| id.as_str().into()).collect()).await?)
    }

    fn whole(
        &self,
        call: &Row<'_>,
        mut between: Vec<(i64, Entry)>,
        items: Option<Vec<Item>>,
        part: Part,
        closed: &mut Closed,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::with_capacity(between.len() + 4);
        if let Some(transport) = call.maybe_word(4)? {
            let caller = match part {
                Part::Whole => {
                    let sealed: Vec<u8> = call.get(5)?;
                    closed.noting(self.text(&place("calls.caller", call.call, 0), &sealed))?.unwrap_or_default()
                }
                Part::Figures => String::new(),
            };
            entries.push(Entry::Rang {
                call: uuid::Uuid::parse_str(call.call).map(CallId).map_err(|_| call.wrong("the id"))?,
                at: stamp(call.get(3)?),
                clinic: call.get(1)?,
                transport,
                caller: Pii::new(caller),
                dialled: call.get::<Option<String>>(6)?.unwrap_or_default(),
                language: call.word(7)?,
            });
        }
        if let Some(cheaper) = call.get::<Option<bool>>(8)? {
            entries.push(Entry::Planned { cheaper, arms: call.json(9)? });
        }
        between.sort_by_key(|(seq, _)| *seq);
        entries.extend(between.into_iter().map(|(_, entry)| entry));
        // Of a call whose record has no end, only the table says what it came to.
        if let Some(language) = call.maybe_word(20)? {
            entries.push(Entry::Concluded { outcome: call.word(18)?, intent: call.word(19)?, language });
        }
        if let Some(at_us) = call.maybe(10)? {
            let bill = Bill {
                currency: call.get(11)?,
                lines: items.unwrap_or_default(),
                cached_characters: call.count(13)?,
                total: Money(call.count(12)?),
            };
            entries.push(Entry::Costs { at_us, bill });
        }
        if let Some(at_us) = call.maybe(14)? {
            entries.push(Entry::Ended { at_us, reason: call.word(15)?, counters: call.json(16)? });
        }
        Ok(entries)
    }

    /// A sealed text of a row with a line number.
    fn opened(&self, row: &Row<'_>, column: &str, at: usize) -> Result<String, StoreError> {
        self.text(&place(column, row.call, row.get(1)?), &row.get::<Vec<u8>>(at)?)
    }

    /// A text of this clinic's that is sealed at this place.
    pub(super) fn text(&self, place: &str, sealed: &[u8]) -> Result<String, StoreError> {
        String::from_utf8(self.own.open(place, sealed)?).map_err(|_| StoreError::Record(format!("a text at {place}")))
    }

    fn recording(&self, call: &str, began_ms: i64) -> Option<std::path::PathBuf> {
        let day = stamp(began_ms);
        crate::records::recording_beside(&self.records.join(day.get(..10)?).join(call))
    }
}

pub(super) fn selection(from: Columns) -> String {
    format!("SELECT {} FROM {}", from.columns.join(", "), from.table)
}

fn turn(row: &Row<'_>) -> Result<TurnTimeline, StoreError> {
    Ok(TurnTimeline {
        turn: row.small(2)?,
        speech_end_us: row.maybe(3)?,
        endpoint_due_us: row.maybe(4)?,
        endpoint_us: row.maybe(5)?,
        stt_final_us: row.maybe(6)?,
        drafted_us: row.maybe(7)?,
        first_token_us: row.maybe(8)?,
        first_tts_us: row.maybe(9)?,
        first_audio_us: row.maybe(10)?,
        first_packet_us: row.maybe(11)?,
        filler_us: row.maybe(12)?,
        finished_us: row.maybe(13)?,
        cut: row.get(14)?,
    })
}

/// One row, by the places of its table's columns.
struct Row<'a> {
    row: &'a QueryResult,
    call: &'a str,
}

impl<'a> Row<'a> {
    const fn of(row: &'a QueryResult, call: &'a str) -> Self {
        Self { row, call }
    }

    fn wrong(&self, what: &str) -> StoreError {
        StoreError::Record(format!("{what} of call {}", self.call))
    }

    fn get<T: TryGetable>(&self, at: usize) -> Result<T, StoreError> {
        Ok(self.row.try_get_by_index(at)?)
    }

    fn count(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(at)?).map_err(|_| self.wrong("a count"))
    }

    fn small(&self, at: usize) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i64>(at)?).map_err(|_| self.wrong("a count"))
    }

    fn maybe(&self, at: usize) -> Result<Option<u64>, StoreError> {
        let value = self.get::<Option<i64>>(at)?;
        value.map(|value| u64::try_from(value).map_err(|_| self.wrong("a count"))).transpose()
    }

    fn word<T: DeserializeOwned>(&self, at: usize) -> Result<T, StoreError> {
        from_word(self.get(at)?).map_err(|_| self.wrong("a word"))
    }

    fn maybe_word<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, StoreError> {
        let word = self.get::<Option<String>>(at)?;
        word.map(|word| from_word(word).map_err(|_| self.wrong("a word"))).transpose()
    }

    fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.get::<String>(at)?).map_err(|_| self.wrong("a list"))
    }
}
