//! Their side of the wire: packets become frames of the leg clock, one per slot, without gaps.
//!
//! A stream's timestamps are tied to the leg clock by its first packet. What arrives in order is decoded when it is asked
//! for; what is lost is made up; what was only late moves the tie instead of being thrown away. Heard frames run at most
//! 60 ms behind the slots and are kept from running far ahead: drift is absorbed 20 ms at a time where it is quiet ([`drift`]).
//! It must never emit a frame twice or leave one out. Positions: samples at 16 kHz.

mod drift;
mod holes;

use drift::{Correction, Drift};

use std::ops::Range;

use super::contract::{Codec, Format, LegConfig, LegStats};
use crate::codec::Decoder;
use crate::conceal::Conceal;
use crate::dtmf::Keys;
use crate::frame::{Frame, RATE, SLOT_SAMPLES};
use crate::jitter::{Arrival, Jitter, Kind, Next};
use crate::resample::Resampler;
use crate::rtcp::Reception;
use crate::rtp::source::{Source, Verdict};
use crate::rtp::{self, Unwrap};
use crate::time::Time;

const SLOT: u64 = SLOT_SAMPLES as u64;

/// Heard frames may lag this many slots behind the clock before a missing one is filled: 60 ms, what a hole may wait.
const HOLE_SLOTS: u64 = 3;

/// A timestamp this far ahead of the slots is no pause of the sender but a new count: one second.
const JUMP: u64 = 50 * SLOT;

/// Decoded and not yet heard: the longest packet (120 ms) and one unfinished frame.
const QUEUE: usize = 7 * SLOT_SAMPLES;

/// Bytes that a long chunk of linear audio is cut into: 20 ms at 16 kHz, so that what is left out for drift is as short as elsewhere.
const PIECE: usize = 640;

/// Without a packet for so long, what fills the frames is a silent sender and no loss.
const SILENT_US: u64 = 200_000;

#[derive(Debug)]
pub(super) struct Inbound {
    format: Format,
    dtmf: Option<u8>,
    decoder: Decoder,
    to_wide: Resampler,
    conceal: Conceal,
    drift: Drift,
    jitter: Jitter,
    sequences: Unwrap,
    timestamps: Unwrap,
    source: Source,
    /// What to add to a timestamp, in samples at 16 kHz, to have its position; set by the first packet.
    tie: Option<i64>,
    queue: Box<[i16; QUEUE]>,
    queued: usize,
    /// Samples made up that do not yet amount to a concealed slot.
    made_up: u64,
    native: Box<[i16]>,
    keys: Keys,
    last_transit: Option<i64>,
    /// What is reported of the stream to its sender.
    pub(super) reception: Reception,
    stats: LegStats,
}

/// Room for what one packet decodes to.
fn native(codec: Codec) -> Box<[i16]> {
    let most = match codec {
        Codec::Pcmu | Codec::Pcma => codec.most_payload(),
        Codec::G722 => 2 * codec.most_payload(),
        Codec::Opus => codec.most_samples(),
        Codec::L16 { .. } => codec.most_payload() / 2,
    };
    vec![0; most].into()
}

