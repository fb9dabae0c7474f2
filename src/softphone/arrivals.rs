//! How late the other side's packets are, as far as a receiver can tell: against the earliest of them, by their own sequence.
//!
//! Both ends share one machine's clock, so there is no drift to take out.

use attendant_media::time::Time;

/// 20 ms, the packet time of every codec offered.
const SLOT_US: i64 = 20_000;

/// The arrivals of one call.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// Sequence number of the first packet, and how often it has wrapped since the newest.
    first: Option<u16>,
    newest: i64,
    /// Arrival less the time its number stands for, microseconds.
    offsets: Vec<i64>,
}

impl Arrivals {
    /// A packet with this RTP sequence number has come.
    pub fn note(&mut self, now: Time, sequence: u16) {
        let first = *self.first.get_or_insert(sequence);
        // The distance to the newest, as a signed 16-bit number, unwraps it.
        let step = sequence.wrapping_sub(first.wrapping_add(self.newest as u16)) as i16;
        let number = self.newest + i64::from(step);
        self.newest = self.newest.max(number);
        self.offsets.push(now.as_micros() as i64 - number * SLOT_US);
    }

    /// How late each packet was, microseconds.
    pub fn late_us(&self) -> impl Iterator<Item = u32> + '_ {
        let earliest = self.offsets.iter().min().copied().unwrap_or_default();
        self.offsets.iter().map(move |offset| u32::try_from(offset - earliest).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_against_the_earliest_packet_across_a_wrap() {
        let mut arrivals = Arrivals::default();
        for (ms, sequence) in [(1_003, 65_534), (1_020, 65_535), (1_047, 0), (1_060, 1)] {
            arrivals.note(Time::from_millis(ms), sequence);
        }
        assert_eq!(arrivals.late_us().collect::<Vec<_>>(), [3_000, 0, 7_000, 0]);
    }
}
