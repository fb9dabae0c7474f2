//! Carries out what the machine wants: on the leg, at the providers, at the transport, in the records. It decides nothing, and waits
//! for nobody: what is not taken at once is counted, or told to the machine.

use attendant_media::leg::{self, LegConfig};
use attendant_media::time::Time;

use super::{Driver, response};
use crate::call::effect::{Effect, LegEffect, SttEffect};
use crate::call::event::Event;
use crate::call::machine::Input;
use crate::call::timeline::Entry;
use crate::provider::{ErrorKind, ProviderError};
use crate::{agent, stt, tts};

/// Sessions of recognisers that the machine may still speak of.
const SESSIONS: usize = 16;

impl Driver {
    pub(super) fn perform(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Leg(effect) => self.perform_leg(now, effect),
            Effect::Stt(SttEffect::Open { session, recogniser, setup, replay_from, end_of_turn }) => {
                let _runtime = self.shared.enter();
                let (mailbox, reporter) = self.mailbox.reporting();
                self.recogniser = reporter;
                let reports = stt::Reports { session, mailbox };
                self.sessions.push_front((session, self.recogniser.clone()));
                self.sessions.truncate(SESSIONS);
                let input = self.providers.recognisers[recogniser].open(setup, reports);
                self.ears.open(input, replay_from, end_of_turn);
            }
            Effect::Stt(SttEffect::Input(input)) => self.ears.send(input),
            Effect::Stt(SttEffect::Doubt) => self.doubted = self.recogniser.clone(),
            Effect::Stt(SttEffect::Missed) => self.doubted.missed_words(&self.recogniser),
            Effect::Stt(SttEffect::Late { session }) => {
                if let Some((_, reporter)) = self.sessions.iter().find(|(number, _)| *number == session) {
                    reporter.late();
                }
            }
            Effect::TtsLate { voice, id } => self.speakers[voice].late(id),
            Effect::Tts { voice, input } => self.perform_tts(now, voice, input),
            Effect::Speaks(language) => {
                self.language.send_if_modified(|spoken| std::mem::replace(spoken, language) != language);
            }
            Effect::Think(turn) => {
                let _runtime = self.shared.enter();
                let reports = agent::Reports { turn: turn.number, mailbox: self.mailbox.clone() };
                self.agent.think(turn, reports);
            }
            Effect::CancelThought => self.agent.cancel(),
            Effect::ConfirmThought => self.agent.confirm(),
            Effect::Transport(command) => {
                if self.commands.try_send(command).is_err() {
                    // The transport is gone, and has said so or will.
                    metrics::counter!("transport_commands_dropped_total").increment(1);
                }
            }
            Effect::ClearStream => self.path.clear(),
            Effect::Journal(entry) => {
                if let Entry::Turn(turn) = &entry {
                    response::count(turn, self.machine.language());
                }
                self.journal.append(&entry);
            }
            Effect::KeepRecording => {
                if let Some(tap) = &self.tap {
                    tap.keep();
                }
            }
            Effect::DiscardRecording => {
                if let Some(tap) = self.tap.take() {
                    tap.discard();
                }
            }
            Effect::End(reason) => self.end(now, reason),
        }
    }

    fn perform_leg(&mut self, now: Time, effect: LegEffect) {
        if let LegEffect::Formats { inbound, outbound, dtmf } = effect {
            // A leg made later, by the answer or after a fault, speaks what was agreed last.
            self.config = LegConfig { inbound, outbound, dtmf, ..self.config.clone() };
        }
        let Some(leg) = &mut self.leg else { return };
        match effect {
            LegEffect::Audible(id) => {
                self.marking.audible(id);
                leg.handle(now, leg::Input::Audible(id));
            }
            LegEffect::Mute => leg.handle(now, leg::Input::Mute),
            LegEffect::SpeechEnd(id) => leg.handle(now, leg::Input::SpeechEnd { id }),
            LegEffect::Pause => {
                leg.handle(now, leg::Input::Pause);
                self.path.rests(&mut self.marking);
            }
            LegEffect::Resume { back } => leg.handle(now, leg::Input::Resume { back }),
            LegEffect::Hold => leg.handle(now, leg::Input::Hold),
            LegEffect::Unhold => leg.handle(now, leg::Input::Unhold),
            LegEffect::Formats { inbound, outbound, dtmf } => {
                leg.handle(now, leg::Input::Formats { inbound, outbound, dtmf });
            }
        }
    }

    fn perform_tts(&mut self, now: Time, voice: usize, input: tts::Input) {
        let session = self.voices[voice].take().unwrap_or_else(|| self.open_voice(voice));
        let id = match &input {
            tts::Input::Begin { id, .. }
            | tts::Input::Text { id, .. }
            | tts::Input::End { id }
            | tts::Input::Cancel { id } => *id,
        };
        if session.try_send(input).is_ok() {
            self.voices[voice] = Some(session);
        } else {
            let error = ProviderError {
                provider: self.providers.voices[voice].name(),
                kind: ErrorKind::Connection,
                what: "the session takes no more text".to_owned(),
                retry_after: None,
            };
            self.machine.handle(now, Input::Event(Event::Tts(tts::Event::Failed { id, error })));
        }
    }
}
