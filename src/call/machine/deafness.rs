//! When the recogniser fails, says nothing, finds no words, or is late: hear the turn again with another session, or do without.
//!
//! It never opens sessions in a loop: the pauses between them are `hearing`'s.

use std::time::Duration;

use attendant_media::frame::Samples;

use super::endpointing::WORTH_REPEATING;
use super::{Machine, Phase, Timer};
use crate::call::hearing::{Failure, Loss};
use crate::call::settings::deadline;
use crate::call::thought::Then;
use crate::call::timeline::{Entry, Recovery};
use crate::call::turn::{Floor, Voice};
use crate::stt;

impl Machine {
    /// The last words do not come: the recogniser is replaced, and the next one hears the turn again. If they do not come then
    /// either, what there is must do.
    pub(super) fn flush_late(&mut self) {
        // Another session may be on its way, with a deadline of its own.
        let is_opening = self.timers.is_set(Timer::SttReady) || self.timers.is_set(Timer::SttReopen);
        match self.floor {
            Floor::Settling { from, last } if self.hearing.was_asked_again() && !self.hearing.words().is_empty() => {
                self.hearing.convict_late(&mut self.out);
                if !is_opening {
                    self.hearing.owes_last_words(&mut self.out);
                }
                self.turn_over(from, last);
            }
            Floor::Settling { .. } if is_opening => self.await_last_words(),
            Floor::Settling { .. } => {
                self.hearing.owes_last_words(&mut self.out);
                self.deaf("no last words in time", Failure::Lasting);
            }
            Floor::Open | Floor::Agent | Floor::Caller { .. } | Floor::Contested { .. } => {
                match self.hearing.unanswered() {
                    Some(_) if is_opening => self.await_last_words(),
                    Some(_) => {
                        self.hearing.owes_last_words(&mut self.out);
                        self.deaf("a voice without words", Failure::Lasting);
                    }
                    None => {}
                }
            }
        }
    }

    /// An earlier flush was answered: the recogniser is at work, and the last one has its time.
    pub(super) fn behind(&mut self) {
        if self.timers.is_set(Timer::Flush) {
            self.await_last_words();
        }
    }

    pub(super) fn await_last_words(&mut self) {
        self.timers.set(Timer::Flush, self.now + deadline::STT_FLUSH);
    }

    /// A voice goes on, and the recogniser gives no sign of life. First it is doubted: another session hears the turn again. If that
    /// one ends in the same way, having had words, it is the voice: a noise keeps it from ending, and the words are the turn. If every
    /// recogniser does, the turn ends as well: whether they are deaf is for their answer to the flush to show.
    pub(super) fn wordless(&mut self) {
        match self.floor {
            Floor::Caller { from, voice: Voice::Sounding } => {
                let heard_again = self.heard_again == Some(from) && !self.hearing.words().is_empty();
                if heard_again || self.hearing.is_at_its_last() {
                    self.end_of_noise(from);
                } else {
                    self.heard_again = Some(from);
                    self.hearing.owes_words(from, self.clock());
                    self.deaf("voice without words", Failure::Passing);
                }
            }
            Floor::Contested { from, voice: Voice::Sounding } => {
                self.hearing.owes_words(from, self.clock());
                self.deaf("voice without words", Failure::Passing);
            }
            Floor::Open
            | Floor::Agent
            | Floor::Settling { .. }
            | Floor::Caller { voice: Voice::Quiet(_), .. }
            | Floor::Contested { voice: Voice::Quiet(_), .. } => {}
        }
    }

    /// A voice that was no cough, and no word in it: another recogniser hears it again before it is taken for a noise.
    pub(super) fn doubt(&mut self, from: Samples, to: Samples) -> bool {
        let is_all = match self.floor {
            Floor::Settling { .. } | Floor::Agent | Floor::Contested { voice: Voice::Quiet(_), .. } => {
                self.phase == Phase::Talking && self.hearing.words().trim().is_empty()
            }
            Floor::Open | Floor::Caller { .. } | Floor::Contested { voice: Voice::Sounding, .. } => false,
        };
        // Keys have no words.
        if !is_all || to.saturating_sub(from) < WORTH_REPEATING || self.keypad.is_pressed() {
            return false;
        }
        if !self.hearing.doubt(from, to, &mut self.out) {
            return false;
        }
        let detail = "no word in a voice".to_owned();
        self.journal(Entry::Recovered { at_us: self.at_us(), what: Recovery::SttReopened, detail });
        self.timers.clear(Timer::SttPartial);
        self.reopen_ears();
        true
    }

    /// A session is not there as soon as it was to be.
    pub(super) fn not_ready(&mut self) {
        self.hearing.overdue(&mut self.out);
        self.deaf("not ready in time", Failure::Lasting);
    }

    /// The recogniser failed or hears nothing: another session is opened, at once or after a pause.
    pub(super) fn deaf(&mut self, why: &str, how: Failure) {
        self.journal(Entry::Recovered { at_us: self.at_us(), what: Recovery::SttReopened, detail: why.to_owned() });
        self.timers.clear(Timer::SttReady);
        self.timers.clear(Timer::SttPartial);
        match self.hearing.lost(how, self.clock()) {
            Loss::Retry { after: Duration::ZERO } => self.reopen_ears(),
            Loss::Retry { after } => self.timers.set(Timer::SttReopen, self.now + after),
            Loss::Hopeless { after } => {
                self.timers.set(Timer::SttReopen, self.now + after);
                // Who is about to leave need not be told.
                if self.phase == Phase::Talking && self.thought.then == Then::Listen {
                    self.drop_answer();
                    self.timers.clear(Timer::Endpoint);
                    self.timers.clear(Timer::Flush);
                    self.timers.clear(Timer::Contest);
                    self.timers.clear(Timer::Silence);
                    self.floor = Floor::Agent;
                    self.apologise();
                }
            }
        }
    }

    /// Another session hears the call from now on: the language has changed.
    pub(super) fn change_ears(&mut self) {
        self.timers.clear(Timer::SttReopen);
        self.timers.clear(Timer::SttPartial);
        self.reopen_ears();
    }

    /// The new session hears this turn again.
    pub(super) fn reopen_ears(&mut self) {
        let heard = |from, voice| match voice {
            Voice::Sounding => Some((from, None)),
            Voice::Quiet(last) => Some((from, Some(last))),
        };
        let voice = match self.floor {
            Floor::Caller { from, voice } | Floor::Contested { from, voice } => heard(from, voice),
            Floor::Settling { from, last } => Some((from, Some(last))),
            Floor::Open | Floor::Agent => self.hearing.unanswered().map(|(from, last)| (from, Some(last))),
        };
        // Words of an earlier voice may be awaited as well.
        let earlier = |from: Samples| self.hearing.unanswered().map_or(from, |(first, _)| first.min(from));
        let voice = voice.map(|(from, to)| (earlier(from), to));
        self.timers.set(Timer::SttReady, self.now + deadline::STT_READY);
        self.hearing.reopen(voice, self.clock(), &mut self.out);
        match self.floor {
            Floor::Settling { .. } => {
                if self.noise {
                    // It goes on, and there may yet be words in it.
                    let at = self.clock();
                    self.hearing.input(stt::Input::SpeechStart { at }, &mut self.out);
                }
                self.await_last_words();
            }
            Floor::Caller { voice, .. } | Floor::Contested { voice, .. } => self.keep_watching(voice),
            Floor::Open | Floor::Agent => {
                if self.hearing.unanswered().is_some() {
                    self.await_last_words();
                }
            }
        }
    }
}
