//! Everything that is held about a person: found by the number they ring from or by their name, for an access request, and erased if they ask for it.
//!
//! Numbers and names are sealed, so they are looked for by opening them: a column to look them up in would tell whoever has the database who rang twice.
//! Of the clinic's own book what is in it about them is found apart ([`crate::emr::book::person`]), and erased here with the rest if it is in the database.
//! Looking changes nothing. What is erased leaves its ids, so that it does not come back, and proof in the audit; the audit's own rows stay.

mod looks;
mod matching;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::QueryResult;
use sea_orm::sea_query::Value;
use serde::Serialize;

use super::audit::{Action, Note, Row};
use super::closed::Closed;
use super::record::{place, stamp};
use super::retention::{Counts, What, delete, recorded, sound_of};
use super::schema::CALLS;
use super::{Store, StoreError, commit, execute, read, rows};
use crate::agent::tools::Message;
use crate::clock;
use crate::emr::book::person::{Booked, Charted};
use crate::records::Past;
use crate::records::bucket::Bucket;

pub use matching::{Name, Person, Phone, Unclear};

/// By what something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The number that rang, or that is to be called back.
    Phone,
    /// In a message, or in what was said.
    Name,
    /// A message that was left in the call, or the call in which it was left.
    SameCall,
}

type Why = BTreeSet<By>;

/// One call of theirs.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    pub found_by: Why,
    #[serde(flatten)]
    pub past: Past,
    /// The server that answered it, which alone has its recording, but for one that is in the bucket.
    pub instance: String,
    /// Its recording is in the bucket.
    #[serde(skip)]
    pub in_bucket: bool,
    /// Why the recording that is there cannot be given out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    pub tools: Vec<Step>,
    /// Who did what to it.
    pub audit: Vec<Note>,
}

impl Call {
    /// Whether there is a recording that can be had here.
    pub const fn is_recorded(&self) -> bool {
        self.past.recording.is_some() || self.in_bucket
    }
}

/// One step of a tool.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub at: String,
    pub turn: i64,
    pub tool: String,
    pub state: String,
    pub code: Option<String>,
}

/// One message of theirs.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    pub found_by: Why,
    #[serde(flatten)]
    pub message: Message,
}

/// What is held about a person, in the order of time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Held {
    pub calls: Vec<Call>,
    pub messages: Vec<Left>,
    /// In the clinic's own book.
    pub appointments: Vec<Booked>,
    /// In the same book, made by telephone.
    pub charts: Vec<Charted>,
    /// Who looked at a chart of theirs, by whatever call.
    pub looks: Vec<Row>,
    /// Calls of such rows that are left out, as another's.
    #[serde(skip)]
    pub spared_looks: BTreeSet<String>,
    /// So many charts may be theirs, and nobody said which is: who looked at it is not in `looks`. 0: no question.
    #[serde(skip)]
    pub unclear_charts: usize,
    /// Changes of that book in the database as they are to be, and of what, each under its number.
    #[serde(skip)]
    pub(crate) changes: Vec<(What, i64, Vec<u8>)>,
    /// What was taken away already, for the proof.
    #[serde(skip)]
    pub gone: Counts,
    /// What could not be looked into, anybody's: where it stands, and why.
    #[serde(skip)]
    pub closed: Vec<String>,
}

/// Rows opened at once.
const PAGE: i64 = 1_000;

/// Ids of one statement: under SQLite's limit of values.
const AT_ONCE: usize = 500;

