//! Puts packets in order and says which are lost. It holds nothing back that is in order.
//!
//! A packet whose turn it is can be taken at once; a hole waits at most 60 ms for the packet that would fill it, then is
//! given up. It knows sequence numbers and times of arrival, nothing of codecs, and never plays anything twice.

use std::time::Duration;

use crate::time::Time;

/// How long a hole waits after a later packet came.
pub const HOLE: Duration = Duration::from_millis(60);

/// Packets held at most, those behind a hole: 160 ms at 20 ms each, which outlasts [`HOLE`].
const MOST: usize = 8;

/// So many packets behind a hole end its wait: they came in a burst, and there must be room for the next.
const CROWDED: usize = 6;

/// A sequence number so far off starts anew: three seconds of packets.
const JUMP: u64 = 150;

/// What a packet carries, for those who decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Audio,
    /// A telephone-event, comfort noise, an unknown payload: it takes a number and has no sound.
    Silent,
}

/// What became of a packet that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Taken,
    /// Taken, and it came after one with a higher number.
    Reordered,
    Duplicate,
    /// Its place was given up already.
    Late,
    /// More than can be held, or larger.
    Refused,
}

/// What is next.
#[derive(Debug, PartialEq)]
pub enum Next<'a> {
    Packet {
        kind: Kind,
        timestamp: u64,
        payload: &'a [u8],
    },
    /// So many packets are given up; the one after them is there.
    Lost {
        count: u64,
    },
    /// Nothing before this time, unless a packet comes.
    Wait(Time),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    sequence: u64,
    timestamp: u64,
    arrived: Time,
    kind: Kind,
    length: u16,
}

/// See the module header.
#[derive(Debug)]
pub struct Jitter {
    entries: [Option<Entry>; MOST],
    /// The payloads, as many bytes for each entry as a packet may have.
    bytes: Box<[u8]>,
    most_bytes: usize,
    /// The number whose turn it is.
    next: Option<u64>,
    highest: u64,
    /// Bit n: whether number `next` - 1 - n was received rather than given up.
    received: u64,
}

impl Jitter {
    /// For payloads of at most so many bytes.
    pub fn new(most_bytes: usize) -> Self {
        let bytes = vec![0; MOST * most_bytes].into();
        Self { entries: [None; MOST], bytes, most_bytes, next: None, highest: 0, received: 0 }
    }

    /// Forgets everything: another stream begins.
    pub fn reset(&mut self) {
        self.entries.fill(None);
        self.next = None;
    }

    /// Takes a packet.
    pub fn insert(&mut self, now: Time, sequence: u64, timestamp: u64, kind: Kind, payload: &[u8]) -> Arrival {
        if payload.len() > self.most_bytes {
            return Arrival::Refused;
        }
        let next = match self.next {
            Some(next) if sequence.abs_diff(next) <= JUMP => next,
            Some(_) | None => {
                self.reset();
                (self.highest, self.received) = (sequence, 0);
                *self.next.insert(sequence)
            }
        };
        if sequence < next {
            let age = next - 1 - sequence;
            let known = age < 64 && self.received >> age & 1 == 1;
            return if known { Arrival::Duplicate } else { Arrival::Late };
        }
        if self.first().is_some_and(|first| sequence >= first.sequence + MOST as u64) {
            return Arrival::Refused;
        }
        let place = (sequence % MOST as u64) as usize;
        if let Some(held) = self.entries[place] {
            // Another in this place is one from far ahead, after an outage: it was taken and is not given away.
            return if held.sequence == sequence { Arrival::Duplicate } else { Arrival::Refused };
        }
        self.bytes[place * self.most_bytes..][..payload.len()].copy_from_slice(payload);
        self.entries[place] = Some(Entry { sequence, timestamp, arrived: now, kind, length: payload.len() as u16 });
        let reordered = sequence < self.highest;
        self.highest = self.highest.max(sequence);
        if reordered { Arrival::Reordered } else { Arrival::Taken }
    }