impl Inbound {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            format: config.inbound,
            dtmf: config.dtmf,
            decoder: Decoder::new(config.inbound.codec),
            to_wide: to_wide(config.inbound.codec),
            conceal: Conceal::new(),
            drift: Drift::default(),
            jitter: Jitter::new(config.inbound.codec.most_payload()),
            sequences: Unwrap::default(),
            timestamps: Unwrap::default(),
            source: Source::default(),
            tie: None,
            queue: Box::new([0; QUEUE]),
            queued: 0,
            made_up: 0,
            native: native(config.inbound.codec),
            keys: Keys::default(),
            last_transit: None,
            reception: Reception::new(config.inbound.codec.clock()),
            stats: LegStats::default(),
        }
    }

    /// The format changed: what is queued stays, what comes is another stream.
    pub(super) fn format(&mut self, format: Format, dtmf: Option<u8>) {
        if format != self.format {
            self.decoder = Decoder::new(format.codec);
            self.to_wide = to_wide(format.codec);
            self.native = native(format.codec);
            self.jitter = Jitter::new(format.codec.most_payload());
            self.reception.clock(format.codec.clock());
            self.restart();
        }
        self.format = format;
        self.dtmf = dtmf;
    }

    /// Packets stop or begin anew, as on hold.
    pub(super) fn restart(&mut self) {
        self.jitter.reset();
        self.sequences = Unwrap::default();
        self.timestamps = Unwrap::default();
        self.tie = None;
        self.last_transit = None;
        self.keys = Keys::default();
    }

    /// Takes a datagram; returns a key if it is the first news of one.
    pub(super) fn rtp(&mut self, now: Time, datagram: &[u8]) -> Option<char> {
        let Ok((header, payload)) = rtp::read(datagram) else {
            self.stats.malformed += 1;
            return None;
        };
        match self.source.packet(now, &header) {
            Verdict::Heard => {}
            Verdict::Changed => {
                self.stats.ssrc_changes += 1;
                self.restart();
            }
            Verdict::Foreign => {
                self.stats.foreign += 1;
                return None;
            }
        }
        let sequence = self.sequences.sequence(header.sequence);
        let timestamp = self.timestamps.timestamp(header.timestamp);
        let event = self.dtmf == Some(header.payload_type);
        let audio = header.payload_type == self.format.payload_type;
        self.reception.packet(now, header.ssrc, header.sequence, audio.then_some(header.timestamp));
        self.measure(now, timestamp, audio);
        let kind = if audio { Kind::Audio } else { Kind::Silent };
        self.insert(now, sequence, timestamp, kind, if audio { payload } else { &[] });
        if event { self.keys.push(header.timestamp, payload) } else { None }
    }

    /// A datagram that is not to be heard: we are on hold. It counts as received all the same, for its number is taken.
    pub(super) fn count(&mut self, now: Time, datagram: &[u8]) {
        if let Ok((header, _)) = rtp::read(datagram) {
            match self.source.packet(now, &header) {
                Verdict::Heard => {}
                Verdict::Changed => self.stats.ssrc_changes += 1,
                Verdict::Foreign => {
                    self.stats.foreign += 1;
                    return;
                }
            }
            let audio = header.payload_type == self.format.payload_type;
            self.reception.packet(now, header.ssrc, header.sequence, audio.then_some(header.timestamp));
        }
    }

    /// Takes a chunk of a transport with its own framing. Linear audio comes in chunks of up to 160 ms: what is longer than a packet
    /// is cut, and each piece numbered, so that chunks must be of one length to be in order.
    pub(super) fn payload(&mut self, now: Time, sequence: u64, timestamp: u64, payload: &[u8]) {
        self.measure(now, timestamp, true);
        if !matches!(self.format.codec, Codec::L16 { .. }) {
            self.insert(now, sequence, timestamp, Kind::Audio, payload);
            return;
        }
        let first = sequence.wrapping_mul(payload.len().div_ceil(PIECE) as u64);
        for (n, piece) in payload.chunks(PIECE).enumerate() {
            let timestamp = timestamp.wrapping_add((n * PIECE / 2) as u64);
            self.insert(now, first.wrapping_add(n as u64), timestamp, Kind::Audio, piece);
        }
    }

    /// Puts frame `number` into `heard`, if there is one yet. `slots` are those taken so far.
    pub(super) fn take(&mut self, now: Time, number: u64, slots: u64, heard: &mut Frame) -> bool {
        while self.queued < SLOT_SAMPLES {
            if self.advance(now, number * SLOT, slots) {
                continue;
            }
            if number + HOLE_SLOTS >= slots {
                return false;
            }
            if self.copy_is_there(number * SLOT) {
                self.stats.lost += self.jitter.give_up();
                continue;
            }
            let active = self.stats.received > 0 && now.since(self.stats.last_received).as_micros() < SILENT_US.into();
            self.make_up(SLOT_SAMPLES - self.queued, active);
        }
        heard.copy_from_slice(&self.queue[..SLOT_SAMPLES]);
        self.queue.copy_within(SLOT_SAMPLES..self.queued, 0);
        self.queued -= SLOT_SAMPLES;
        true
    }

    /// When a hole is given up if nothing comes.
    pub(super) fn poll_timeout(&self, now: Time) -> Time {
        match self.jitter.next(now) {
            Next::Wait(until) => until,
            Next::Packet { .. } | Next::Lost { .. } => now,
        }
    }

    pub(super) const fn stats(&self) -> LegStats {
        self.stats
    }

    fn insert(&mut self, now: Time, sequence: u64, timestamp: u64, kind: Kind, payload: &[u8]) {
        self.stats.received += 1;
        self.stats.last_received = now;
        match self.jitter.insert(now, sequence, timestamp, kind, payload) {
            Arrival::Taken => {}
            Arrival::Reordered => self.stats.reordered += 1,
            Arrival::Duplicate => self.stats.duplicates += 1,
            Arrival::Late => self.stats.late += 1,
            // Its number stays a hole, and is counted as lost when that is given up.
            Arrival::Refused => {}
        }
    }

    /// Interarrival jitter (RFC 3550 section 6.4.1), in microseconds.
    fn measure(&mut self, now: Time, timestamp: u64, audio: bool) {
        if !audio {
            return;
        }
        let sent = (u128::from(timestamp) * 1_000_000 / u128::from(self.format.codec.clock())) as i64;
        let transit = now.as_micros() as i64 - sent;
        if let Some(last) = self.last_transit.replace(transit) {
            let difference = transit.abs_diff(last);
            let jitter = self.stats.jitter_us;
            self.stats.jitter_us = if difference > jitter {
                jitter + (difference - jitter) / 16
            } else {
                jitter - (jitter - difference) / 16
            };
        }
    }

    /// One step towards a full frame: a packet decoded, a gap before it filled, a hole given up. `heard` is the position
    /// of the first sample in the queue.
    fn advance(&mut self, now: Time, heard: u64, slots: u64) -> bool {
        let end = heard + self.queued as u64;
        let present = slots.max(1) * SLOT - SLOT;
        let (kind, timestamp) = match self.jitter.next(now) {
            Next::Packet { kind, timestamp, .. } => (kind, timestamp),
            Next::Lost { .. } => {
                self.stats.lost += self.jitter.give_up();
                return true;
            }
            Next::Wait(_) => {
                // Filling may have passed the hole already: then there is nothing to wait for.
                let first = self.jitter.ahead().and_then(|(first, _)| self.position(first));
                let passed = first.is_some_and(|first| first <= end as i64);
                if passed {
                    self.stats.lost += self.jitter.give_up();
                }
                return passed;
            }
        };
        if kind == Kind::Silent {
            self.jitter.take();
            return true;
        }
        let mut position = self.position(timestamp).unwrap_or(-1);
        if self.tie.is_none() || position < 0 || position as u64 > present + JUMP {
            let wanted = end.max(present) as i64;
            self.tie = Some(wanted - self.wide(timestamp));
            position = wanted;
        }
        let position = position as u64;
        if position > end {
            self.approach((position - end) as usize);
            return true;
        }
        if position < end {
            // It is the next in order and its place was filled: it came late. The tie moves, the words stay.
            self.moved((end - position) as i64);
        }
        self.decode(end as i64 - present as i64);
        true
    }

    /// The stream's place on the leg clock moves by so many samples, here.
    fn moved(&mut self, samples: i64) {
        self.tie = self.tie.map(|tie| tie + samples);
        self.stats.drift_corrections += 1;
        self.stats.drift_in_speech += u64::from(!self.drift.quiet());
        if samples > 0 {
            self.stats.drift_inserted += samples.unsigned_abs();
        } else {
            self.stats.drift_dropped += samples.unsigned_abs();
        }
    }

    /// Decodes the packet whose turn it is and which begins `ahead` of the present slot.
    fn decode(&mut self, ahead: i64) {
        let Next::Packet { payload, .. } = self.jitter.next(Time::ZERO) else { return };
        let decoded = self.decoder.decode(payload, &mut self.native[..]);
        self.jitter.take();
        let Ok(count) = decoded else {
            self.stats.malformed += 1;
            return;
        };
        let rate = self.format.codec.rate() as usize;
        let stretch = count.min(rate / 50);
        let samples = (stretch * RATE as usize / rate) as i64;
        // With more behind it the stream is not behind: a hole was waited for.
        let ahead = if self.jitter.ahead().is_some() { ahead.max(0) } else { ahead };
        match self.drift.judge(&self.native[..stretch], ahead) {
            Correction::None => self.append(0..count),
            Correction::LeftOut => {
                self.moved(-samples);
                self.append(stretch..count);
            }
            Correction::Twice => {
                if self.queued + (stretch + count) * RATE as usize / rate <= QUEUE {
                    self.moved(samples);
                    self.append(0..stretch);
                }
                self.append(0..count);
            }
        }
    }

    /// Brings these decoded samples to 16 kHz and appends them.
    fn append(&mut self, decoded: Range<usize>) {
        let room = &mut self.queue[self.queued..];
        let most = room.len() * self.format.codec.rate() as usize / RATE as usize;
        let decoded = decoded.start..decoded.end.min(decoded.start + most);
        let made = self.to_wide.process(&self.native[decoded], room);
        self.conceal.came(&mut room[..made]);
        self.queued += made;
    }

    /// A timestamp in samples at 16 kHz.
    fn wide(&self, timestamp: u64) -> i64 {
        (u128::from(timestamp) * u128::from(RATE) / u128::from(self.format.codec.clock())) as i64
    }

    fn position(&self, timestamp: u64) -> Option<i64> {
        self.tie.map(|tie| tie + self.wide(timestamp))
    }
}

fn to_wide(codec: Codec) -> Resampler {
    Resampler::new(codec.rate(), RATE).expect("every codec's rate is one that the resampler serves")
}
