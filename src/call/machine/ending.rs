//! How a call ends, once: silence, limits, transfer, goodbye.

use attendant_media::frame::Samples;

use super::{Line, Machine, Phase, Timer};
use crate::agent::{Expect, ExpectKind};
use crate::call::canned::Phrase;
use crate::call::conversation::join;
use crate::call::effect::{Effect, LegEffect};
use crate::call::event::{Command, Gone};
use crate::call::settings::deadline;
use crate::call::thought::Then;
use crate::call::timeline::EndReason;
use crate::call::turn::{Floor, Heard, Verdict};
use crate::call::utterance::Purpose;

impl Machine {
    /// Everything there was to say has been heard.
    pub(super) fn all_said(&mut self) {
        match &self.phase {
            Phase::Talking if self.floor == Floor::Agent && self.thought.is_idle() => {
                match std::mem::replace(&mut self.thought.then, Then::Listen) {
                    Then::Listen => {
                        self.floor = Floor::Open;
                        self.timers.clear(Timer::Filler);
                        self.timers.set(Timer::Silence, self.now + self.config.silence_prompt());
                    }
                    Then::HangUp => self.hang_up_after_tail(EndReason::Goodbye),
                    Then::Transfer(to) => {
                        self.phase = Phase::Transferring(Line::Open);
                        // Until somebody answers, the caller hears that the line is there.
                        self.timers.set(Timer::Filler, self.now + self.config.filler());
                        // Who is being passed on may be put on hold or sent elsewhere: the transfer has its own deadline.
                        self.timers.clear(Timer::Media);
                        self.timers.set(Timer::Transfer, self.now + deadline::TRANSFER);
                        self.out.push_back(Effect::Transport(Command::Transfer { to }));
                    }
                }
            }
            Phase::Closing(reason) => {
                let reason = *reason;
                self.hang_up_after_tail(reason);
            }
            Phase::Ringing
            | Phase::Talking
            | Phase::OnHold
            | Phase::Transferring(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => {}
        }
    }

    /// Nobody has spoken for long: ask, and in the end say goodbye.
    pub(super) fn silence(&mut self) {
        if self.phase != Phase::Talking || self.floor != Floor::Open {
            return;
        }
        if self.silence_prompts >= self.config.silence_prompts {
            self.close(Phrase::SilenceGoodbye, EndReason::CallerSilent);
            return;
        }
        self.silence_prompts += 1;
        self.floor = Floor::Agent;
        let asked = self.asked.clone();
        self.say(Phrase::StillThere, Purpose::Notice, asked);
    }

    /// Says last words, whole, and hangs up.
    pub(super) fn close(&mut self, words: Phrase, reason: EndReason) {
        match self.phase {
            Phase::Talking | Phase::OnHold => {
                if self.phase == Phase::OnHold {
                    self.out.push_back(Effect::Leg(LegEffect::Unhold));
                }
                self.drop_answer();
                self.mouth.release(&mut self.out);
                self.timers.clear(Timer::Silence);
                self.timers.clear(Timer::Endpoint);
                self.timers.clear(Timer::Contest);
                self.timers.clear(Timer::Flush);
                self.timers.clear(Timer::MaxDuration);
                self.floor = Floor::Agent;
                self.phase = Phase::Closing(reason);
                self.say(words, Purpose::Notice, Expect { kind: ExpectKind::Nothing, ..Expect::default() });
            }
            Phase::Ringing => self.end(reason),
            Phase::Transferring(_) => self.due_end = Some((words, reason)),
            Phase::Closing(_) | Phase::HangingUp(_) | Phase::Leaving(_) | Phase::Ended => {}
        }
    }

    /// What the far side's jitter buffer still holds is heard before the BYE.
    fn hang_up_after_tail(&mut self, reason: EndReason) {
        self.phase = Phase::HangingUp(reason);
        self.timers.clear_all();
        self.timers.set(Timer::HangUp, self.now + deadline::HANG_UP_TAIL);
    }

    /// The tail is out, or the caller's last words do not come.
    pub(super) fn hang_up_due(&mut self) {
        match self.phase {
            Phase::HangingUp(reason) => self.end(reason),
            Phase::Leaving(_) => self.leave(),
            Phase::Ringing
            | Phase::Talking
            | Phase::OnHold
            | Phase::Transferring(_)
            | Phase::Closing(_)
            | Phase::Ended => {}
        }
    }

    pub(super) fn transferred(&mut self, result: Result<(), u16>) {
        let Phase::Transferring(line) = self.phase else { return };
        self.timers.clear(Timer::Transfer);
        self.timers.clear(Timer::Filler);
        let status = match result {
            Ok(()) => return self.end(EndReason::Transferred),
            Err(status) => status,
        };
        match line {
            Line::Open => {
                self.phase = Phase::Talking;
                self.timers.set(Timer::Media, self.now + self.config.media_timeout());
            }
            Line::Held => {
                self.phase = Phase::OnHold;
                self.mouth.pause(&mut self.out);
            }
        }
        self.floor = Floor::Agent;
        self.conversation.note(&format!("The transfer failed with status {status}."));
        match self.due_end.take() {
            Some((words, reason)) => self.close(words, reason),
            None => self.say(Phrase::TransferFailed, Purpose::Notice, Expect::default()),
        }
    }

    pub(super) fn gone(&mut self, gone: Gone) {
        let reason = match (&self.phase, gone) {
            (Phase::HangingUp(reason) | Phase::Closing(reason), Gone::HungUp | Gone::Cancelled | Gone::Lost) => *reason,
            (Phase::Transferring(_), Gone::HungUp) => EndReason::Transferred,
            (Phase::Ringing | Phase::Talking | Phase::OnHold | Phase::Leaving(_) | Phase::Ended, Gone::HungUp) => {
                EndReason::Caller
            }
            (
                Phase::Ringing
                | Phase::Talking
                | Phase::OnHold
                | Phase::Transferring(_)
                | Phase::Leaving(_)
                | Phase::Ended,
                Gone::Cancelled,
            ) => EndReason::Cancelled,
            (
                Phase::Ringing
                | Phase::Talking
                | Phase::OnHold
                | Phase::Transferring(_)
                | Phase::Leaving(_)
                | Phase::Ended,
                Gone::Lost,
            ) => EndReason::SignallingLost,
        };
        self.end(reason);
    }

    /// The call is over, and why is settled: nothing is said any more. If the recogniser may still have words of the caller's, they are
    /// waited for: they belong to the transcript, and may refuse the recording.
    pub(super) fn end(&mut self, reason: EndReason) {
        if matches!(self.phase, Phase::Leaving(_) | Phase::Ended) {
            return;
        }
        let heard = self.mouth.cut(&mut self.out);
        if let Some(said) = heard {
            self.agent_said(said);
        }
        self.drop_draft();
        if !self.thought.is_idle() {
            self.out.push_back(Effect::CancelThought);
        }
        let voice = self.unheard();
        self.floor = Floor::Open;
        self.timers.clear_all();
        self.out.push_back(Effect::Transport(Command::HangUp));
        self.phase = Phase::Leaving(reason);
        match voice {
            Some(from) => {
                // Nothing more is sent; what was heard is still being put into words.
                self.out.push_back(Effect::Leg(LegEffect::Hold));
                self.hearing.flush(from, self.clock(), &mut self.out);
                self.timers.set(Timer::HangUp, self.now + deadline::STT_FLUSH);
            }
            None => self.leave(),
        }
    }

    /// Where a voice began whose words may not all be there yet.
    fn unheard(&self) -> Option<Samples> {
        let asked = self.hearing.unanswered().map(|(from, _)| from);
        let voice = match self.floor {
            Floor::Caller { from, .. } | Floor::Contested { from, .. } | Floor::Settling { from, .. } => Some(from),
            Floor::Open | Floor::Agent => asked,
        };
        match self.phase {
            Phase::Talking | Phase::OnHold => voice,
            // Over last words, or on the way to a person, no voice has the floor: only a refusal matters, if it came to that.
            Phase::Transferring(_) | Phase::Closing(_) | Phase::HangingUp(_) => {
                asked.or_else(|| self.recording.is_on().then(|| self.clock()))
            }
            Phase::Ringing | Phase::Leaving(_) | Phase::Ended => None,
        }
    }

    /// All words are there, or will not come. Set once; nothing leaves after it.
    pub(super) fn leave(&mut self) {
        let Phase::Leaving(reason) = self.phase else { return };
        let is_echo = self.verdict(Heard::Whole) == Verdict::Echo;
        let words = self.hearing.take(self.clock());
        let words = if is_echo { String::new() } else { words };
        let said = join(&words, &self.keypad.take(), self.language);
        if !said.is_empty() {
            self.caller_said(&said);
            self.refused(&said);
        }
        self.keep_only_what_was_announced();
        self.timers.clear_all();
        self.phase = Phase::Ended;
        self.out.push_back(Effect::End(reason));
    }
}
