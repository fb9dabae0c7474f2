//! Hold: nothing is said and nothing is missed until the other side is back. It never ends a call: the limits do.

use super::{Line, Machine, Phase, Timer};
use crate::call::effect::{Effect, LegEffect};
use crate::call::timeline::Entry;
use crate::call::turn::Floor;

impl Machine {
    pub(super) fn hold(&mut self) {
        match self.phase {
            Phase::Talking => {
                self.phase = Phase::OnHold;
                self.mouth.pause(&mut self.out);
                self.timers.clear(Timer::Media);
                self.timers.clear(Timer::Silence);
                self.timers.clear(Timer::Filler);
                self.timers.clear(Timer::Contest);
                self.timers.clear(Timer::SttPartial);
            }
            Phase::Transferring(Line::Open) => {
                self.phase = Phase::Transferring(Line::Held);
                self.mouth.pause(&mut self.out);
                self.timers.clear(Timer::Filler);
            }
            Phase::Ringing
            | Phase::OnHold
            | Phase::Transferring(Line::Held)
            | Phase::Closing(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => return,
        }
        self.out.push_back(Effect::Leg(LegEffect::Hold));
        self.journal(Entry::Hold { at_us: self.at_us() });
    }

    pub(super) fn unhold(&mut self) {
        match self.phase {
            Phase::OnHold => self.phase = Phase::Talking,
            Phase::Transferring(Line::Held) => self.phase = Phase::Transferring(Line::Open),
            Phase::Ringing
            | Phase::Talking
            | Phase::Transferring(Line::Open)
            | Phase::Closing(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => return,
        }
        self.out.push_back(Effect::Leg(LegEffect::Unhold));
        self.journal(Entry::Unhold { at_us: self.at_us() });
        match self.phase {
            Phase::Talking => self.talk_again(),
            Phase::Transferring(_) => {
                self.mouth.release(&mut self.out);
                self.timers.set(Timer::Filler, self.now + self.config.filler());
            }
            Phase::Ringing
            | Phase::OnHold
            | Phase::Closing(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => {}
        }
    }

    /// The hold is over: whoever had the floor has it again.
    fn talk_again(&mut self) {
        self.timers.set(Timer::Media, self.now + self.config.media_timeout());
        match self.floor {
            Floor::Contested { .. } | Floor::Agent => self.resume_agent(),
            Floor::Settling { .. } => {
                self.mouth.release(&mut self.out);
                self.timers.set(Timer::Filler, self.now + self.config.filler());
            }
            // The end of the voice, or of the wait after it, is on its way.
            Floor::Caller { .. } => self.mouth.release(&mut self.out),
            Floor::Open => {
                self.mouth.release(&mut self.out);
                self.timers.set(Timer::Silence, self.now + self.config.silence_prompt());
            }
        }
    }
}
