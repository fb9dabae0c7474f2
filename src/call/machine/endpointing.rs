//! When the caller has finished, and what becomes of the turn: its words go to the agent, a draft is used, or nothing was understood.

use attendant_media::frame::Samples;

use super::{Machine, Phase, Timer};
use crate::agent::Expect;
use crate::call::canned::Phrase;
use crate::call::conversation::join;
use crate::call::effect::Effect;
use crate::call::turn::{Floor, Voice, endpoint_wait};
use crate::call::utterance::Purpose;
use crate::phrases::Refusal;
use crate::stt;

/// A voice this long was no cough: if no word of it was understood, another recogniser hears it again, and the caller is asked to say it
/// again...
pub(super) const WORTH_REPEATING: Samples = Samples::from_millis(800);
/// ...so often in a row. More of it is noise.
const REPEATS: u32 = 2;

impl Machine {
    pub(super) fn set_endpoint(&mut self, last: Samples) {
        let wait = endpoint_wait(&self.hearing.words(), self.language, &self.asked, &self.config);
        let due = self.keypad.endpoint(self.time_of(last) + wait);
        self.turn.endpoint_due_us = Some(due.max(self.now).since(self.origin).as_micros() as u64);
        self.timers.set(Timer::Endpoint, due);
    }

    /// The recogniser says that the caller has finished; acoustics must agree, and the next key has its time. Of what is read piece by
    /// piece it knows less than we do.
    pub(super) fn end_of_turn(&mut self) {
        if self.keypad.endpoint(self.now) > self.now || self.asked.kind.is_in_pieces() {
            return;
        }
        if let Floor::Caller { voice: Voice::Quiet(_), .. } = self.floor {
            self.timers.clear(Timer::Endpoint);
            self.endpoint();
        }
    }

    pub(super) fn endpoint(&mut self) {
        let Floor::Caller { from, voice: Voice::Quiet(last) } = self.floor else { return };
        self.turn.endpoint_us = Some(self.at_us());
        self.floor = Floor::Settling { from, last };
        let owed = self.hearing.unanswered().is_some() && self.timers.is_set(Timer::Flush);
        self.hearing.flush(from, last, &mut self.out);
        if self.noise {
            // It goes on, and there may yet be words in it.
            let at = self.clock();
            self.hearing.input(stt::Input::SpeechStart { at }, &mut self.out);
        }
        // Words that are owed already are not owed later for it.
        if !owed {
            self.await_last_words();
        }
        self.timers.set(Timer::Filler, self.now + self.config.filler());
    }

    /// The caller's turn is over, and these are its words.
    pub(super) fn turn_over(&mut self, from: Samples, last: Samples) {
        self.timers.clear(Timer::Flush);
        self.turn.stt_final_us = Some(self.at_us());
        let words = self.hearing.take(last);
        let keys = self.keypad.take();
        if !keys.is_empty() {
            // It was a key that was waited for, not a word.
            self.turn.speech_end_us = None;
        }
        let said = join(&words, &keys, self.language);
        let draft = self.draft_of(&said);
        if said.is_empty() {
            self.nothing_understood(last.saturating_sub(from));
            return;
        }
        self.silence_prompts = 0;
        self.repeats = 0;
        self.caller_said(&said);
        let refusal = self.refused(&said);
        if refusal.is_some() {
            self.timers.clear(Timer::Filler);
            self.floor = Floor::Agent;
            self.say(Phrase::RecordingStopped, Purpose::Notice, Expect::default());
        }
        match (refusal, draft) {
            (None, Some(draft)) => self.use_draft(*draft),
            (None, None) => self.think(),
            (Some(refusal), draft) => {
                if draft.is_some() {
                    self.out.push_back(Effect::CancelThought);
                }
                match refusal {
                    Refusal::Alone => {}
                    Refusal::AndMore => self.think(),
                }
            }
        }
    }

    /// A turn of this length without a word: a cough, or a caller whom the recogniser cannot make out.
    fn nothing_understood(&mut self, length: Samples) {
        self.timers.clear(Timer::Filler);
        self.release_filler();
        self.announce();
        if length >= WORTH_REPEATING && self.repeats < REPEATS && self.phase == Phase::Talking {
            self.repeats += 1;
            self.floor = Floor::Agent;
            let asked = self.asked.clone();
            self.say(Phrase::RepeatPlease, Purpose::Notice, asked);
        } else if self.mouth.is_announcing() {
            self.floor = Floor::Agent;
        } else {
            self.floor = Floor::Open;
            self.timers.set(Timer::Silence, self.now + self.config.silence_prompt());
        }
    }
}
