//! What a caller can measure: from the last packet with our voice in it to the first with theirs, and from the first packet of an
//! interruption to the last of theirs.
//!
//! Pure: every time is handed in, the sending and arrival times of packets.

use std::time::Duration;

use attendant_media::frame::Frame;
use attendant_media::time::Time;

use super::ear::{Change, Ear};

/// So much silence within an interruption means that the other side gave way; shorter is a pause between its words.
const GAVE_WAY: Duration = Duration::from_millis(400);

/// One thing said, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Our first and last packets with voice in them.
    pub first_voiced: Option<Time>,
    pub last_voiced: Option<Time>,
    /// The other side was speaking when we began.
    pub interrupted: bool,
    /// Its last packet with sound before it gave way, if it did.
    pub silent: Option<Time>,
    /// Its first packet with sound after our last voiced one.
    pub answer: Option<Time>,
    /// Its last packet with sound before the next thing we said.
    pub answer_end: Option<Time>,
}

impl Exchange {
    /// Last word to first answer.
    pub fn response(&self) -> Option<Duration> {
        Some(self.answer?.since(self.last_voiced?))
    }

    /// Onset of an interruption to silence.
    pub fn silenced(&self) -> Option<Duration> {
        Some(self.silent?.since(self.first_voiced?))
    }
}

/// Follows one call.
#[derive(Debug, Default)]
pub struct Measure {
    ear: Ear,
    /// First sound of theirs: the greeting.
    greeting: Option<Time>,
    exchanges: Vec<Exchange>,
}

impl Measure {
    /// A packet with the first voice of a new utterance leaves.
    pub fn begins(&mut self, now: Time) {
        let interrupted = self.ear.sound().is_some_and(|(_, last)| now.since(last) < GAVE_WAY);
        self.exchanges.push(Exchange { first_voiced: Some(now), interrupted, ..Exchange::default() });
    }

    /// The packet with the last voice of the utterance leaves.
    pub fn ends(&mut self, now: Time) {
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.last_voiced = Some(now);
        }
    }

    /// 20 ms of theirs arrive.
    pub fn hear(&mut self, now: Time, frame: &Frame) -> Option<Change> {
        let before = self.ear.sound();
        let change = self.ear.hear(now, frame);
        let sounding = self.ear.sound().is_some_and(|(_, last)| last == now);
        if sounding && self.greeting.is_none() {
            self.greeting = Some(now);
        }
        let Some(exchange) = self.exchanges.last_mut() else { return change };
        if exchange.interrupted && exchange.silent.is_none() && !sounding {
            let last = before.map(|(_, last)| last).filter(|last| now.since(*last) >= GAVE_WAY);
            exchange.silent = last.map(|last| last.max(exchange.first_voiced.unwrap_or(last)));
        }
        let gave_way = !exchange.interrupted || exchange.silent.is_some();
        if sounding && gave_way && exchange.last_voiced.is_some() {
            exchange.answer.get_or_insert(now);
            exchange.answer_end = Some(now);
        }
        change
    }

    pub const fn greeting(&self) -> Option<Time> {
        self.greeting
    }

    /// Everything said so far, oldest first.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Since when the other side has been speaking, and when it was last heard.
    pub const fn sound(&self) -> Option<(Time, Time)> {
        self.ear.sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Frame = [3_000; 320];
    const QUIET: Frame = [0; 320];

    /// Hears `frame` in each slot from `from` to `to` milliseconds.
    fn hear(measure: &mut Measure, from: u64, to: u64, frame: &Frame) {
        for at in (from..to).step_by(20) {
            measure.hear(Time::from_millis(at), frame);
        }
    }

    #[test]
    fn a_response_counts_from_the_last_voiced_packet_to_the_first_of_the_answer() {
        let mut measure = Measure::default();
        hear(&mut measure, 0, 100, &QUIET);
        hear(&mut measure, 100, 1_000, &LOUD);
        hear(&mut measure, 1_000, 2_000, &QUIET);
        measure.begins(Time::from_millis(2_000));
        measure.ends(Time::from_millis(3_000));
        hear(&mut measure, 2_000, 3_900, &QUIET);
        hear(&mut measure, 3_900, 4_500, &LOUD);
        assert_eq!(measure.greeting(), Some(Time::from_millis(100)));
        let exchange = measure.exchanges()[0];
        assert_eq!(exchange.response(), Some(Duration::from_millis(900)));
        assert_eq!(exchange.silenced(), None);
    }

    #[test]
    fn an_interruption_counts_from_its_onset_to_the_last_packet_with_sound() {
        let mut measure = Measure::default();
        hear(&mut measure, 0, 1_000, &LOUD);
        measure.begins(Time::from_millis(1_000));
        hear(&mut measure, 1_000, 1_120, &LOUD);
        hear(&mut measure, 1_120, 3_000, &QUIET);
        measure.ends(Time::from_millis(2_000));
        hear(&mut measure, 3_000, 3_100, &LOUD);
        let exchange = measure.exchanges()[0];
        assert!(exchange.interrupted);
        assert_eq!(exchange.silenced(), Some(Duration::from_millis(100)));
        assert_eq!(exchange.response(), Some(Duration::from_millis(1_000)));
    }

    #[test]
    fn a_side_that_talks_on_through_an_interruption_has_not_answered() {
        let mut measure = Measure::default();
        hear(&mut measure, 0, 1_000, &LOUD);
        measure.begins(Time::from_millis(1_000));
        measure.ends(Time::from_millis(1_500));
        hear(&mut measure, 1_000, 3_000, &LOUD);
        let exchange = measure.exchanges()[0];
        assert_eq!((exchange.silenced(), exchange.response()), (None, None));
    }
}
