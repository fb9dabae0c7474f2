//! One party of a call: datagrams in, 16 kHz frames and acoustic facts out; speech by id in, one packet per slot out.
//!
//! It composes and decides nothing about meaning: whether a sound is a turn or an interruption belongs to the call.
//! Verbs: `handle(now, input)`, then `poll_output()` until `None`, then wait until `poll_timeout()`.

mod contract;
mod ears;
mod inbound;
mod outbound;
mod pending;
mod reports;
mod voices;

pub use contract::{Codec, Format, Framing, Input, LegConfig, LegStats, Output, RTCP_INTERVAL};

use crate::dtmf::InBand;
use crate::frame::{Frame, SILENCE, Samples};
use crate::pacer::Pacer;
use crate::time::Time;
use ears::Ears;
use inbound::Inbound;
use outbound::Outbound;
use pending::{Pending, Ready};
use reports::Reports;

/// Whether the other side has put us on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    Open,
    Held,
}

/// See the module header.
#[derive(Debug)]
pub struct Leg {
    now: Time,
    pacer: Pacer,
    talk: Talk,
    inbound: Inbound,
    outbound: Outbound,
    reports: Reports,
    ears: Option<Ears>,
    /// Keys as tones, where no telephone-events were agreed.
    in_band: Option<InBand>,
    heard: Frame,
    said: Frame,
    /// The number of the next heard frame: they come in order and without gaps.
    next_heard: u64,
    pending: Pending,
    dry_slots: u64,
}

impl Leg {
    /// A leg whose slot 0 is due at `start`.
    pub fn new(config: LegConfig, start: Time) -> Self {
        Self {
            now: start,
            pacer: Pacer::new(start),
            talk: Talk::Open,
            inbound: Inbound::new(&config),
            outbound: Outbound::new(&config),
            reports: Reports::new(&config, start),
            ears: config.ears.then(|| Ears::new(&config)),
            in_band: in_band(config.framing, config.dtmf),
            heard: SILENCE,
            said: SILENCE,
            next_heard: 0,
            pending: Pending::default(),
            dry_slots: 0,
        }
    }

