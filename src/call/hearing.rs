//! Keeps the ears open: one recogniser session at a time, watched, replaced when it fails or goes deaf, and its words in order.
//!
//! Words are kept by their place on the sample clock, so a late or reordered final lands where it was said. Nothing here knows
//! whose turn it is.

mod doubts;
mod lateness;
mod losses;

use std::collections::VecDeque;

use attendant_media::frame::{SLOT_SAMPLES, Samples};

use doubts::Doubt;
use lateness::Suspect;
pub(super) use losses::{Failure, Loss};

use super::conversation::join;
use super::ears::KEPT;
use super::effect::{Effect, SttEffect};
use crate::language::Language;
use crate::privacy::Pii;
use crate::stt::stable::is_the_same;
use crate::stt::{Event, Hearer, Hearers, Hints, Input, Partials, Setup};

/// A final that begins within words already taken and ends at most this much after them brings nothing new: recognisers place its
/// end a little after the last voiced sample.
const OVERHANG: Samples = Samples::from_millis(400);

/// Speech begins a little before acoustics notice it; a session that is opened late is replayed from here.
const PREROLL: Samples = Samples::from_millis(300);

/// So much can be heard again.
const REPLAYED: Samples = Samples((KEPT * SLOT_SAMPLES) as u64);

/// What an event of the recogniser means to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Of an older session, or of no consequence.
    Nothing,
    Ready,
    /// The session is at work, and has nothing new to say.
    Listening,
    /// New words, up to this sample.
    Words {
        to: Samples,
        fin: bool,
    },
    /// All words of the voice are there whose last words were asked for.
    Flushed {
        from: Samples,
        to: Samples,
    },
    /// All words up to an earlier flush are: the last one is still owed.
    Behind,
    /// The recogniser says that the caller has finished.
    EndOfTurn,
    /// The recogniser thinks that the caller may have finished.
    EagerEnd,
    /// No, the caller went on.
    Resumed,
    /// The session is over and well: another is to hear in the language that is settled.
    Left,
    Failed(Failure),
}

#[derive(Clone, Debug)]
struct Piece {
    text: Pii<String>,
    /// Bytes of it that will not change.
    stable: usize,
    from: Samples,
    to: Samples,
}

#[derive(Debug)]
pub(super) struct Hearing {
    session: u32,
    recogniser: usize,
    /// By place in the list.
    recognisers: Vec<Hearers>,
    /// When the present session was.
    opened: Samples,
    failures: u32,
    /// Of these, passing ones of the present recogniser.
    passing: u32,
    language: Language,
    hints: Hints,
    /// Likely whatever is asked.
    names: Vec<String>,
    finals: Vec<Piece>,
    partial: Option<Piece>,
    /// What a session before said of what this one hears again: it counts as long as this one has said less.
    before: Vec<Piece>,
    /// This session hears what was said since then.
    replayed: Samples,
    /// Words up to here were taken into a turn.
    taken: Samples,
    flushing: Option<Flush>,
    doubt: Option<Doubt>,
    /// Voices that were doubted since there were words.
    doubts: u32,
    /// Whoever missed words that another one found: the numbers of their [`Hearer`]s.
    missed: Vec<usize>,
    /// Sessions that may have let the call wait for words of what was not taken yet.
    suspects: Vec<Suspect>,
    /// So far the session has listened.
    listened: Samples,
    /// So far there have been words that were not said before.
    worded: Samples,
}

/// Who hears another language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// The session that is open.
    Here,
    /// One that is yet to be opened.
    Elsewhere,
}

/// A voice whose last words were asked for and have not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flush {
    from: Samples,
    up_to: Samples,
    /// Sessions that were asked for the same again.
    again: u32,
}

impl Hearing {
    pub(super) fn new(language: Language, recognisers: Vec<Hearers>) -> Self {
        Self {
            session: 0,
            recogniser: 0,
            recognisers,
            opened: Samples::ZERO,
            failures: 0,
            passing: 0,
            language,
            hints: Hints::default(),
            names: Vec::new(),
            finals: Vec::new(),
            partial: None,
            before: Vec::new(),
            replayed: Samples::ZERO,
            taken: Samples::ZERO,
            flushing: None,
            doubt: None,
            doubts: 0,
            missed: Vec::new(),
            suspects: Vec::new(),
            listened: Samples::ZERO,
            worded: Samples::ZERO,
        }
    }

