//! What a receiver counts of one source, for its report block: loss (RFC 3550 appendix A.3) and jitter (A.8).
//!
//! Sequence numbers are judged as in appendix A.1, with one difference: when a sender jumps, counting goes on from the new number
//! and what was lost before stays lost. Only another SSRC begins a new count. Never fails, never allocates.
//! Units: jitter in ticks of the RTP clock, times of reports in 1/65,536 s.

use super::{Block, middle, units};
use crate::time::Time;

/// A number so far ahead is loss; farther off, the sender has jumped (A.1, MAX_DROPOUT).
const MOST_LOST: u16 = 3_000;

/// A number so far behind came late or twice (A.1, MAX_MISORDER).
const MOST_LATE: u16 = 100;

/// Statistics of the source that is heard now.
#[derive(Clone, Debug)]
pub struct Reception {
    clock: u32,
    source: Option<Source>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    /// The number the count began with; below zero after a jump may have moved it.
    base: i64,
    /// Extended by the cycles counted.
    highest: i64,
    received: i64,
    /// The number that would confirm a jump.
    jumped: Option<u16>,
    expected_before: i64,
    received_before: i64,
    transit: Option<u32>,
    /// In 1/16 ticks.
    jitter: u32,
    /// The middle of the last sender report's NTP time, and when it came.
    report: Option<(u32, Time)>,
}

impl Source {
    const fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            base: sequence as i64,
            highest: sequence as i64,
            received: 0,
            jumped: None,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter: 0,
            report: None,
        }
    }

    /// Whether the packet belongs to the stream so far.
    fn count(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < MOST_LOST {
            self.highest += i64::from(ahead);
        } else if ahead <= u16::MAX - MOST_LATE {
            if self.jumped != Some(sequence) {
                self.jumped = Some(sequence.wrapping_add(1));
                return false;
            }
            let expected = self.expected();
            self.highest += i64::from(ahead);
            self.base = self.highest - expected;
        }
        self.jumped = None;
        self.received += 1;
        true
    }

    const fn expected(&self) -> i64 {
        self.highest - self.base + 1
    }
}

impl Reception {
    /// `clock` is that of the stream's timestamps, in Hz.
    pub const fn new(clock: u32) -> Self {
        Self { clock, source: None }
    }

    /// The payload format changed: the count goes on, jitter is measured in the new clock.
    pub fn clock(&mut self, clock: u32) {
        if clock == self.clock {
            return;
        }
        if let Some(source) = &mut self.source {
            source.jitter = (u64::from(source.jitter) * u64::from(clock) / u64::from(self.clock)) as u32;
            source.transit = None;
        }
        self.clock = clock;
    }

