//! Writes of which nobody knows whether they happened: never sent again, and their time is given to nobody meanwhile.
//!
//! A request that was lost may still be carried out minutes later, by a server that was only slow; and who sent it may have ended before the
//! answer came. So each is noted before it is sent, where every instance sees it and no crash loses it, and taken out when its outcome is known.
//! A note holds a provider, a time, and of a new appointment whose it is, as digests: nothing of a patient.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::days::Hold;
use super::{EmrError, Place, slot};
use crate::clock;
use crate::state::{Key, Shared, State};

/// After that the server has done it or never will, and the staff have been told. Milliseconds.
const LIVES_MS: i64 = 900_000;

/// An EMR with so many at once books nothing anyway.
const MOST: usize = 512;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    place: Option<Place>,
    /// Of a new appointment: the name of whose it is, so that it is known when it comes late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whose: Option<String>,
    /// Of the wall clock, since 1970.
    since_ms: i64,
}

impl Note {
    fn now(place: Option<&Place>, whose: Option<&str>) -> Self {
        Self { place: place.cloned(), whose: whose.map(str::to_owned), since_ms: now() }
    }
}

/// A new appointment that was sent, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub name: String,
    pub place: Place,
    /// The name of whose it is.
    pub whose: String,
}

/// See the module header. To be used while the day is held.
#[derive(Debug)]
pub(super) struct Unsettled {
    shared: Shared,
    key: Key,
}

/// What was unsettled when it was looked at, by what was wished or the appointment that was to change.
#[derive(Debug, Default)]
pub(super) struct Notes {
    standing: BTreeMap<String, Note>,
    over: Vec<String>,
}

impl Unsettled {
    /// Of the EMR of this [`super::identity`].
    pub(super) fn new(emr: &str, shared: &Shared) -> Self {
        Self { shared: shared.clone(), key: Key::unsettled(emr) }
    }

    /// The name of a wish, or of an appointment, among them.
    pub(super) fn name(&self, of: &str) -> String {
        self.shared.pseudonym(of)
    }

    pub(super) async fn notes(&self) -> Result<Notes, EmrError> {
        let table = self.shared.notes(&self.key).await.map_err(lost)?;
        Ok(Notes::of(table, now()))
    }

    /// New appointments of this instance, and of the process before on its folder, of which nobody knows whether they were written. One that is under
    /// way is among them: whoever acts on it holds the day first, and looks again.
    pub(super) async fn own(&self) -> Result<Vec<Sent>, EmrError> {
        let table = self.shared.here().table(&self.key).await.map_err(lost)?;
        let standing = Notes::of(table, now()).standing.into_iter();
        Ok(standing.filter_map(|(name, note)| Some(Sent { name, place: note.place?, whose: note.whose? })).collect())
    }

    /// To be done before anything is sent.
    async fn begin(&self, name: &str, note: &Note, notes: &Notes) -> Result<(), EmrError> {
        for over in &notes.over {
            self.shared.forget(&self.key, over).await.map_err(lost)?;
        }
        if notes.standing.len() >= MOST {
            let what = format!("{MOST} writes are not settled; see to the EMR. Nothing was written");
            return Err(EmrError::Unavailable(what));
        }
        let text = serde_json::to_string(note).map_err(|_| EmrError::Unavailable("a note has no JSON form".into()))?;
        self.shared.note(&self.key, name, &text).await.map_err(lost)
    }

    /// Noted where all see it, and the day is still ours: now it may be sent.
    pub(super) async fn begin_on(
        &self,
        days: &Hold,
        name: &str,
        place: Option<&Place>,
        notes: &Notes,
    ) -> Result<(), EmrError> {
        self.begin_noted(days, name, &Note::now(place, None), notes).await
    }

    /// The same for a new appointment.
    pub(super) async fn begin_new_on(&self, days: &Hold, new: &Sent, notes: &Notes) -> Result<(), EmrError> {
        self.begin_noted(days, &new.name, &Note::now(Some(&new.place), Some(&new.whose)), notes).await
    }

    async fn begin_noted(&self, days: &Hold, name: &str, note: &Note, notes: &Notes) -> Result<(), EmrError> {
        self.begin(name, note, notes).await?;
        let sure = days.check();
        if sure.is_err() {
            self.settle(name).await;
        }
        sure
    }

    /// Forgets it, unless what came of it is not known.
    pub(super) async fn conclude<T>(&self, name: &str, outcome: &Result<T, EmrError>) {
        if matches!(outcome, Err(EmrError::Unknown(_))) {
            metrics::counter!("emr_unknown_outcomes_total").increment(1);
        } else {
            self.settle(name).await;
        }
    }

    /// What came of it is known.
    pub(super) async fn settle(&self, name: &str) {
        if let Err(error) = self.shared.forget(&self.key, name).await {
            tracing::warn!(%error, minutes = LIVES_MS / 60_000, "a settled write keeps its time from others for a while");
        }
    }
}