    /// Every session begins with these names: some recognisers take likely words only then.
    pub(super) fn knowing(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    /// What is likely of the present question, and then the names.
    fn likely(&self) -> Hints {
        let mut hints = self.hints.clone();
        let names = self.names.iter().filter(|name| !self.hints.phrases.contains(name));
        hints.phrases.extend(names.cloned());
        hints
    }

    /// Opens the first session, or replaces the present one, replaying what was heard since `from` and is still kept. Words that begin
    /// before stay as they are, and the replay follows them.
    pub(super) fn open(&mut self, from: Samples, now: Samples, out: &mut VecDeque<Effect>) {
        self.session += 1;
        self.opened = now;
        let heard_from = from.saturating_sub(PREROLL).max(now.saturating_sub(REPLAYED));
        let given = self.told().filter(|piece| piece.from < heard_from).map(|piece| piece.to).max();
        let replay_from = from.saturating_sub(PREROLL).max(self.taken).max(given.unwrap_or_default());
        (self.finals, self.before) = self.told().cloned().partition(|piece| piece.to <= replay_from);
        for kept in &mut self.finals {
            // Nobody hears them again.
            kept.stable = kept.text.reveal().len();
        }
        self.partial = None;
        self.listened = Samples::ZERO;
        self.replayed = replay_from;
        let setup = Setup { language: self.language, hints: self.likely() };
        out.push_back(Effect::Stt(SttEffect::Open {
            session: self.session,
            recogniser: self.recogniser,
            setup,
            replay_from,
            end_of_turn: self.hearer(self.language).is_some_and(|hearer| hearer.capabilities.end_of_turn),
        }));
    }

    /// Who hears this language at the present place, and how.
    fn hearer(&self, language: Language) -> Option<Hearer> {
        self.recognisers.get(self.recogniser)?.get(&language).copied()
    }

    /// What the present recogniser says of words while the caller speaks.
    pub(super) fn partials(&self) -> Partials {
        self.hearer(self.language).map_or(Partials::None, |hearer| hearer.capabilities.partials)
    }

    pub(super) fn handle(&mut self, session: u32, event: Event) -> News {
        if session != self.session {
            return News::Nothing;
        }
        match event {
            Event::Ready => News::Ready,
            Event::SpeechStart { .. } => News::Nothing,
            Event::EagerEnd { .. } => News::EagerEnd,
            Event::Resumed { .. } => News::Resumed,
            Event::Partial { text, stable, from, to } => {
                // A partial that was overtaken by its final would say the words twice.
                let known = self.finals.iter().any(|piece| piece.to >= to);
                if known || self.is_old(from, to) || text.reveal().trim().is_empty() {
                    return News::Nothing;
                }
                self.listened = self.listened.max(to);
                if self
                    .partial
                    .as_ref()
                    .is_none_or(|before| before.from != from || !is_the_same(before.text.reveal(), text.reveal()))
                {
                    self.worded = self.worded.max(to);
                }
                let stable = text.reveal().floor_char_boundary(stable);
                self.partial = Some(Piece { text, stable, from, to });
                News::Words { to, fin: false }
            }
            Event::Final { text, from, to, .. } => {
                if self.partial.as_ref().is_some_and(|partial| partial.from < to) {
                    self.partial = None;
                }
                if text.reveal().trim().is_empty() || self.is_old(from, to) {
                    return News::Nothing;
                }
                self.is_well();
                self.doubts = 0;
                self.listened = self.listened.max(to);
                self.worded = self.worded.max(to);
                let place = self.finals.partition_point(|piece| piece.from <= from);
                let stable = text.reveal().len();
                self.finals.insert(place, Piece { text, stable, from, to });
                News::Words { to, fin: true }
            }
            Event::Listening { up_to } => {
                self.listened = self.listened.max(up_to);
                News::Listening
            }
            Event::EndOfTurn { .. } => News::EndOfTurn,
            Event::Flushed { up_to } => match self.flushing {
                Some(asked) if asked.up_to <= up_to => {
                    self.flushing = None;
                    self.is_well();
                    self.before.clear();
                    News::Flushed { from: asked.from, to: asked.up_to }
                }
                Some(_) => News::Behind,
                None => News::Nothing,
            },
            Event::Left => News::Left,
            Event::Failed(error) => News::Failed(error.kind.into()),
        }
    }

    const fn is_well(&mut self) {
        self.failures = 0;
        self.passing = 0;
    }

    /// How long the session has listened to a voice that began at `from` and found no new word in it.
    pub(super) fn wordless(&self, from: Samples) -> Samples {
        self.listened.saturating_sub(self.worded.max(from))
    }

    /// Whether words there were taken already.
    fn is_old(&self, from: Samples, to: Samples) -> bool {
        to <= self.taken || (from < self.taken && to <= self.taken + OVERHANG)
    }

    /// Asks for the last words of a voice that began at `from`, or of an earlier one whose words have not come either.
    pub(super) fn flush(&mut self, from: Samples, up_to: Samples, out: &mut VecDeque<Effect>) {
        let from = self.flushing.map_or(from, |asked| asked.from.min(from));
        self.flushing = Some(Flush { from, up_to, again: 0 });
        out.push_back(Effect::Stt(SttEffect::Input(Input::Flush { up_to })));
    }

    /// Where the voice began and ended whose last words have not come.
    pub(super) fn unanswered(&self) -> Option<(Samples, Samples)> {
        self.flushing.map(|asked| (asked.from, asked.up_to))
    }

    /// Whether the last words were asked for a second time, of a session that heard it all again.
    pub(super) fn was_asked_again(&self) -> bool {
        self.flushing.is_some_and(|asked| asked.again > 0)
    }

    pub(super) fn input(&self, input: Input, out: &mut VecDeque<Effect>) {
        out.push_back(Effect::Stt(SttEffect::Input(input)));
    }

    pub(super) fn hint(&mut self, hints: Hints, out: &mut VecDeque<Effect>) {
        if hints != self.hints {
            self.hints = hints;
            // A recogniser that takes hints at any time forgets those before them.
            out.push_back(Effect::Stt(SttEffect::Input(Input::Hints(self.likely()))));
        }
    }

    /// The language is settled: every later session begins in it. The present one goes on in it if the same recogniser hears both alike; if
    /// not, the next is opened for whoever is first asked in this language.
    pub(super) fn speak(&mut self, language: Language, out: &mut VecDeque<Effect>) -> Spoken {
        let before = self.hearer(self.language);
        self.language = language;
        if before.is_some() && self.hearer(language) == before {
            out.push_back(Effect::Stt(SttEffect::Input(Input::Language(language))));
            return Spoken::Here;
        }
        self.recogniser = 0;
        self.is_well();
        self.doubt = None;
        self.doubts = 0;
        self.missed.clear();
        self.suspects.clear();
        Spoken::Elsewhere
    }

    /// What was said and not yet taken, finals first; of what two sessions have heard, by the one that got further.
    fn told(&self) -> impl Iterator<Item = &Piece> {
        let (kept, finals) = self.finals.split_at(self.finals.partition_point(|piece| piece.to <= self.replayed));
        let anew = reach(finals.iter().chain(&self.partial));
        let (before, finals, partial) = if reach(&self.before) > anew {
            (&self.before[..], &[][..], None)
        } else {
            (&[][..], finals, self.partial.as_ref())
        };
        kept.iter().chain(before).chain(finals).chain(partial)
    }

    /// The words not yet taken.
    pub(super) fn words(&self) -> String {
        self.told().fold(String::new(), |all, piece| join(&all, piece.text.reveal(), self.language))
    }

    /// Those of them that will not be taken back; `None`: it is all of them, as far as anybody says.
    pub(super) fn stable_words(&self) -> Option<String> {
        let may_change = |piece: &Piece| !is_the_same(&piece.text.reveal()[..piece.stable], piece.text.reveal());
        match self.partials() {
            Partials::WithStable if self.told().any(may_change) => {}
            Partials::WithStable | Partials::Changing | Partials::None => return None,
        }
        let stable = |all: String, piece: &Piece| join(&all, &piece.text.reveal()[..piece.stable], self.language);
        Some(self.told().fold(String::new(), stable))
    }

    /// Where the words begin that were not taken.
    pub(super) fn first(&self) -> Option<Samples> {
        self.told().map(|piece| piece.from).min()
    }

    /// Up to where there are words that were not taken.
    pub(super) fn last(&self) -> Option<Samples> {
        self.told().map(|piece| piece.to).max()
    }

    /// Takes the words: they belong to a turn now, and those up to `up_to` are not heard twice.
    pub(super) fn take(&mut self, up_to: Samples) -> String {
        let words = self.words();
        self.forget(up_to);
        words
    }

    /// Drops the words up to `up_to`: they were a backchannel, an echo, a noise.
    pub(super) fn forget(&mut self, up_to: Samples) {
        self.taken = self.taken.max(up_to).max(self.last().unwrap_or_default());
        self.finals.clear();
        self.partial = None;
        self.before.clear();
        self.flushing = None;
        self.doubt = None;
        self.suspects.clear();
    }
}

/// Where the last of these words ends.
fn reach<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Samples {
    pieces.into_iter().map(|piece| piece.to).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