    /// Takes an input. Poll the outputs before the next one: they speak of this `now`.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Rtp(datagram) => {
                let digit = match self.talk {
                    Talk::Open => self.inbound.rtp(now, datagram),
                    Talk::Held => {
                        self.inbound.count(now, datagram);
                        None
                    }
                };
                if let Some(digit) = digit {
                    self.pending.put(Ready::Dtmf { digit, at: Samples::from_slots(self.pacer.slot_at(now)) });
                }
            }
            Input::Rtcp(datagram) => {
                self.reports.heard(self.now, self.outbound.clock(), datagram, &mut self.inbound.reception);
            }
            Input::Payload { sequence, timestamp, payload } => {
                if self.talk == Talk::Open {
                    self.inbound.payload(now, sequence, timestamp, payload);
                }
            }
            Input::Timeout => {}
            Input::Audible(id) => self.outbound.playout.audible(id),
            Input::Mute => self.outbound.playout.mute(),
            Input::Speech { id, audio } => {
                self.outbound.playout.push(id, audio);
            }
            Input::SpeechEnd { id } => self.outbound.playout.end(id),
            Input::Pause => self.outbound.playout.pause(),
            Input::Resume { back } => self.outbound.playout.resume(back),
            Input::Dtmf(keys) => self.outbound.press(keys),
            Input::Hold => {
                self.talk = Talk::Held;
                self.inbound.restart();
                self.reports.hold();
            }
            Input::Unhold => match self.talk {
                Talk::Open => {}
                Talk::Held => {
                    self.talk = Talk::Open;
                    self.reports.resume(self.now);
                }
            },
            Input::Formats { inbound, outbound, dtmf } => {
                self.inbound.format(inbound, dtmf);
                self.outbound.format(outbound, dtmf);
                match (in_band(self.outbound.framing(), dtmf), &self.in_band) {
                    // A key that is held goes on being held.
                    (Some(_), Some(_)) => {}
                    (wanted, _) => self.in_band = wanted,
                }
            }
        }
    }

    /// The next thing to do, `None` when there is no more until the next input or `poll_timeout`.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        let ready = self.advance()?;
        Some(match ready {
            Ready::Packet { slot, framing } => match framing {
                Framing::Rtp => Output::Rtp { slot, packet: self.outbound.packet() },
                Framing::Transport => Output::Payload { slot, payload: self.outbound.payload() },
            },
            Ready::Report => Output::Rtcp { packet: self.reports.packet() },
            Ready::Heard { at } => Output::Heard { at, audio: &self.heard },
            Ready::Said { at } => Output::Said { at, audio: &self.said },
            Ready::SpeechStart { at, echo } => Output::SpeechStart { at, echo },
            Ready::Speaking { at, echo, level_db } => Output::Speaking { at, echo, level_db },
            Ready::SpeechEnd { at } => Output::SpeechEnd { at },
            Ready::Played { id, samples } => Output::Played { id, samples },
            Ready::Finished { id, samples } => Output::Finished { id, samples },
            Ready::Dry { id, slot } => Output::Dry { id, slot },
            Ready::Dtmf { digit, at } => Output::Dtmf { digit, at },
            Ready::FaxTone { at } => Output::FaxTone { at },
        })
    }

    /// When to call `handle` with [`Input::Timeout`] if nothing else comes before.
    pub fn poll_timeout(&self) -> Time {
        self.pacer.next_due().min(self.inbound.poll_timeout(self.now)).min(self.reports.due())
    }

    /// Samples of the audible speech that would be taken now.
    pub fn room(&self) -> usize {
        self.outbound.playout.room()
    }

    pub fn stats(&self) -> LegStats {
        let stats = LegStats {
            slots: self.pacer.taken(),
            late_slots: self.pacer.late(),
            burst_slots: self.pacer.burst(),
            dry_slots: self.dry_slots,
            stale_speech_samples: self.outbound.playout.stale(),
            ..self.inbound.stats()
        };
        self.reports.stats(stats)
    }

    /// Work is done when its result is asked for: so any number of overdue slots needs room for one only.
    fn advance(&mut self) -> Option<Ready> {
        loop {
            if let Some(ready) = self.pending.take() {
                return Some(ready);
            }
            if let Some(slot) = self.pacer.take(self.now) {
                self.say(slot.number);
            } else if self.inbound.take(self.now, self.next_heard, self.pacer.taken(), &mut self.heard) {
                self.hear();
            } else if self.reports.take(self.now, self.outbound.clock(), &mut self.inbound.reception) {
                self.pending.put(Ready::Report);
            } else {
                return None;
            }
        }
    }

    /// One slot of our side: a packet, and what was said in it.
    fn say(&mut self, slot: u64) {
        let played = match self.talk {
            Talk::Open => {
                let timestamp = self.outbound.timestamp();
                let played = self.outbound.slot(&mut self.said);
                self.reports.sent(self.now, timestamp, self.outbound.payload().len());
                self.pending.put(Ready::Packet { slot, framing: self.outbound.framing() });
                played
            }
            Talk::Held => {
                self.outbound.skip(&mut self.said);
                None
            }
        };
        if let Some(ears) = &mut self.ears {
            ears.said(&self.said);
        }
        self.pending.put(Ready::Said { at: Samples::from_slots(slot) });
        let Some(played) = played else { return };
        if let Some(samples) = played.heard {
            self.pending.put(Ready::Played { id: played.id, samples });
        }
        if let Some(samples) = played.finished {
            self.pending.put(Ready::Finished { id: played.id, samples });
        }
        if played.dry {
            self.dry_slots += 1;
            self.pending.put(Ready::Dry { id: played.id, slot });
        }
    }

    /// One frame of the other side, which lies in `self.heard`, and what it means acoustically.
    fn hear(&mut self) {
        let at = Samples::from_slots(self.next_heard);
        self.next_heard += 1;
        self.pending.put(Ready::Heard { at });
        if let Some(digit) = self.in_band.as_mut().and_then(|keys| keys.push(&self.heard)) {
            self.pending.put(Ready::Dtmf { digit, at });
        }
        if let Some(ears) = &mut self.ears {
            ears.heard(at, &mut self.heard, &mut self.pending);
        }
    }
}

/// Streams report keys by messages of their own, and hear the tones besides.
fn in_band(framing: Framing, dtmf: Option<u8>) -> Option<InBand> {
    match (framing, dtmf) {
        (Framing::Rtp, None) => Some(InBand::new()),
        (Framing::Rtp, Some(_)) | (Framing::Transport, _) => None,
    }
}

#[cfg(test)]
mod tests;