impl Store {
    /// Everything of this clinic that is about this person.
    pub async fn held_about(&self, person: &Person) -> Result<Held, StoreError> {
        let mut calls: BTreeMap<String, Why> = BTreeMap::new();
        let mut closed = Closed::default();
        let mut add = |call: String, by| {
            calls.entry(call).or_default().insert(by);
        };
        self.callers(&mut closed, |call, caller| {
            if person.rings_from(caller) {
                add(call, By::Phone);
            }
        })
        .await?;
        self.lines(&mut closed, |call, text| {
            if person.is_named_in(text) {
                add(call, By::Name);
            }
        })
        .await?;
        let by_itself = |message: &Message| {
            let phone = [&message.caller, &message.number].iter().any(|number| person.rings_from(number.reveal()));
            let name = [&message.name, &message.text].iter().any(|text| person.is_named_in(text.reveal()));
            [phone.then_some(By::Phone), name.then_some(By::Name)].into_iter().flatten().collect::<Why>()
        };
        self.every_message(&mut closed, |message| {
            if !person.is_except(&message.id) && !by_itself(&message).is_empty() {
                calls.entry(message.call.to_string()).or_default().insert(By::SameCall);
            }
        })
        .await?;
        calls.retain(|call, _| !person.is_except(call));
        // Again, for what else was left in these calls.
        let mut messages: BTreeMap<(String, String), Left> = BTreeMap::new();
        self.every_message(&mut closed, |message| {
            let mut found_by = by_itself(&message);
            found_by.extend(calls.contains_key(&message.call.to_string()).then_some(By::SameCall));
            if !person.is_except(&message.id) && !found_by.is_empty() {
                messages.insert((message.at.clone(), message.id.clone()), Left { found_by, message });
            }
        })
        .await?;
        let mut calls = self.whole_calls(calls).await?;
        match self.in_bucket(None).await {
            Ok(there) => calls.iter_mut().for_each(|call| call.in_bucket = there.contains(&call.past.call)),
            // Everything else is theirs all the same.
            Err(error) => closed.note(format!("recordings that are not on the disk: {error}")),
        }
        calls.iter().flat_map(|call| &call.past.closed).for_each(|what| closed.note(what.clone()));
        Ok(Held { calls, messages: messages.into_values().collect(), closed: closed.told(), ..Held::default() })
    }

    async fn callers(&self, closed: &mut Closed, mut look: impl FnMut(String, &str)) -> Result<(), StoreError> {
        let page = "SELECT call, caller FROM calls WHERE clinic = $1 AND call > $2 AND caller IS NOT NULL ORDER BY call LIMIT $3";
        self.every(page, |row| {
            let (call, sealed): (String, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if let Some(caller) = closed.noting(self.text(&place("calls.caller", &call, 0), &sealed))? {
                look(call, &caller);
            }
            Ok(())
        })
        .await
    }

    async fn lines(&self, closed: &mut Closed, mut look: impl FnMut(String, &str)) -> Result<(), StoreError> {
        let page = "SELECT transcript.call, seq, text FROM transcript JOIN calls ON calls.call = transcript.call \
            WHERE clinic = $1 AND (transcript.call, seq) > ($2, $3) ORDER BY transcript.call, seq LIMIT $4";
        let (mut last, mut line) = (String::new(), 0_i64);
        loop {
            let found = self.rows(page, vec![self.of(), last.into(), line.into(), PAGE.into()]).await?;
            let Some(row) = found.last() else { return Ok(()) };
            (last, line) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            for row in &found {
                let (call, seq): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let sealed: Vec<u8> = row.try_get_by_index(2)?;
                if let Some(text) = closed.noting(self.text(&place("transcript.text", &call, seq), &sealed))? {
                    look(call, &text);
                }
            }
        }
    }

    async fn every_message(&self, closed: &mut Closed, mut look: impl FnMut(Message)) -> Result<(), StoreError> {
        let page = "SELECT id, clinic, call, at_ms, body, kind FROM messages WHERE clinic = $1 AND id > $2 ORDER BY id LIMIT $3";
        self.every(page, |row| {
            if let Some(message) = closed.noting(self.message(row))? {
                look(message);
            }
            Ok(())
        })
        .await
    }

    /// Every row of this clinic in the order of an id, which is the first column: those after $2, at most $3.
    async fn every(
        &self,
        page: &str,
        mut look: impl FnMut(&QueryResult) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let found = self.rows(page, vec![self.of(), last.into(), PAGE.into()]).await?;
            let Some(row) = found.last() else { return Ok(()) };
            last = row.try_get_by_index(0)?;
            found.iter().try_for_each(&mut look)?;
        }
    }

