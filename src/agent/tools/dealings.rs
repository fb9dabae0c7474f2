//! What the server holds of one caller's dealings with the book: handles, who they were found to be, what they were offered.
//!
//! A model passes handles and never ids of the EMR. A handle is signed with a key drawn for the call and known in the call alone: one
//! from another call, or one made up, means nothing here. Identity is settled here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::Sha256;

use super::trace::{Found, Touched, Trace};
use super::untold::Untold;
use super::write_up::Later;
use super::{Message, Outcome};
use crate::agent::cards::Cards;
use crate::emr::{AppointmentRef, Held, Patient, PatientRef, Place, VisitKind};
use crate::privacy::Pii;
use crate::store::keys::Keys;

/// An offered time is good for so long: after that the book is asked again.
const SLOT_LIVES: SignedDuration = SignedDuration::from_mins(5);

/// Handles a call may hold: some eighty searches.
const MOST_HANDLES: usize = 256;

/// Failed checks of identity in a call; after that a person takes over.
const MOST_FAILURES: u32 = 3;

/// Searches for a chart in a call: a family's, and their misspellings.
const MOST_SEARCHES: u32 = 6;

/// The code of a write of which nobody knows whether it happened: it is never sent again.
pub(crate) const OUTCOME_UNKNOWN: &str = "outcome_unknown";

/// Bytes of a handle: hard to guess in a call, easy for a model to copy.
const HANDLE: usize = 6;

/// See the module header. One for each call.
pub struct Dealings {
    key: [u8; 32],
    held: Mutex<State>,
    untold: Untold,
    cards: Cards,
}

#[derive(Default)]
struct State {
    handles: BTreeMap<String, (Meaning, Timestamp)>,
    failures: u32,
    searches: u32,
    proposal: Option<Proposal>,
    /// What came of the writes of this call, by what was asked.
    done: BTreeMap<String, Outcome>,
    /// Messages about writes that are over, which nobody needs once the ledger says so.
    known: Vec<String>,
    /// What else is still to be written down of tools that ran.
    later: Vec<Later>,
    /// What was asked about again, though it may be right.
    doubted: BTreeSet<String>,
    /// By the tool that runs.
    touched: Touched,
}

/// What a handle stands for.
#[derive(Clone)]
pub(super) enum Meaning {
    Person(Person),
    Slot(Slot),
    Appointment(Held, VisitMinutes),
    Card(Card),
}

/// Minutes that an appointment takes.
pub(super) type VisitMinutes = u16;

/// A health card whose number can be right. The model holds its handle, and never the number.
#[derive(Clone)]
pub(super) struct Card {
    /// Two letters.
    pub province: &'static str,
    /// Without spaces and dashes.
    pub number: Pii<String>,
    /// Ontario's letters after it.
    pub version: Option<Pii<String>>,
}

/// Someone a caller says they are.
#[derive(Clone)]
pub(super) struct Person {
    /// Charts with that name and birth date: none, one or several. The model is never told which.
    pub charts: Vec<Patient>,
    /// Settled by a factor that only the owner of the chart knows.
    pub verified: Option<PatientRef>,
}

/// A time that was offered.
#[derive(Clone, PartialEq)]
pub(super) struct Slot {
    pub place: Place,
    pub kind: VisitKind,
    pub provider_name: String,
}

/// A write that waits for the caller's yes.
#[derive(Clone)]
struct Proposal {
    what: String,
    /// Lines there were before it was made.
    after: usize,
}

impl Default for Dealings {
    fn default() -> Self {
        Self { key: rand::random(), held: Mutex::default(), untold: Untold::default(), cards: Cards::default() }
    }
}

impl Dealings {
    /// The numbers of cards that were said to the agent.
    pub(in crate::agent) fn cards(&self) -> &Cards {
        &self.cards
    }

