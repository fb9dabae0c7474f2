//! When we report, what, and what the other side reports of us (RFC 3550 section 6).
//!
//! A sender report while we send, a receiver report otherwise, each with our name; intervals are drawn from half to one and a half
//! times the configured one, so that reports of many calls do not come together. Nothing here ends a call: a goodbye is not
//! signalling. A block counts only if it is about our own stream, and gives a time there and back only if it names a report
//! that we sent. NTP times are those of the caller's clock, which section 6.4.1 allows: nobody reads the hour from them.

use std::time::Duration;

use super::contract::{Framing, LegConfig, LegStats};
use crate::frame::SLOT;
use crate::rtcp::{self, Block, Part, Reception, Sent};
use crate::time::Time;

/// Room for a sender report with one block (52 bytes) and a description with our name (36 bytes).
const MOST_BYTES: usize = 96;

/// Hexadecimal digits of our name: 96 bits, as RFC 7022 section 4.2 wants them.
const NAME: usize = 24;

/// Sender reports of ours that a block may still name: 40 s at the usual interval, after which a lost report of theirs is forgotten.
const REMEMBERED: usize = 8;

/// The last packet we sent.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Time,
    timestamp: u32,
}

#[derive(Debug)]
pub(super) struct Reports {
    framing: Framing,
    ssrc: u32,
    name: [u8; NAME],
    interval: Duration,
    random: u64,
    due: Time,
    packet: [u8; MOST_BYTES],
    filled: usize,
    packets: u32,
    bytes: u32,
    last: Option<Last>,
    /// Packets sent by the last report and by the one before it: who sent none since then is no sender (section 6.3.8).
    packets_before: [u32; 2],
    /// The middles of our last sender reports' times.
    ours: [Option<u32>; REMEMBERED],
    next: usize,
    rtt_us: Option<u64>,
    lost: Option<u64>,
    jitter_us: Option<u64>,
    refused: u64,
}

impl Reports {
    pub(super) fn new(config: &LegConfig, start: Time) -> Self {
        let mut random = u64::from(config.ssrc) << 32
            ^ u64::from(config.first_timestamp)
            ^ u64::from(config.first_sequence).rotate_left(16);
        let mut name = [0; NAME];
        for digits in name.chunks_mut(8) {
            let word = draw(&mut random);
            for (n, digit) in digits.iter_mut().enumerate() {
                *digit = b"0123456789abcdef"[(word >> (4 * n)) as usize & 0xf];
            }
        }
        let mut reports = Self {
            framing: config.framing,
            ssrc: config.ssrc,
            name,
            interval: config.rtcp_interval.max(SLOT),
            random,
            due: Time::NEVER,
            packet: [0; MOST_BYTES],
            filled: 0,
            packets: 0,
            bytes: 0,
            last: None,
            packets_before: [0; 2],
            ours: [None; REMEMBERED],
            next: 0,
            rtt_us: None,
            lost: None,
            jitter_us: None,
            refused: 0,
        };
        reports.resume(start);
        reports
    }

    /// Nothing is reported until [`Self::resume`].
    pub(super) const fn hold(&mut self) {
        self.due = Time::NEVER;
    }

    pub(super) fn resume(&mut self, now: Time) {
        self.due = match self.framing {
            Framing::Rtp => now + self.wait(),
            Framing::Transport => Time::NEVER,
        };
    }

    pub(super) const fn due(&self) -> Time {
        self.due
    }

    pub(super) fn packet(&self) -> &[u8] {
        &self.packet[..self.filled]
    }

    /// A packet of ours left, for the slot that begins at `timestamp`, with so many bytes of payload.
    pub(super) fn sent(&mut self, now: Time, timestamp: u32, bytes: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes as u32);
        self.last = Some(Last { at: now, timestamp });
    }

    /// Writes the report that is due at `now`, if one is; `clock` is that of our timestamps.
    pub(super) fn take(&mut self, now: Time, clock: u32, reception: &mut Reception) -> bool {
        if now < self.due {
            return false;
        }
        self.due = now + self.wait();
        let ntp = rtcp::ntp(now);
        let [before, earlier] = self.packets_before;
        let sending = self.last.filter(|_| self.packets != earlier);
        self.packets_before = [self.packets, before];
        let sent = sending.map(|last| {
            self.ours[self.next] = Some(rtcp::middle(ntp));
            self.next = (self.next + 1) % REMEMBERED;
            let since = u128::from(now.as_micros().saturating_sub(last.at.as_micros())) * u128::from(clock) / 1_000_000;
            Sent { ntp, timestamp: last.timestamp.wrapping_add(since as u32), packets: self.packets, bytes: self.bytes }
        });
        let block = reception.block(now);
        let written = rtcp::write_report(self.ssrc, sent.as_ref(), block.as_ref(), &self.name, &mut self.packet);
        self.filled = written.expect("the longest report of one source fits");
        true
    }

    /// Takes what the other side reports. A datagram that is not RTCP from end to end, or begins with no report, is refused whole.
    pub(super) fn heard(&mut self, now: Time, clock: u32, datagram: &[u8], reception: &mut Reception) {
        let begins =
            matches!(rtcp::read(datagram).next(), Some(Ok(Part::SenderReport { .. } | Part::ReceiverReport { .. })));
        if !begins || rtcp::read(datagram).any(|part| part.is_err()) {
            self.refused += 1;
            return;
        }
        for part in rtcp::read(datagram).flatten() {
            let (ssrc, blocks) = match part {
                Part::SenderReport { ssrc, sent, blocks } => {
                    reception.report(now, ssrc, sent.ntp);
                    (ssrc, blocks)
                }
                Part::ReceiverReport { ssrc, blocks } => (ssrc, blocks),
                Part::Description { .. } | Part::Goodbye { .. } | Part::Other { .. } => continue,
            };
            // Our own report that came back tells nothing.
            let ours = self.ssrc;
            if ssrc != ours {
                blocks.filter(|block| block.ssrc == ours).for_each(|block| self.told(now, clock, &block));
            }
        }
    }

    fn told(&mut self, now: Time, clock: u32, block: &Block) {
        self.lost = Some(block.lost.max(0) as u64);
        self.jitter_us = Some(u64::from(block.jitter) * 1_000_000 / u64::from(clock));
        if self.ours.contains(&Some(block.last_report))
            && let Some(passed) = block.round_trip(rtcp::middle(rtcp::ntp(now)))
        {
            self.rtt_us = Some(u64::from(passed) * 1_000_000 / 65_536);
        }
    }

    pub(super) fn stats(&self, stats: LegStats) -> LegStats {
        LegStats {
            rtt_us: self.rtt_us,
            remote_lost: self.lost,
            remote_jitter_us: self.jitter_us,
            rtcp_refused: self.refused,
            ..stats
        }
    }

    /// From half the interval to one and a half (section 6.3.1).
    fn wait(&mut self) -> Duration {
        let share = u64::from(draw(&mut self.random) >> 16);
        self.interval / 2 + Duration::from_micros((self.interval.as_micros() as u64).saturating_mul(share) >> 16)
    }
}

/// The upper half of splitmix64: any seed will do, zero too.
const fn draw(state: &mut u64) -> u32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests;
