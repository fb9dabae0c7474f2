//! How a call ends, once: silence, limits, transfer, goodbye.

use super::{Line, Machine, Phase, Timer};
use crate::agent::{Expect, ExpectKind};
use crate::call::canned::Phrase;
use crate::call::effect::Effect;
use crate::call::event::{Command, Gone};
use crate::call::settings::deadline;
use crate::call::thought::Then;
use crate::call::timeline::EndReason;
use crate::call::turn::Floor;
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
                    self.out.push_back(Effect::Leg(crate::call::effect::LegEffect::Unhold));
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
            Phase::Closing(_) | Phase::HangingUp(_) | Phase::Ended => {}
        }
    }

    /// What the far side's jitter buffer still holds is heard before the BYE.
    fn hang_up_after_tail(&mut self, reason: EndReason) {
        self.phase = Phase::HangingUp(reason);
        self.timers.clear_all();
        self.timers.set(Timer::HangUp, self.now + deadline::HANG_UP_TAIL);
    }

    /// The tail is out.
    pub(super) fn hang_up_due(&mut self) {
        if let Phase::HangingUp(reason) = self.phase {
            self.end(reason);
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
            (Phase::Ringing | Phase::Talking | Phase::OnHold | Phase::Ended, Gone::HungUp) => EndReason::Caller,
            (
                Phase::Ringing | Phase::Talking | Phase::OnHold | Phase::Transferring(_) | Phase::Ended,
                Gone::Cancelled,
            ) => EndReason::Cancelled,
            (Phase::Ringing | Phase::Talking | Phase::OnHold | Phase::Transferring(_) | Phase::Ended, Gone::Lost) => {
                EndReason::SignallingLost
            }
        };
        self.end(reason);
    }

    /// The call is over. Set once; nothing leaves after it.
    pub(super) fn end(&mut self, reason: EndReason) {
        if self.phase == Phase::Ended {
            return;
        }
        let heard = self.mouth.cut(&mut self.out);
        if let Some(said) = heard {
            self.agent_said(said);
        }
        if !self.thought.is_idle() {
            self.out.push_back(Effect::CancelThought);
        }
        self.timers.clear_all();
        self.phase = Phase::Ended;
        self.out.push_back(Effect::Transport(Command::HangUp));
        self.out.push_back(Effect::End(reason));
    }
}
