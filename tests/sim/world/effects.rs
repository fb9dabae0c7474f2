//! Does what the machine wants, as the driver does, but for the planted fault.

use std::time::Duration;

use attendant::call::effect::{Effect, LegEffect, SttEffect};
use attendant::call::event::{Command, Event, Signal};
use attendant::call::timeline::EndReason;
use attendant::stt;
use attendant_media::frame::Samples;
use attendant_media::leg;

use super::{Happening, World};
use crate::sim::faults::Fault;
use crate::sim::invariants::Invariant;

impl World {
    pub(super) fn perform(&mut self, effect: Effect) {
        if std::env::var_os("TRACE").is_some() {
            println!("{:?} {:?} {effect:?}", self.now.since(self.origin), self.machine.floor());
        }
        match effect {
            Effect::Leg(effect) => self.perform_leg(effect),
            Effect::Stt(SttEffect::Open { session, replay_from, .. }) => {
                self.session_open = true;
                let replayed: Vec<Samples> =
                    self.heard.iter().copied().filter(|at| at.0 + 320 > replay_from.0).collect();
                let later = self.ears.open(session, replayed.into_iter(), &mut self.rng);
                self.all_later(later);
            }
            Effect::Stt(SttEffect::Input(stt::Input::Flush { up_to })) => {
                let said = self.said();
                let later = self.ears.flush(up_to, &said, &mut self.rng);
                self.all_later(later);
            }
            Effect::Stt(SttEffect::Input(_)) => {}
            Effect::Tts { voice, input } => {
                let later = self.voices.input(voice, input, &mut self.rng);
                self.all_later(later);
            }
            Effect::Think(turn) => {
                let later = self.brain.think(turn.number, &mut self.rng);
                self.all_later(later);
            }
            Effect::CancelThought | Effect::ClearStream | Effect::DiscardRecording => {}
            Effect::Transport(Command::HangUp) => {}
            Effect::Transport(Command::Transfer { .. }) => {
                self.later(
                    Duration::from_millis(900),
                    Happening::Event(Box::new(Event::Signal(Signal::Transferred(Ok(()))))),
                );
            }
            Effect::Journal(entry) => self.journal.push(entry),
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
        let Some(leg) = &mut self.leg else { return };
        match effect {
            LegEffect::Audible(id) => {
                self.watch.audible_is(id);
                self.audible_source = self.voices.sources.get(&id).copied();
                self.watch.sound_ordered();
                self.leg_input(leg::Input::Audible(id));
            }
            LegEffect::Mute => {
                self.watch.audible = None;
                self.watch.sound_ordered();
                self.watch.silence_ordered();
                self.leg_input(leg::Input::Mute);
            }
            LegEffect::SpeechEnd(id) => leg.handle(self.now, leg::Input::SpeechEnd { id }),
            LegEffect::Pause => {
                self.watch.paused(self.now);
                if !self.fault(Fault::PauseLost) {
                    self.leg_input(leg::Input::Pause);
                }
            }
            LegEffect::Resume { back } => {
                if !self.fault(Fault::ResumeLost) {
                    self.watch.resumed();
                    self.leg_input(leg::Input::Resume { back });
                }
            }
            LegEffect::Hold => leg.handle(self.now, leg::Input::Hold),
            LegEffect::Unhold => leg.handle(self.now, leg::Input::Unhold),
            LegEffect::Formats { inbound, outbound, dtmf } => {
                leg.handle(self.now, leg::Input::Formats { inbound, outbound, dtmf });
            }
        }
    }

    fn leg_input(&mut self, input: leg::Input<'_>) {
        if let Some(leg) = &mut self.leg {
            leg.handle(self.now, input);
        }
    }
}
