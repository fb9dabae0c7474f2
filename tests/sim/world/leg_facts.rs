//! What the leg says, to whom it belongs: packets to the wire, frames to the ears, facts to the machine.

use attendant::call::machine::Input;
use attendant_media::frame::{Frame, SILENCE, Samples};
use attendant_media::leg::Output;

use super::World;
use super::script::Slot;
use crate::sim::faults::Fault;
use crate::sim::invariants::Invariant;

impl World {
    pub(super) fn leg_output(&mut self) {
        let Some(mut leg) = self.leg.take() else { return };
        while let Some(output) = leg.poll_output() {
            if self.traced
                && matches!(output, Output::SpeechStart { .. } | Output::Speaking { .. } | Output::SpeechEnd { .. })
            {
                println!("{:?} {output:?}", self.now.since(self.origin));
            }
            match &output {
                Output::Rtp { slot, packet } => self.packet(*slot, &packet[12..]),
                Output::Payload { slot, payload } => self.packet(*slot, payload),
                Output::Rtcp { .. } => {}
                Output::Heard { at, .. } => self.heard(*at),
                Output::Said { audio, .. } => self.said(audio),
                Output::Played { id, samples } => {
                    let mut samples = *samples;
                    let offered = self.watch.offered.get(id).copied().unwrap_or(0);
                    if self.fault(Fault::HeardTooMuch) {
                        samples += 160_000;
                    }
                    if samples > offered {
                        self.watch.broke(Invariant::HeardAtMostSent, format!("{samples} of {offered}"));
                    }
                    self.sent(*id, samples);
                    self.machine.handle(self.now, Input::Leg(&output));
                }
                Output::Dry { .. } => {
                    self.rests();
                    self.machine.handle(self.now, Input::Leg(&output));
                }
                Output::Finished { .. } => {
                    self.rests();
                    if !self.fault(Fault::StuckState) {
                        self.machine.handle(self.now, Input::Leg(&output));
                    }
                }
                Output::SpeechStart { at, .. } if self.script.fault == Some(Fault::EchoForCaller) => {
                    self.planted += 1;
                    self.machine.handle(self.now, Input::Leg(&Output::SpeechStart { at: *at, echo: 0.0 }));
                }
                Output::SpeechStart { .. }
                | Output::Speaking { .. }
                | Output::SpeechEnd { .. }
                | Output::Dtmf { .. }
                | Output::FaxTone { .. } => self.machine.handle(self.now, Input::Leg(&output)),
            }
        }
        self.leg = Some(leg);
    }

    fn packet(&mut self, slot: u64, payload: &[u8]) {
        if self.reason.is_some() {
            // A leg goes on until it is dropped, as its driver does at the end.
            if self.script.fault == Some(Fault::SendsAfterTheEnd) {
                self.watch.broke(Invariant::NothingAfterTheEnd, "a packet after the end".to_owned());
            }
            return;
        }
        self.watch.packet(payload);
        self.wire.sent(slot, payload);
    }

    fn heard(&mut self, at: Samples) {
        self.heard.push(at);
        if self.session_open && !self.fault(Fault::EarsUnplugged) {
            self.ears.audio(at);
        }
    }

    fn said(&mut self, audio: &Frame) {
        if self.reason.is_some() {
            return;
        }
        if self.watch.slots == 300 && self.fault(Fault::SlotsRebased) {
            return;
        }
        self.watch.said(self.now, audio, self.audible_source);
        self.slots.push(Slot { at: self.now, sounds: *audio != SILENCE });
        if self.script.carrier.is_some() {
            self.left.push((self.now, self.watch.left));
        }
    }
}
