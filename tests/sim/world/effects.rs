//! Does what the machine wants, as the driver does, but for the planted fault.

use std::time::Duration;

use attendant::agent::Who;
use attendant::call::effect::{Effect, LegEffect, SttEffect};
use attendant::call::event::{Command, Event, Signal};
use attendant::call::settings::deadline;
use attendant::call::timeline::{EndReason, Entry};
use attendant::stt;
use attendant_media::frame::Samples;
use attendant_media::leg;

use super::script::{Note, Transfer};
use super::{Happening, World};
use crate::sim::faults::Fault;
use crate::sim::invariants::Invariant;

/// Slots that a session may hear again: 10 s.
const KEPT: usize = 500;

impl World {
    pub(super) fn perform(&mut self, effect: Effect) {
        if let Some(reason) = self.reason
            && !matches!(effect, Effect::End(_))
        {
            self.watch.broke(Invariant::NothingAfterTheEnd, format!("{effect:?} after {reason:?}"));
        }
        match effect {
            Effect::Leg(effect) => self.perform_leg(effect),
            Effect::Stt(SttEffect::Open { session, recogniser, setup, replay_from, end_of_turn }) => {
                self.session_open = true;
                // As much as a driver keeps.
                let kept = self.heard.iter().rev().take(KEPT).rev();
                let replayed: Vec<Samples> = kept.copied().filter(|at| at.0 + 320 > replay_from.0).collect();
                let eager = self.script.eager.filter(|_| end_of_turn);
                let later = self.ears.open(session, recogniser, eager, self.now, replayed.into_iter(), &mut self.rng);
                self.note(Note::Hears(setup.language));
                self.all_later(later);
            }
            Effect::Stt(SttEffect::Input(stt::Input::Flush { up_to })) => {
                let clock = self.clock();
                let later = self.ears.flush(self.now, clock, up_to, &self.spoken, &mut self.rng);
                self.all_later(later);
            }
            Effect::Stt(SttEffect::Missed) => self.note(Note::Missed),
            // Whom it counts against is the breakers' business.
            Effect::Stt(SttEffect::Input(_) | SttEffect::Doubt | SttEffect::Late { .. }) | Effect::TtsLate { .. } => {}
            Effect::Tts { voice, input } => {
                let later = self.voices.input(voice, input, &mut self.rng);
                self.all_later(later);
            }
            Effect::Think(turn) => {
                self.asked(&turn);
                if let Some(thinker) = &mut self.thinker {
                    return thinker.think(turn);
                }
                let later = self.brain.think(turn.number, turn.draft, self.now, &mut self.rng);
                self.all_later(later);
            }
            Effect::CancelThought => {
                self.brain.cancel(self.now);
                if let Some(thinker) = &mut self.thinker {
                    thinker.cancel();
                }
                self.note(Note::CancelThought);
            }
            Effect::ConfirmThought => {
                if let Some(thinker) = &mut self.thinker {
                    thinker.confirm();
                }
                let later = self.brain.confirm(self.now);
                self.all_later(later);
                self.note(Note::ConfirmThought);
            }
            Effect::ClearStream => self.clears += 1,
            Effect::Speaks(_) | Effect::KeepRecording => {}
            Effect::DiscardRecording => self.discarded = true,
            Effect::Transport(Command::HangUp) => {}
            Effect::Transport(Command::Transfer { .. }) => {
                self.transferring = Some(self.now);
                let (after, result) = match self.script.transfer {
                    Transfer::Accepted => (900, Ok(())),
                    Transfer::Refused => (1_900, Err(486)),
                    Transfer::Silent => {
                        self.transferring = None;
                        self.away.push((self.now, self.now + deadline::TRANSFER));
                        return;
                    }
                };
                let transferred = Event::Signal(Signal::Transferred(result));
                self.later(Duration::from_millis(after), Happening::Event(Box::new(transferred)));
            }
            Effect::Journal(entry) => {
                if let Entry::Line { who: Who::Agent, text, cut, .. } = &entry {
                    self.agent_line(&text.reveal().clone(), *cut);
                }
                self.journal.push(entry);
            }
            Effect::End(reason) => {
                if self.reason.is_some() {
                    self.watch.broke(Invariant::EndReasonOnce, format!("{:?} then {reason:?}", self.reason));
                }
                self.reason = Some(reason);
                if self.fault(Fault::EndsTwice) {
                    self.perform(Effect::End(EndReason::Failed));
                }
            }
        }
    }

    fn perform_leg(&mut self, effect: LegEffect) {
        match effect {
            LegEffect::Audible(id) => {
                self.watch.audible_is(id);
                self.left.clear();
                self.audible_source = self.source_of(id);
                self.marking.audible(id);
                self.note(Note::Audible(id));
                self.leg_input(leg::Input::Audible(id));
            }
            LegEffect::Mute => {
                self.watch.muted();
                self.note(Note::Mute);
                self.leg_input(leg::Input::Mute);
            }
            LegEffect::SpeechEnd(id) => self.leg_input(leg::Input::SpeechEnd { id }),
            LegEffect::Pause => {
                self.watch.paused(self.now);
                self.note(Note::Pause);
                if !self.fault(Fault::PauseLost) {
                    self.leg_input(leg::Input::Pause);
                }
                self.rests();
            }
            LegEffect::Resume { back } => {
                if !self.fault(Fault::ResumeLost) {
                    self.watch.resumed();
                    self.note(Note::Resume { back });
                    self.leg_input(leg::Input::Resume { back });
                }
            }
            LegEffect::Hold => {
                self.watch.held = true;
                if !self.fault(Fault::HoldSpeaks) {
                    self.leg_input(leg::Input::Hold);
                }
            }
            LegEffect::Unhold => {
                self.watch.held = false;
                self.leg_input(leg::Input::Unhold);
            }
            LegEffect::Formats { inbound, outbound, dtmf } => {
                self.leg_input(leg::Input::Formats { inbound, outbound, dtmf });
            }
        }
    }

    fn leg_input(&mut self, input: leg::Input<'_>) {
        if let Some(leg) = &mut self.leg {
            leg.handle(self.now, input);
        }
    }
}