    /// What is next at `now`. A packet stays until [`Jitter::take`]; a hole may be closed early by [`Jitter::give_up`].
    pub fn next(&self, now: Time) -> Next<'_> {
        let Some(next) = self.next else { return Next::Wait(Time::NEVER) };
        let Some(entry) = self.first() else { return Next::Wait(Time::NEVER) };
        if entry.sequence == next {
            return Next::Packet { kind: entry.kind, timestamp: entry.timestamp, payload: self.payload(entry) };
        }
        // The hole was seen when the earliest of those behind it came.
        let seen = self.entries.iter().flatten().map(|entry| entry.arrived).min().unwrap_or(now);
        let crowded = self.entries.iter().flatten().count() >= CROWDED;
        if seen + HOLE <= now || crowded {
            return Next::Lost { count: entry.sequence - next };
        }
        Next::Wait(seen + HOLE)
    }

    /// Timestamp and payload of the first packet held, whether or not there is a hole before it.
    pub fn ahead(&self) -> Option<(u64, &[u8])> {
        self.first().map(|entry| (entry.timestamp, self.payload(entry)))
    }

    /// Whether the packet before the one whose turn it is was given up.
    pub fn after_hole(&self) -> bool {
        self.received & 1 == 0
    }

    /// The packet whose turn it is was used.
    pub fn take(&mut self) {
        let Some(next) = &mut self.next else { return };
        let place = &mut self.entries[(*next % MOST as u64) as usize];
        if place.take_if(|entry| entry.sequence == *next).is_some() {
            *next += 1;
            self.received = self.received << 1 | 1;
        }
    }

    /// The hole before the first packet held is given up; says how many packets that was.
    pub fn give_up(&mut self) -> u64 {
        let Some((first, next)) = self.first().map(|entry| entry.sequence).zip(self.next.as_mut()) else { return 0 };
        let count = first - *next;
        *next = first;
        self.received = self.received.checked_shl(count as u32).unwrap_or(0);
        count
    }

    fn payload(&self, entry: &Entry) -> &[u8] {
        &self.bytes[(entry.sequence % MOST as u64) as usize * self.most_bytes..][..usize::from(entry.length)]
    }

    fn first(&self) -> Option<&Entry> {
        self.entries.iter().flatten().min_by_key(|entry| entry.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    fn insert(jitter: &mut Jitter, millis: u64, sequence: u64) -> Arrival {
        jitter.insert(at(millis), sequence, sequence * 160, Kind::Audio, &[sequence as u8])
    }

    /// Takes whatever can be taken at `millis`: numbers of packets, `None` for each lost one.
    fn taken(jitter: &mut Jitter, millis: u64) -> Vec<Option<u64>> {
        let mut all = Vec::new();
        loop {
            match jitter.next(at(millis)) {
                Next::Packet { timestamp, .. } => {
                    all.push(Some(timestamp / 160));
                    jitter.take();
                }
                Next::Lost { count } => {
                    all.extend(std::iter::repeat_n(None, count as usize));
                    jitter.give_up();
                }
                Next::Wait(_) => return all,
            }
        }
    }

    #[test]
    fn what_is_in_order_is_there_at_once() {
        let mut jitter = Jitter::new(640);
        for n in 100..110 {
            assert_eq!(insert(&mut jitter, n, n), Arrival::Taken);
            assert_eq!(taken(&mut jitter, n), [Some(n)]);
        }
        assert_eq!(jitter.next(at(200)), Next::Wait(Time::NEVER));
    }

    #[test]
    fn swapped_packets_come_out_in_order() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        insert(&mut jitter, 20, 12);
        assert_eq!(taken(&mut jitter, 20), []);
        assert_eq!(jitter.next(at(20)), Next::Wait(at(80)));
        assert_eq!(insert(&mut jitter, 25, 11), Arrival::Reordered);
        assert_eq!(taken(&mut jitter, 25), [Some(11), Some(12)]);
    }

    #[test]
    fn a_hole_is_given_up_after_60_ms_and_its_packet_is_late_then() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        insert(&mut jitter, 40, 12);
        insert(&mut jitter, 60, 13);
        assert_eq!(taken(&mut jitter, 99), []);
        assert_eq!(taken(&mut jitter, 100), [None, Some(12), Some(13)]);
        assert_eq!(insert(&mut jitter, 101, 11), Arrival::Late);
        assert_eq!(insert(&mut jitter, 101, 12), Arrival::Duplicate);
        assert_eq!(insert(&mut jitter, 101, 10), Arrival::Duplicate);
    }

    #[test]
    fn a_jump_in_the_numbers_starts_anew() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10_000);
        taken(&mut jitter, 0);
        insert(&mut jitter, 20, 30_000);
        assert_eq!(taken(&mut jitter, 20), [Some(30_000)]);
    }

    #[test]
    fn another_stream_finds_nothing_of_the_one_before() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        insert(&mut jitter, 20, 12);
        jitter.reset();
        assert_eq!((jitter.next(at(500)), jitter.ahead()), (Next::Wait(Time::NEVER), None));
        assert_eq!(insert(&mut jitter, 500, 5), Arrival::Taken);
        assert_eq!(taken(&mut jitter, 500), [Some(5)]);
        // The same where the numbers alone say that it is another.
        insert(&mut jitter, 520, 7);
        assert_eq!(insert(&mut jitter, 530, 30_000), Arrival::Taken);
        assert!(jitter.after_hole());
        assert_eq!(taken(&mut jitter, 530), [Some(30_000)]);
    }

    #[test]
    fn numbers_three_seconds_off_are_of_the_same_stream_and_those_beyond_of_another() {
        for (number, arrival) in
            [(1_150, Arrival::Taken), (1_151, Arrival::Taken), (850, Arrival::Late), (849, Arrival::Taken)]
        {
            let mut jitter = Jitter::new(640);
            insert(&mut jitter, 0, 999);
            taken(&mut jitter, 0);
            assert_eq!(insert(&mut jitter, 20, number), arrival, "{number}");
            let is_another = number.abs_diff(1_000) > JUMP;
            assert_eq!(taken(&mut jitter, 20).last() == Some(&Some(number)), is_another, "{number}");
        }
    }

    #[test]
    fn every_packet_comes_out_with_its_own_bytes_the_largest_too() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        let payload = |n: u64| vec![n as u8; 640 - (n as usize % 2)];
        for n in (11..17).rev() {
            jitter.insert(at(20), n, n * 160, Kind::Silent, &payload(n));
        }
        for n in 11..17 {
            assert_eq!(jitter.ahead(), Some((n * 160, &payload(n)[..])));
            let packet = Next::Packet { kind: Kind::Silent, timestamp: n * 160, payload: &payload(n) };
            assert_eq!(jitter.next(at(20)), packet);
            jitter.take();
        }
    }

    #[test]
    fn what_is_ahead_of_a_hole_can_be_seen_before_the_hole_is_given_up() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        assert!(jitter.after_hole());
        taken(&mut jitter, 0);
        insert(&mut jitter, 20, 13);
        assert_eq!(jitter.next(at(20)), Next::Wait(at(80)));
        assert_eq!(jitter.ahead(), Some((13 * 160, &[13][..])));
        assert!(!jitter.after_hole());
        assert_eq!((jitter.give_up(), jitter.give_up()), (2, 0));
        assert!(jitter.after_hole());
        assert_eq!(taken(&mut jitter, 20), [Some(13)]);
        assert!(!jitter.after_hole());
        assert_eq!(jitter.ahead(), None);
        assert_eq!(jitter.give_up(), 0);
    }

    #[test]
    fn what_was_received_is_known_for_64_packets_and_what_was_given_up_is_not_among_them() {
        let mut jitter = Jitter::new(640);
        for n in (100..171).filter(|n| *n != 150) {
            insert(&mut jitter, 0, n);
            taken(&mut jitter, 100);
            jitter.give_up();
        }
        insert(&mut jitter, 0, 172);
        assert_eq!(jitter.give_up(), 1);
        taken(&mut jitter, 0);
        // 173 is next.
        for (number, arrival) in [
            (172, Arrival::Duplicate),
            (171, Arrival::Late),
            (151, Arrival::Duplicate),
            (150, Arrival::Late),
            (149, Arrival::Duplicate),
            (109, Arrival::Duplicate),
            (108, Arrival::Late),
        ] {
            assert_eq!(insert(&mut jitter, 0, number), arrival, "{number}");
        }
    }

    #[test]
    fn an_outage_of_any_length_is_a_hole_like_another() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        for n in 0..3 {
            assert_eq!(insert(&mut jitter, 1_000 + 20 * n, 60 + n), Arrival::Taken);
        }
        let out = taken(&mut jitter, 1_060);
        assert_eq!(out.iter().filter(|number| number.is_none()).count(), 49);
        assert_eq!(out[49..], [Some(60), Some(61), Some(62)]);
    }

    #[test]
    fn a_burst_behind_a_hole_ends_its_wait() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        for n in 12..40 {
            insert(&mut jitter, 20, n);
            taken(&mut jitter, 20);
        }
        assert_eq!(jitter.next(at(20)), Next::Wait(Time::NEVER));
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        for far in [18, 19, 25] {
            assert_eq!(insert(&mut jitter, 0, far), Arrival::Refused, "{far}");
        }
        assert_eq!(insert(&mut jitter, 0, 17), Arrival::Taken);
        taken(&mut jitter, 0);
        assert_eq!(jitter.insert(at(0), 11, 0, Kind::Audio, &[0; 641]), Arrival::Refused);
    }

    #[test]
    fn what_was_taken_is_not_thrown_out_by_one_that_was_overtaken_by_far() {
        let mut jitter = Jitter::new(640);
        insert(&mut jitter, 0, 10);
        taken(&mut jitter, 0);
        assert_eq!(insert(&mut jitter, 20, 20), Arrival::Taken);
        assert_eq!(insert(&mut jitter, 30, 12), Arrival::Refused);
        assert_eq!(taken(&mut jitter, 80).last(), Some(&Some(20)));
    }

    proptest! {
        #[test]
        fn what_is_taken_comes_out_once_and_in_order_whatever_the_network_does(
            fates in prop::collection::vec((0_u64..10, 0_u64..400, 0_u64..5), 1..100)
        ) {
            let mut arrivals = vec![(0, 1_000)];
            for (n, (loss, delay, copies)) in (1_u64..).zip(fates) {
                if loss > 0 {
                    arrivals.push((20 * n + delay, 1_000 + n));
                }
                if copies == 0 {
                    arrivals.push((20 * n + 2 * delay, 1_000 + n));
                }
            }
            arrivals.sort_unstable();
            let (mut jitter, mut kept, mut out) = (Jitter::new(640), Vec::new(), Vec::new());
            for (millis, sequence) in arrivals {
                out.extend(taken(&mut jitter, millis));
                if let Arrival::Taken | Arrival::Reordered = insert(&mut jitter, millis, sequence) {
                    kept.push(sequence);
                }
                if let Next::Wait(until) = jitter.next(at(millis)) {
                    prop_assert!(until == Time::NEVER || until <= at(millis) + HOLE);
                }
                out.extend(taken(&mut jitter, millis));
            }
            out.extend(taken(&mut jitter, 100_000));
            kept.sort_unstable();
            prop_assert_eq!(out.into_iter().flatten().collect::<Vec<_>>(), kept);
        }

        #[test]
        fn each_number_comes_out_once_in_order_received_or_lost(
            fates in prop::collection::vec((0_u64..10, 0_u64..90), 1..100)
        ) {
            let mut arrivals: Vec<(u64, u64)> = fates
                .iter()
                .enumerate()
                .filter(|(n, (loss, _))| *n == 0 || *loss > 0)
                .map(|(n, (_, delay))| (n as u64 * 20 + if n == 0 { 0 } else { *delay }, n as u64 + 1_000))
                .collect();
            arrivals.sort_unstable();
            let mut jitter = Jitter::new(640);
            let mut out = Vec::new();
            for (millis, sequence) in arrivals {
                out.extend(taken(&mut jitter, millis));
                insert(&mut jitter, millis, sequence);
                out.extend(taken(&mut jitter, millis));
            }
            out.extend(taken(&mut jitter, 100_000));
            for (n, number) in out.iter().enumerate() {
                if let Some(number) = number {
                    prop_assert_eq!(*number, n as u64 + 1_000);
                }
            }
        }
    }
}
