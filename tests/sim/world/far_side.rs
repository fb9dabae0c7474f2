//! The other end of the line: what the caller sends and when, and what a carrier does with our speech.

use std::time::Duration;

use attendant::call::event::{Event, Gone, Signal};
use attendant::call::machine::Input;
use attendant_media::frame::Samples;
use attendant_media::leg;
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

use super::{Happening, World};
use crate::sim::caller::Deed;
use crate::sim::ears::Spoken;
use crate::sim::faults::Fault;

/// From the caller's packet to the leg's clock: the network's least delay and the slot it is heard in.
const NETWORK: Samples = Samples::from_millis(30);

impl World {
    pub(super) fn caller_tick(&mut self) {
        if self.hung_up.is_some() || self.reason.is_some() {
            return;
        }
        let drift = i64::from(self.script.line.drift_ppm) * 20 / 1_000;
        self.later(Duration::from_micros((20_000 + drift) as u64), Happening::CallerTick);
        if let Some(until) = self.holds_until {
            self.wire.pass_silently();
            self.watch.caller_did(self.now);
            if self.now >= until {
                self.holds_until = None;
                self.signal(Signal::Unhold);
            }
            return;
        }
        let known = self.caller.stretches.len();
        match self.caller.act(self.now, self.watch.on_wire_since, self.watch.quiet_since) {
            None => {}
            Some(deed) => {
                self.watch.quiet_since = None;
                self.begin(deed);
            }
        }
        if self.hung_up.is_some() || self.holds_until.is_some() {
            return;
        }
        for stretch in known..self.caller.stretches.len() {
            self.speak(stretch);
        }
        if self.caller.is_speaking(self.now) {
            self.watch.caller_did(self.now);
        }
        let since_origin = self.now.since(self.origin).as_millis() as u64;
        self.wire.speak(self.now, since_origin, self.caller.audio(self.now));
        let clock = self.clock();
        let later = self.ears.listen(self.now, clock, &self.spoken, &mut self.rng);
        self.all_later(later);
    }

    fn begin(&mut self, deed: Deed) {
        match deed {
            Deed::Sound => {}
            Deed::Press(key) => {
                self.watch.caller_did(self.now);
                self.pressed.push((self.now, key));
                match self.script.carrier {
                    Some(_) => self.signal(Signal::Dtmf(key)),
                    None => self.wire.press(self.now, key),
                }
            }
            Deed::Hold(time) => {
                self.watch.caller_did(self.now);
                self.holds_until = Some(self.now + time);
                self.signal(Signal::Hold);
            }
            Deed::HangUp => {
                self.hung_up = Some(self.now);
                self.signal(Signal::Gone(Gone::HungUp));
            }
        }
    }

    /// A transfer failed: the caller is ours again.
    pub(super) fn back(&mut self) {
        if let Some(since) = self.transferring.take() {
            self.away.push((since, self.now));
        }
    }

    /// Whether the caller was with somebody else then.
    pub(super) fn was_away(&self, at: Time) -> bool {
        let now = self.transferring.map(|since| (since, Time::NEVER));
        self.away.iter().copied().chain(now).any(|(from, to)| at >= from && at <= to)
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        self.machine.handle(self.now, Input::Event(Event::Signal(signal)));
    }

    /// Places the words of a stretch on the leg clock.
    fn speak(&mut self, stretch: usize) {
        let stretch = &self.caller.stretches[stretch];
        let place = |at: Time| at.since(self.origin).as_micros() as u64 * 16 / 1_000 + NETWORK.0;
        let (from, to) = (place(stretch.from), place(stretch.to));
        let part = (to - from) / (stretch.sound.words.len() as u64).max(1);
        for (n, word) in (0..).zip(&stretch.sound.words) {
            let (from, to) = (Samples(from + part * n), Samples(from + part * (n + 1)));
            self.spoken.push(Spoken { word: word.clone(), from, to });
        }
    }

    /// What the network has delivered.
    pub(super) fn arrivals(&mut self) {
        while let Some(packet) = self.wire.receive(self.now) {
            if let Some(leg) = &mut self.leg {
                if self.script.carrier.is_some() {
                    self.chunks += 1;
                    let (sequence, timestamp) = (self.chunks, self.chunks * 160);
                    leg.handle(self.now, leg::Input::Payload { sequence, timestamp, payload: &packet[12..] });
                } else {
                    leg.handle(self.now, leg::Input::Rtp(&packet));
                }
                self.leg_output();
            }
            self.machine.handle(self.now, Input::MediaReceived);
        }
    }

    /// The leg has sent so much of a speech: a stream is asked for marks, as the driver asks.
    pub(super) fn sent(&mut self, id: SpeechId, samples: u64) {
        if let Some(samples) = self.marking.left(id, samples) {
            self.mark(id, samples);
        }
    }

    /// Nothing more of it is sent for now.
    pub(super) fn rests(&mut self) {
        if let Some((id, samples)) = self.marking.rests() {
            self.mark(id, samples);
        }
    }

    fn mark(&mut self, id: SpeechId, samples: u64) {
        let Some(delay) = self.script.carrier else { return };
        let clears = self.clears;
        self.later(delay + Duration::from_millis(30), Happening::Mark { id, samples, clears });
    }

    /// A mark comes back. Those of cleared speech come too, and are kept back by the transport.
    pub(super) fn marked(&mut self, id: SpeechId, samples: u64, clears: u32) {
        if self.script.fault == Some(Fault::StaleMark)
            && let Some(audible) = self.watch.audible
        {
            // As if the carrier had played all that it was ever given.
            let samples = self.watch.offered.get(&audible).copied().unwrap_or(0);
            self.planted += 1;
            self.signal(Signal::Mark { id: audible, samples });
        } else if clears == self.clears {
            self.signal(Signal::Mark { id, samples });
        }
    }
}
