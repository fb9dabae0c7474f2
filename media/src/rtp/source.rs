//! Whose stream is heard when packets of several sources (SSRCs) come to one port.
//!
//! The first is heard at once: RFC 3550 appendix A.1 would wait for two packets in sequence, but which address may send is judged
//! before this. From then on the present source stays while its packets come. Another takes over after [`ENOUGH`] of its packets in
//! sequence with none of the present one between them (a transfer, the end of early media), or at once when the present one has
//! been silent for [`SILENT`]. So two senders at once are one stream heard whole and one left out, and not two that cut each
//! other off at every packet. What is left out is counted by the caller. Never fails, never allocates.

use std::time::Duration;

use super::Header;
use crate::time::Time;

/// Packets in sequence that make another source believed beside a present one: 80 ms at 20 ms each. Jitter of as much puts so many
/// of a stranger's between two of the present one's; Asterisk's strict RTP learns an address by as many.
pub const ENOUGH: u32 = 4;

/// A source that has sent nothing for so long is not asked: longer than any jitter that is heard through, shorter than a syllable is
/// missed for.
pub const SILENT: Duration = Duration::from_millis(200);

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the present source's.
    Heard,
    /// It is the first of a source that takes over: its stream begins here.
    Changed,
    /// It is another's.
    Foreign,
}

#[derive(Clone, Copy, Debug)]
struct Present {
    ssrc: u32,
    heard: Time,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    ssrc: u32,
    sequence: u16,
    packets: u32,
}

/// See the module header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source {
    present: Option<Present>,
    /// Who has sent since the present source last did.
    candidate: Option<Candidate>,
}

impl Source {
    /// Judges a packet that came at `now`.
    pub fn packet(&mut self, now: Time, header: &Header) -> Verdict {
        let Header { ssrc, sequence, .. } = *header;
        let verdict = match self.present {
            Some(present) if present.ssrc == ssrc => Verdict::Heard,
            None => Verdict::Heard,
            Some(present) if now.since(present.heard) >= SILENT => Verdict::Changed,
            Some(_) => {
                let packets = match self.candidate {
                    Some(before) if before.ssrc == ssrc && before.sequence.wrapping_add(1) == sequence => {
                        before.packets + 1
                    }
                    // The same again proves nothing.
                    Some(before) if before.ssrc == ssrc && before.sequence == sequence => before.packets,
                    Some(_) | None => 1,
                };
                self.candidate = Some(Candidate { ssrc, sequence, packets });
                if packets < ENOUGH { Verdict::Foreign } else { Verdict::Changed }
            }
        };
        match verdict {
            Verdict::Heard | Verdict::Changed => {
                self.present = Some(Present { ssrc, heard: now });
                self.candidate = None;
            }
            Verdict::Foreign => {}
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(source: &mut Source, millis: u64, ssrc: u32, sequence: u16) -> Verdict {
        let header = Header { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc };
        source.packet(Time::from_millis(millis), &header)
    }

    #[test]
    fn two_senders_at_once_are_one_stream_heard_whole() {
        let mut source = Source::default();
        for n in 0..500_u16 {
            let millis = 20 * u64::from(n);
            assert_eq!(packet(&mut source, millis, 1, n), Verdict::Heard);
            assert_eq!(packet(&mut source, millis + 10, 2, 9_000 + n), Verdict::Foreign);
        }
    }

    #[test]
    fn another_source_takes_over_with_its_fourth_packet_in_sequence() {
        let mut source = Source::default();
        packet(&mut source, 0, 1, 7);
        for n in 1..4 {
            assert_eq!(packet(&mut source, 20 * u64::from(n), 2, 65_532 + n), Verdict::Foreign);
        }
        assert_eq!(packet(&mut source, 80, 2, 0), Verdict::Changed);
        assert_eq!(packet(&mut source, 81, 1, 8), Verdict::Foreign);
        assert_eq!(packet(&mut source, 100, 2, 1), Verdict::Heard);
    }

    #[test]
    fn repeated_and_scattered_packets_of_another_source_prove_nothing() {
        let mut source = Source::default();
        for (millis, ssrc, sequence) in [
            (0, 1, 7),
            (20, 2, 1),
            (30, 2, 1),
            (40, 2, 1),
            (50, 2, 1),
            (60, 2, 9),
            (80, 2, 2),
            (100, 3, 3),
            (120, 2, 4),
        ] {
            let wanted = if ssrc == 1 { Verdict::Heard } else { Verdict::Foreign };
            assert_eq!(packet(&mut source, millis, ssrc, sequence), wanted, "at {millis} ms");
        }
    }

    #[test]
    fn after_silence_another_source_is_heard_at_once() {
        let mut source = Source::default();
        packet(&mut source, 0, 1, 7);
        assert_eq!(packet(&mut source, 199, 2, 1), Verdict::Foreign);
        assert_eq!(packet(&mut source, 200, 2, 2), Verdict::Changed);
    }

    proptest! {
        /// While a source sends at least every 200 ms, and never lets four of another's in sequence between two of its own, nothing
        /// changes; and whatever comes, changes lie at least four packets or 200 ms apart.
        #[test]
        fn the_present_source_stays_while_it_is_heard(
            strangers in prop::collection::vec((prop::collection::vec((2_u32..5, 0_u16..9), 0..4), 1_u64..200), 1..200),
        ) {
            let mut source = Source::default();
            let mut millis = 0;
            for (n, (between, wait)) in strangers.into_iter().enumerate() {
                prop_assert_eq!(packet(&mut source, millis, 1, n as u16), Verdict::Heard);
                for (ssrc, sequence) in between {
                    prop_assert_eq!(packet(&mut source, millis, ssrc, sequence), Verdict::Foreign);
                }
                millis += wait;
            }
        }

        #[test]
        fn changes_are_far_apart_whatever_comes(
            packets in prop::collection::vec((1_u32..4, 0_u16..6, 0_u64..60), 1..400),
        ) {
            let mut source = Source::default();
            let (mut millis, mut since, mut last_heard) = (0, ENOUGH, 0);
            for (ssrc, sequence, wait) in packets {
                millis += wait;
                match packet(&mut source, millis, ssrc, sequence) {
                    Verdict::Heard => {
                        since = 0;
                        last_heard = millis;
                    }
                    Verdict::Foreign => since += 1,
                    Verdict::Changed => {
                        prop_assert!(since + 1 >= ENOUGH || millis - last_heard >= 200);
                        since = 0;
                        last_heard = millis;
                    }
                }
            }
        }
    }
}