    /// The handle of this meaning; the same content has the same handle throughout a call.
    pub(super) fn issue(&self, content: &str, meaning: Meaning, now: Timestamp) -> String {
        let prefix = match meaning {
            Meaning::Person(_) => "patient",
            Meaning::Slot(_) => "slot",
            Meaning::Appointment(..) => "appointment",
            Meaning::Card(_) => "card",
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(prefix.as_bytes());
        mac.update(content.as_bytes());
        let signed = mac.finalize().into_bytes();
        let name: String = signed[..HANDLE].iter().map(|b| format!("{b:02x}")).collect();
        let handle = format!("{prefix}_{name}");
        let mut state = self.held.lock();
        if state.handles.len() >= MOST_HANDLES {
            let oldest = state.handles.iter().min_by_key(|(_, (_, at))| *at).map(|(handle, _)| handle.clone());
            oldest.and_then(|handle| state.handles.remove(&handle));
        }
        let meaning = match (meaning, state.handles.get(&handle)) {
            // Searched for again: who was made sure of, stays so.
            (Meaning::Person(person), Some((Meaning::Person(before), _))) => {
                let verified =
                    before.verified.clone().filter(|known| person.charts.iter().any(|chart| chart.id == *known));
                Meaning::Person(Person { verified: verified.or(person.verified), charts: person.charts })
            }
            (meaning, _) => meaning,
        };
        state.handles.insert(handle.clone(), (meaning, now));
        handle
    }

    pub(super) fn person(&self, handle: &str) -> Option<Person> {
        match self.held.lock().handles.get(handle) {
            Some((Meaning::Person(person), _)) => Some(person.clone()),
            Some((Meaning::Slot(_) | Meaning::Appointment(..) | Meaning::Card(_), _)) | None => None,
        }
    }

    /// A slot that was offered not long ago.
    pub(super) fn slot(&self, handle: &str, now: Timestamp) -> Option<Slot> {
        match self.held.lock().handles.get(handle) {
            Some((Meaning::Slot(slot), issued)) if now.duration_since(*issued) <= SLOT_LIVES => Some(slot.clone()),
            Some((Meaning::Person(_) | Meaning::Slot(_) | Meaning::Appointment(..) | Meaning::Card(_), _)) | None => {
                None
            }
        }
    }

    pub(super) fn appointment(&self, handle: &str) -> Option<(Held, VisitMinutes)> {
        match self.held.lock().handles.get(handle) {
            Some((Meaning::Appointment(held, minutes), _)) => Some((held.clone(), *minutes)),
            Some((Meaning::Person(_) | Meaning::Slot(_) | Meaning::Card(_), _)) | None => None,
        }
    }

    pub(super) fn card(&self, handle: &str) -> Option<Card> {
        match self.held.lock().handles.get(handle) {
            Some((Meaning::Card(card), _)) => Some(card.clone()),
            Some((Meaning::Person(_) | Meaning::Slot(_) | Meaning::Appointment(..), _)) | None => None,
        }
    }

    /// This person is the owner of that chart.
    pub(super) fn settle(&self, handle: &str, patient: PatientRef) {
        if let Some((Meaning::Person(person), _)) = self.held.lock().handles.get_mut(handle) {
            person.verified = Some(patient);
        }
    }

    /// The tool that runs looks at these charts, and reads or compares this of them.
    pub(super) fn touch<'a>(&self, charts: impl IntoIterator<Item = &'a PatientRef>, read: &[&'static str]) {
        self.held.lock().touched.charts(charts, read);
    }

    /// The caller heard this of what it does, and went on.
    pub(super) fn warned(&self, of: &'static str) {
        self.held.lock().touched.warned(of);
    }

    /// The caller said why, in a word of a fixed list.
    pub(super) fn reason(&self, word: &'static str) {
        self.held.lock().touched.reason(word);
    }

    /// It has written this appointment.
    pub(super) fn wrote(&self, appointment: &AppointmentRef) {
        self.held.lock().touched.wrote(appointment);
    }

    /// It searched for who is calling, or checked a factor, and came to this.
    pub(super) fn found(&self, found: Found) {
        self.held.lock().touched.found(found);
    }

    /// What the tool that ran touched, sealed for the audit. Tools of a call run one after the other.
    pub(in crate::agent) fn trace(&self, keys: Option<&Keys>, took: Duration) -> Trace {
        let touched = std::mem::take(&mut self.held.lock().touched);
        touched.sealed(keys, took)
    }

    /// Whether another search is allowed; counts it.
    pub(super) fn may_search(&self) -> bool {
        let mut state = self.held.lock();
        state.searches += 1;
        state.searches <= MOST_SEARCHES && state.failures < MOST_FAILURES
    }

    pub(super) fn may_verify(&self) -> bool {
        self.held.lock().failures < MOST_FAILURES
    }

    /// A check of identity failed; whether another is allowed.
    pub(super) fn failed(&self) -> bool {
        let mut state = self.held.lock();
        state.failures += 1;
        state.failures < MOST_FAILURES
    }

    /// Whether this is doubted for the first time: who stays with it is believed.
    pub(super) fn is_new_doubt(&self, what: String) -> bool {
        self.held.lock().doubted.insert(what)
    }

    /// Proposes this write, when there were so many lines.
    pub(super) fn propose(&self, what: &str, after: usize) {
        self.held.lock().proposal = Some(Proposal { what: what.to_owned(), after });
    }

    /// The line from which on this write was proposed; `None` if it was not, or another was since.
    pub(super) fn proposed(&self, what: &str) -> Option<usize> {
        self.held.lock().proposal.as_ref().filter(|p| p.what == what).map(|p| p.after)
    }

    /// The write that this message is about is over.
    pub(super) fn known(&self, message: String) {
        self.held.lock().known.push(message);
    }

    pub(super) fn take_known(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().known)
    }