    /// A packet came. `timestamp` is `None` where it does not advance with time, as in telephone-events.
    pub fn packet(&mut self, now: Time, ssrc: u32, sequence: u16, timestamp: Option<u32>) {
        if self.source.is_none_or(|source| source.ssrc != ssrc) {
            self.source = Some(Source::new(ssrc, sequence));
        }
        let Some(source) = &mut self.source else { return };
        if !source.count(sequence) {
            return;
        }
        let Some(timestamp) = timestamp else { return };
        let arrival = (u128::from(now.as_micros()) * u128::from(self.clock) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = source.transit.replace(transit) {
            // The difference modulo 2^32 is read with its sign: a clock may wrap between two packets.
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            source.jitter = source.jitter.saturating_add(difference) - ((source.jitter.saturating_add(8)) >> 4);
        }
    }

    /// A sender report came; `ntp` is its time.
    pub fn report(&mut self, now: Time, ssrc: u32, ntp: u64) {
        if let Some(source) = &mut self.source
            && source.ssrc == ssrc
        {
            source.report = Some((middle(ntp), now));
        }
    }

    /// The block to send at `now`, which ends an interval; `None` if nothing came within it (RFC 3550 section 6.4).
    pub fn block(&mut self, now: Time) -> Option<Block> {
        let source = self.source.as_mut()?;
        let received = source.received - source.received_before;
        if received == 0 {
            return None;
        }
        let expected = source.expected();
        let interval = expected - source.expected_before;
        let lost = interval - received;
        source.expected_before = expected;
        source.received_before = source.received;
        let fraction = if interval > 0 && lost > 0 { (lost << 8) / interval } else { 0 };
        let (last_report, delay_since) = source.report.map_or((0, 0), |(middle, at)| (middle, units(now.since(at))));
        Some(Block {
            ssrc: source.ssrc,
            fraction_lost: fraction.min(255) as u8,
            lost: (expected - source.received).clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: source.highest as u32,
            jitter: source.jitter >> 4,
            last_report,
            delay_since,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Time = Time::from_millis(1_000);

    fn count(reception: &mut Reception, sequences: impl IntoIterator<Item = u16>) {
        for sequence in sequences {
            reception.packet(SECOND, 7, sequence, None);
        }
    }

    #[test]
    fn loss_is_counted_as_in_appendix_a3() {
        let mut reception = Reception::new(8_000);
        assert_eq!(reception.block(SECOND), None);
        // 10 expected, 8 received: 2 lost, 2 * 256 / 10 = 51.
        count(&mut reception, [65_531, 65_532, 65_534, 65_535, 0, 1, 3, 4]);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.ssrc, block.lost, block.fraction_lost), (7, 2, 51));
        assert_eq!(block.highest_sequence, 65_536 + 4);
        // 4 expected, one of them lost, one that was lost before comes late: nothing lost on balance.
        count(&mut reception, [2, 5, 7, 8]);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.lost, block.fraction_lost), (2, 0));
        // Twice the same makes the sum negative in the end; the share never is.
        count(&mut reception, [8, 8, 8]);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.lost, block.fraction_lost), (-1, 0));
        assert_eq!(reception.block(SECOND), None);
    }

    #[test]
    fn a_jump_is_believed_at_its_second_packet_and_loses_no_count() {
        let mut reception = Reception::new(8_000);
        count(&mut reception, [1, 2, 4]);
        count(&mut reception, [30_000]);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.lost, block.highest_sequence), (1, 4));
        count(&mut reception, [30_001, 30_002]);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.lost, block.highest_sequence), (1, 30_002));
    }

    #[test]
    fn another_source_begins_a_new_count_and_a_new_clock_does_not() {
        let mut reception = Reception::new(8_000);
        count(&mut reception, [1, 3]);
        reception.clock(48_000);
        count(&mut reception, [4]);
        assert_eq!(reception.block(SECOND).unwrap().lost, 1);
        reception.packet(SECOND, 8, 900, None);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.ssrc, block.lost, block.highest_sequence), (8, 0, 900));
    }

    #[test]
    fn jitter_is_that_of_appendix_a8() {
        // Packets of 160 ticks (20 ms) arrive after 0, 20, 45, 60 and 80 ms: D is 0, 40, 40 and 0 ticks. In 1/16 ticks:
        // 0, then 40, then 40 + 40 - (48 >> 4) = 77, then 77 - (85 >> 4) = 72, which is 4.5 ticks.
        let mut reception = Reception::new(8_000);
        for (n, millis) in [0, 20, 45, 60, 80].into_iter().enumerate() {
            // Timestamps wrap on the way.
            let timestamp = (u32::MAX - 200).wrapping_add(160 * n as u32);
            reception.packet(Time::from_millis(millis), 7, n as u16, Some(timestamp));
        }
        assert_eq!(reception.source.map(|source| source.jitter), Some(72));
        assert_eq!(reception.block(SECOND).unwrap().jitter, 4);
    }

    #[test]
    fn the_time_since_their_report_is_told_in_65536ths_of_a_second() {
        let mut reception = Reception::new(8_000);
        count(&mut reception, [1]);
        reception.report(SECOND, 8, u64::MAX);
        let block = reception.block(SECOND).unwrap();
        assert_eq!((block.last_report, block.delay_since), (0, 0));
        count(&mut reception, [2]);
        reception.report(SECOND, 7, 0x0000_b705_2000_0000);
        let block = reception.block(Time::from_millis(6_250)).unwrap();
        assert_eq!((block.last_report, block.delay_since), (0xb705_2000, 0x0005_4000));
    }

    proptest! {
        #[test]
        fn loss_and_duplicates_are_told_exactly_whatever_the_order_nearby(
            first in any::<u16>(),
            fates in prop::collection::vec(0..4_u8, 2..400),
        ) {
            // 0 is lost, 2 comes twice, 3 changes places with the next. The ends arrive, so that all between is expected.
            let mut order = vec![first];
            let mut held = None;
            for (n, fate) in fates.iter().enumerate() {
                let sequence = first.wrapping_add(1 + n as u16);
                match fate {
                    0 => {}
                    3 if held.is_none() => held = Some(sequence),
                    _ => order.extend(std::iter::repeat_n(sequence, usize::from(*fate == 2) + 1)),
                }
                if *fate != 3 {
                    order.extend(held.take());
                }
            }
            order.extend(held);
            let last = 1 + fates.len();
            order.push(first.wrapping_add(last as u16));
            let mut reception = Reception::new(8_000);
            count(&mut reception, order.iter().copied());
            let block = reception.block(SECOND).unwrap();
            prop_assert_eq!(block.lost, last as i32 + 1 - order.len() as i32);
            prop_assert_eq!(block.highest_sequence, u32::from(first) + last as u32);
        }

        #[test]
        fn no_packets_make_it_panic(packets in prop::collection::vec((any::<u32>(), any::<u16>(), any::<u64>(), any::<u32>()), 0..64)) {
            let mut reception = Reception::new(48_000);
            for (ssrc, sequence, now, timestamp) in packets {
                reception.packet(Time::from_micros(now), ssrc % 2, sequence, Some(timestamp));
                reception.report(Time::from_micros(now), ssrc % 3, now);
                reception.block(Time::from_micros(now));
            }
        }
    }
}