    async fn whole_calls(&self, mut found: BTreeMap<String, Why>) -> Result<Vec<Call>, StoreError> {
        let ids: Vec<String> = found.keys().cloned().collect();
        let mut calls = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let (places, values) = (places(some.len()), self.with(some));
            let sql = format!("{} WHERE clinic = $1 AND call IN ({places}) ORDER BY call", read::selection(CALLS));
            let past = self.calls(&sql, values.clone(), read::Part::Whole).await?;
            let sql = format!("SELECT call, instance FROM calls WHERE clinic = $1 AND call IN ({places})");
            let mut instances = BTreeMap::new();
            for row in self.rows(&sql, values.clone()).await? {
                instances.insert(row.try_get_by_index::<String>(0)?, row.try_get_by_index::<String>(1)?);
            }
            let sql = format!(
                "SELECT call, at_ms, turn, tool, state, code FROM tools WHERE clinic = $1 AND call IN ({places}) ORDER BY at_ms, position"
            );
            let mut tools: BTreeMap<String, Vec<Step>> = BTreeMap::new();
            for row in self.rows(&sql, values).await? {
                tools.entry(row.try_get_by_index(0)?).or_default().push(step(&row)?);
            }
            for past in past {
                calls.push(Call {
                    found_by: found.remove(&past.call).unwrap_or_default(),
                    instance: instances.remove(&past.call).unwrap_or_default(),
                    in_bucket: false,
                    unreadable: None,
                    tools: tools.remove(&past.call).unwrap_or_default(),
                    audit: self.audited_of(&past.call).await?,
                    past,
                });
            }
        }
        Ok(calls)
    }

    /// How many calls have a recording on this server's disk, or in the bucket if that can be asked, and no row of this clinic: nobody can say whose they are.
    pub async fn unclaimed_recordings(&self) -> Result<usize, StoreError> {
        let mut calls = recorded(self).await?;
        calls.extend(self.in_bucket(None).await.unwrap_or_default());
        let ids: Vec<String> = calls.iter().cloned().collect();
        for some in ids.chunks(AT_ONCE) {
            let sql = format!("SELECT call FROM calls WHERE clinic = $1 AND call IN ({})", places(some.len()));
            for row in self.rows(&sql, self.with(some)).await? {
                calls.remove(&row.try_get_by_index::<String>(0)?);
            }
        }
        Ok(calls.len())
    }

    /// Erases these, recordings on this server's disk and in the bucket included; `request` is written into the proof. How much of what.
    pub async fn erase(&self, held: &Held, request: &str, actor: &str) -> Result<Counts, StoreError> {
        let calls: Vec<String> = held.calls.iter().map(|call| call.past.call.clone()).collect();
        let messages: Vec<String> = held.messages.iter().map(|left| left.message.id.clone()).collect();
        let recordings = sound_of(self, &calls).await?;
        // While it is away nothing is erased.
        if let Some(bucket) = self.bucket() {
            bucket.answers().await?;
        }
        let mut counts = held.gone.clone();
        // First: if the process ends here, the calls are found again.
        let (gone, all) = delete(self, &recordings).await;
        all?;
        counts.add(What::Recordings, gone);
        // After the files: what is sent meanwhile is looked for again by who sends it.
        let kept = if let Some(bucket) = self.bucket() {
            let (removed, kept) = self.remove_of(bucket, &calls).await?;
            counts.add(What::Recordings, removed);
            kept
        } else {
            0
        };
        let transaction = self.begin().await?;
        for some in calls.chunks(AT_ONCE) {
            let places = places(some.len());
            let ours = format!("call IN (SELECT call FROM calls WHERE clinic = $1 AND call IN ({places}))");
            for (what, which) in [
                (What::Lines, format!("DELETE FROM transcript WHERE {ours}")),
                (What::Events, format!("DELETE FROM events WHERE {ours}")),
                (What::Tools, format!("DELETE FROM tools WHERE clinic = $1 AND call IN ({places})")),
                (What::Calls, format!("DELETE FROM calls WHERE clinic = $1 AND call IN ({places})")),
            ] {
                counts.add(what, execute(&transaction, &which, self.with(some)).await?);
            }
        }
        for some in messages.chunks(AT_ONCE) {
            let which = format!("DELETE FROM messages WHERE clinic = $1 AND id IN ({})", places(some.len()));
            counts.add(What::Messages, execute(&transaction, &which, self.with(some)).await?);
        }
        for (what, number, change) in &held.changes {
            counts.add(*what, self.replace_in_book(&transaction, *number, change).await?);
        }
        let now = clock::now().as_millisecond();
        for id in calls.iter().cloned().chain(messages) {
            let insert = "INSERT INTO erased (id, clinic, at_ms) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
            execute(&transaction, insert, vec![id.into(), self.of(), now.into()]).await?;
        }
        let kept = if kept == 0 { String::new() } else { format!(", kept by the bucket {kept}") };
        let note = Note::new(actor, Action::PersonErased, request, &format!("{counts}{kept}"));
        self.append(&transaction, &note).await?;
        commit(transaction).await?;
        self.write_over().await?;
        // Who seals anew asks whether it was erased once it has put it back: just before it was.
        if let Some(bucket) = self.bucket()
            && let Err(error) = self.remove_of(bucket, &calls).await
        {
            tracing::warn!(%error, "a recording that was put back while it was erased is taken away in the night");
        }
        Ok(counts)
    }

    /// How many recordings of these calls it let go, and how many it keeps: they keep nothing else of theirs.
    async fn remove_of(&self, bucket: &Bucket, calls: &[String]) -> Result<(u64, u64), StoreError> {
        let there = self.in_bucket(None).await?;
        let (mut removed, mut kept) = (0, 0);
        for call in calls.iter().filter(|call| there.contains(*call)) {
            match bucket.remove(call).await {
                Ok(()) => removed += 1,
                Err(error) if error.may_be_of_one() => {
                    tracing::warn!(%call, %error, "the bucket keeps a recording that was erased; it is tried again each night");
                    kept += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok((removed, kept))
    }

    /// Of which of these calls the bucket keeps the recording although it was erased, as one that is locked. It goes in the first night that can take it.
    pub async fn kept_in_bucket(&self, held: &Held) -> Result<Vec<String>, StoreError> {
        let there = self.in_bucket(None).await?;
        let calls = held.calls.iter().map(|call| &call.past.call);
        Ok(calls.filter(|call| there.contains(*call)).cloned().collect())
    }

    /// Ids of this clinic's calls and messages that must not come back.
    pub(super) async fn erased(&self) -> Result<BTreeSet<String>, StoreError> {
        let found = self.rows("SELECT id FROM erased WHERE clinic = $1", vec![self.of()]).await?;
        Ok(found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    fn of(&self) -> Value {
        self.clinic.to_string().into()
    }

    /// Values of a question with [`places`].
    fn with(&self, ids: &[String]) -> Vec<Value> {
        [self.of()].into_iter().chain(ids.iter().map(|id| id.clone().into())).collect()
    }
}

/// Whether a call or message with this id was erased.
pub(super) async fn is_erased(on: &impl sea_orm::ConnectionTrait, id: &str) -> Result<bool, StoreError> {
    Ok(!rows(on, "SELECT 1 FROM erased WHERE id = $1", vec![id.into()]).await?.is_empty())
}

/// `$2, $3, ...`: after the clinic.
fn places(count: usize) -> String {
    let places: Vec<String> = (2..count + 2).map(|at| format!("${at}")).collect();
    places.join(", ")
}

fn step(row: &QueryResult) -> Result<Step, StoreError> {
    Ok(Step {
        at: stamp(row.try_get_by_index(1)?),
        turn: row.try_get_by_index(2)?,
        tool: row.try_get_by_index(3)?,
        state: row.try_get_by_index(4)?,
        code: row.try_get_by_index(5)?,
    })
}

#[cfg(test)]
mod tests;
