//! What a simulated call is made of, and what came of it.

use std::time::Duration;

use attendant::agent::Who;
use attendant::call::timeline::{EndReason, Entry};
use attendant::language::Language;
use attendant::stt::{Capabilities, Hearer, Hearers, Partials};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

use crate::sim::brain::Answer;
use crate::sim::caller::{Act, Stretch};
use crate::sim::ears::Eager;
use crate::sim::faults::Fault;
use crate::sim::invariants::Invariant;
use crate::sim::line::Line;
use crate::sim::models;
use crate::sim::mood::Mood;
use crate::sim::voices::Timbre;

#[derive(Clone, Debug)]
pub struct Script {
    pub seed: u64,
    pub language: Language,
    pub acts: Vec<Act>,
    pub line: Line,
    /// A media stream instead of RTP: the carrier plays what it gets this much later, and reports marks.
    pub carrier: Option<Duration>,
    pub ears: Mood,
    /// What recognisers say of words while the caller speaks.
    pub partials: Partials,
    /// The first recogniser tells the end of turns, as Flux does: in the language in which the call begins.
    pub eager: Option<Eager>,
    pub voice: Mood,
    pub brain: Mood,
    /// The real agent with these models, in place of the scripted one.
    pub models: Vec<models::Script>,
    pub timbre: Timbre,
    /// The first answers; the rest is drawn.
    pub answers: Vec<Answer>,
    pub goodbye_after: usize,
    pub tool_every: usize,
    pub transfer_every: usize,
    pub transfer_to: Option<String>,
    pub transfer: Transfer,
    /// The call is recorded: the caller hears so first.
    pub recorded: bool,
    pub fault: Option<Fault>,
}

/// What becomes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    Accepted,
    Refused,
    /// No answer ever comes.
    Silent,
}

impl Script {
    /// A call on a fair line with providers that are well.
    pub fn new(seed: u64, acts: Vec<Act>, answers: Vec<Answer>) -> Self {
        Self {
            seed,
            language: Language::English,
            acts,
            line: Line::fair(),
            carrier: None,
            ears: Mood::Normal,
            partials: Partials::Changing,
            eager: None,
            voice: Mood::Normal,
            brain: Mood::Normal,
            models: Vec::new(),
            timbre: Timbre::Coded,
            answers,
            goodbye_after: 0,
            tool_every: 0,
            transfer_every: 0,
            transfer_to: None,
            transfer: Transfer::Accepted,
            recorded: false,
            fault: None,
        }
    }
}

impl Script {
    /// What a recogniser of this number promises, if it tells the end of turns or not: one and the same hears all languages.
    pub fn hearers(&self, who: usize, tells_ends: bool) -> Hearers {
        let hearer = |language| {
            let end_of_turn = tells_ends && language == self.language;
            let capabilities = Capabilities { partials: self.partials, end_of_turn };
            (language, Hearer { who, capabilities })
        };
        Language::ALL.map(hearer).into()
    }

    /// How long after a sound its words may come: a recogniser that fails is replaced within seconds, and hears it again.
    pub fn late_words(&self) -> Duration {
        match self.ears {
            Mood::Normal => Duration::from_millis(3_000),
            Mood::Slow
            | Mood::ConnectsLate
            | Mood::FailsOnce
            | Mood::StallsOnce
            | Mood::Silent
            | Mood::DiesMidWord
            | Mood::EmptyOnce
            | Mood::LateChunks
            | Mood::Wordless => Duration::from_millis(12_000),
        }
    }
}

/// A line of the history that the agent is shown: who, what, and whether it was cut.
pub type Shown = (Who, String, bool);

/// What happened, for tests that look closely.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A session is opened for a recogniser.
    Hears(Language),
    /// A recogniser has missed words.
    Missed,
    Audible(SpeechId),
    Pause,
    Resume {
        back: u32,
    },
    Mute,
    Think(Vec<Shown>),
    Draft(Vec<Shown>),
    ConfirmThought,
    CancelThought,
    ToolStarted,
    ToolDone,
}

impl Note {
    /// Whose language a session is opened for, if one is.
    pub fn hears(&self) -> Option<Language> {
        if let Self::Hears(language) = self { Some(*language) } else { None }
    }
}

/// What left in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub at: Time,
    pub sounds: bool,
}

#[derive(Debug)]
pub struct Outcome {
    pub broken: Vec<(Invariant, String)>,
    pub reason: Option<EndReason>,
    pub transcript: Vec<Entry>,
    pub lasted: Duration,
    pub stretches: Vec<Stretch>,
    pub notes: Vec<(Time, Note)>,
    pub slots: Vec<Slot>,
    pub tools_run: usize,
    /// How often the caller's clock was made up for.
    pub drift_corrections: u64,
}

impl Outcome {
    /// The lines of one side, in order.
    pub fn lines(&self, wanted: Who) -> Vec<&str> {
        let text = |entry| match entry {
            &Entry::Line { who, ref text, .. } if who == wanted => Some(text.reveal().as_str()),
            _ => None,
        };
        self.transcript.iter().filter_map(text).collect()
    }

    /// When something of this kind happened.
    pub fn times(&self, wanted: impl Fn(&Note) -> bool) -> Vec<Time> {
        self.notes.iter().filter(|(_, note)| wanted(note)).map(|(at, _)| *at).collect()
    }

    /// What the agent was shown, each time it was asked.
    pub fn asked(&self) -> Vec<&[Shown]> {
        let shown = |(_, note): &'_ (Time, Note)| matches!(note, Note::Think(_));
        self.notes
            .iter()
            .filter(|note| shown(note))
            .map(|(_, note)| match note {
                Note::Think(shown) => shown.as_slice(),
                _ => &[],
            })
            .collect()
    }

    /// Fails with everything there is to know, if an invariant was broken.
    pub fn must_hold(&self, what: &str) {
        assert!(self.broken.is_empty(), "{what}: {:#?}\n{:#?}", self.broken, self.transcript);
    }
}