impl Notes {
    fn of(table: BTreeMap<String, String>, now: i64) -> Self {
        let mut notes = Self::default();
        for (name, text) in table {
            match serde_json::from_str::<Note>(&text) {
                Ok(note) if now < note.since_ms.saturating_add(LIVES_MS) => {
                    notes.standing.insert(name, note);
                }
                Ok(_) | Err(_) => notes.over.push(name),
            }
        }
        notes
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.standing.contains_key(name)
    }

    /// Whether this is a new appointment of theirs that nobody was told of.
    pub(super) fn has_new(&self, whose: &str, place: &Place) -> bool {
        self.standing.values().any(|note| {
            let is_there = |sent: &Place| sent.provider == place.provider && sent.start == place.start;
            note.whose.as_deref() == Some(whose) && note.place.as_ref().is_some_and(is_there)
        })
    }

    /// Whether another write may yet take a moment of this.
    pub(super) fn may_take(&self, place: &Place, except: &str) -> bool {
        self.standing.iter().any(|(name, note)| {
            name != except
                && note.place.as_ref().is_some_and(|other| {
                    other.provider == place.provider
                        && slot::overlap((other.start, other.end), (place.start, place.end))
                })
        })
    }
}

fn lost(lost: crate::state::Lost) -> EmrError {
    EmrError::Unavailable(format!("{lost}; nothing was written"))
}

fn now() -> i64 {
    clock::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::ProviderRef;
    use super::*;

    fn place(from: i8, to: i8) -> Place {
        let at = |minute| date(2026, 3, 3).at(9, minute, 0, 0);
        Place { provider: ProviderRef("101".into()), start: at(from), end: at(to) }
    }

    #[tokio::test]
    async fn a_doubtful_time_is_kept_from_others_until_it_is_settled_or_long_ago() {
        let shared = Shared::default();
        let (one, other) = (Unsettled::new("c", &shared), Unsettled::new("c", &shared));
        let (a, b) = (one.name("a"), one.name("b"));
        one.begin(&a, &Note::now(Some(&place(0, 15)), None), &Notes::default()).await.unwrap();
        let notes = other.notes().await.unwrap();
        assert!(notes.has(&a) && notes.may_take(&place(10, 25), &b));
        assert!(!notes.may_take(&place(10, 25), &a) && !notes.may_take(&place(15, 30), &b));

        let table = shared.notes(&Key::unsettled("c")).await.unwrap();
        let later = Notes::of(table, now() + LIVES_MS);
        assert!(!later.has(&a) && !later.may_take(&place(0, 15), &b));
        other.begin(&b, &Note::now(None, None), &later).await.unwrap();
        let notes = one.notes().await.unwrap();
        assert!(!notes.has(&a) && notes.has(&b), "what is over makes room");
        one.settle(&b).await;
        assert!(!one.notes().await.unwrap().has(&b));
    }

    #[tokio::test]
    async fn a_new_appointment_is_known_by_whose_it_is_and_where_also_to_the_process_that_comes_after() {
        let folder = tempfile::tempdir().unwrap();
        let opened = || Shared::open(&crate::state::StateConfig::default(), folder.path()).unwrap();
        let sent = {
            let unsettled = Unsettled::new("c", &opened());
            let [name, moved] = ["a", "appointment 7"].map(|of| unsettled.name(of));
            let sent = Sent { name, place: place(0, 15), whose: unsettled.name("chart 1") };
            let note = Note::now(Some(&sent.place), Some(&sent.whose));
            unsettled.begin(&sent.name, &note, &Notes::default()).await.unwrap();
            unsettled.begin(&moved, &Note::now(Some(&place(15, 30)), None), &Notes::default()).await.unwrap();
            sent
        };
        let next = Unsettled::new("c", &opened());
        assert_eq!(next.own().await.unwrap(), std::slice::from_ref(&sent), "a move is none");
        let notes = next.notes().await.unwrap();
        let anothers = next.name("chart 2");
        assert!(notes.has_new(&sent.whose, &place(0, 15)) && !notes.has_new(&sent.whose, &place(15, 30)));
        assert!(!notes.has_new(&anothers, &place(0, 15)));
        next.settle(&sent.name).await;
        assert_eq!(next.own().await.unwrap(), []);
    }

    #[test]
    fn a_note_of_a_release_before_is_read() {
        let note: Note = serde_json::from_str(r#"{"place":null,"since_ms":7}"#).unwrap();
        assert_eq!(note, Note { place: None, whose: None, since_ms: 7 });
        assert_eq!(serde_json::to_string(&note).unwrap(), r#"{"place":null,"since_ms":7}"#);
    }

    #[tokio::test]
    async fn there_are_at_most_so_many() {
        let unsettled = Unsettled::new("c", &Shared::default());
        for n in 0..MOST {
            unsettled.begin(&unsettled.name(&n.to_string()), &Note::now(None, None), &Notes::default()).await.unwrap();
        }
        let notes = unsettled.notes().await.unwrap();
        assert!(matches!(unsettled.begin("more", &Note::now(None, None), &notes).await, Err(EmrError::Unavailable(_))));
    }
}
