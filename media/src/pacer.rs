//! When a slot is due: number n at origin + n x 20 ms, whatever happened before.
//!
//! Late slots are counted and several overdue ones are all emitted; the origin never moves, so that a stall costs one
//! gap and not a lag for the rest of the call. It must never skip a slot.

use crate::frame::SLOT;
use crate::time::Time;

/// A slot that leaves more than this after it was due is late: a quarter of the packet time, which any receiver's
/// jitter buffer hides.
pub const LATE_US: u64 = 5_000;

/// A slot taken from the pacer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub number: u64,
    pub due: Time,
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct Pacer {
    origin: Time,
    next: u64,
    late: u64,
    burst: u64,
    last_taken: Option<Time>,
}

impl Pacer {
    pub const fn new(origin: Time) -> Self {
        Self { origin, next: 0, late: 0, burst: 0, last_taken: None }
    }

    /// When slot `number` is due.
    pub const fn due(&self, number: u64) -> Time {
        Time::from_micros(self.origin.as_micros() + number * SLOT.as_micros() as u64)
    }

    /// When the next slot is due.
    pub const fn next_due(&self) -> Time {
        self.due(self.next)
    }

    /// The slot that `now` lies in: 0 before the origin.
    pub const fn slot_at(&self, now: Time) -> u64 {
        now.since(self.origin).as_micros() as u64 / SLOT.as_micros() as u64
    }

    /// Takes the next slot if it is due. Call until `None`.
    pub fn take(&mut self, now: Time) -> Option<Slot> {
        let due = self.next_due();
        if due > now {
            return None;
        }
        if now.since(due).as_micros() as u64 > LATE_US {
            self.late += 1;
        }
        if self.last_taken == Some(now) {
            self.burst += 1;
        }
        self.last_taken = Some(now);
        let number = self.next;
        self.next += 1;
        Some(Slot { number, due })
    }

    /// Slots taken so far, which is also the number of the next one.
    pub const fn taken(&self) -> u64 {
        self.next
    }

    /// Slots taken over 5 ms after they were due.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Slots that left in the same instant as the one before.
    pub const fn burst(&self) -> u64 {
        self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stall_is_made_good_in_one_burst_and_never_re_based() {
        let mut pacer = Pacer::new(Time::from_millis(100));
        assert_eq!(pacer.take(Time::from_millis(99)), None);
        assert_eq!(pacer.take(Time::from_millis(100)).map(|slot| slot.number), Some(0));
        let stalled = Time::from_millis(171);
        let numbers: Vec<_> = std::iter::from_fn(|| pacer.take(stalled)).map(|slot| slot.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!((pacer.late(), pacer.burst()), (3, 2));
        assert_eq!(pacer.next_due(), Time::from_millis(180));
    }

    #[test]
    fn slots_taken_one_by_one_are_no_burst() {
        let mut pacer = Pacer::new(Time::ZERO);
        for number in 0..10 {
            let now = Time::from_millis(20 * number);
            assert_eq!(pacer.take(now), Some(Slot { number, due: now }));
            assert_eq!(pacer.take(now), None);
        }
        assert_eq!((pacer.late(), pacer.burst()), (0, 0));
    }

    #[test]
    fn five_milliseconds_are_not_late_yet() {
        let mut pacer = Pacer::new(Time::ZERO);
        pacer.take(Time::from_micros(5_000));
        assert_eq!(pacer.late(), 0);
        pacer.take(Time::from_micros(25_001));
        assert_eq!(pacer.late(), 1);
    }

    proptest! {
        #[test]
        fn slots_taken_are_elapsed_time_over_20_ms(steps in prop::collection::vec(0_u64..200_000, 1..100)) {
            let origin = Time::from_millis(7);
            let mut pacer = Pacer::new(origin);
            let mut now = origin;
            for step in steps {
                now += std::time::Duration::from_micros(step);
                while let Some(slot) = pacer.take(now) {
                    prop_assert_eq!(slot.due, pacer.due(slot.number));
                }
                prop_assert_eq!(pacer.taken(), pacer.slot_at(now) + 1);
            }
        }
    }
}