    /// The ledger does not say what came of the tool that ran: what it wrote stays with the staff's messages, until the next start.
    pub(in crate::agent) fn unrecorded(&self) {
        self.take_known();
    }

    /// To be written down once the result of the tool is there.
    pub(super) fn later(&self, what: Later) {
        self.held.lock().later.push(what);
    }

    pub(super) fn take_later(&self) -> Vec<Later> {
        std::mem::take(&mut self.held.lock().later)
    }

    /// What came of a write, which the caller has not been told.
    pub(super) fn owe(&self, message: Message) {
        self.untold.add(message);
    }

    /// What came of the writes that are over is where requests take it from.
    pub(in crate::agent) fn show(&self) {
        self.untold.show();
    }

    /// How many writes a request that is made now has the results of.
    pub(in crate::agent) fn shown(&self) -> usize {
        self.untold.shown()
    }

    /// An answer to a request that had the results of so many writes was given to the call to say.
    pub(in crate::agent) fn told(&self, writes: usize) {
        self.untold.told(writes);
    }

    /// The call is over: this is for the staff.
    pub(in crate::agent) fn hung_up(&self) -> Vec<Message> {
        self.untold.hung_up()
    }

    /// What ended after the call was over.
    pub(super) fn owed_to_nobody(&self) -> Vec<Message> {
        self.untold.for_staff()
    }

    /// What came of this write before, in this call.
    pub(super) fn done(&self, what: &str) -> Option<Outcome> {
        self.held.lock().done.get(what).cloned()
    }

    pub(super) fn finish(&self, what: String, outcome: Outcome) {
        let mut state = self.held.lock();
        state.proposal = None;
        if outcome.is_ok() {
            // What was so before need not be so now: booked, cancelled, and wanted back.
            state.done.clear();
        }
        if outcome.is_ok() || outcome.result["code"] == OUTCOME_UNKNOWN {
            state.done.insert(what, outcome);
        }
    }
}

impl std::fmt::Debug for Dealings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dealings").field("handles", &self.held.lock().handles.len()).finish_non_exhaustive()
    }
}
