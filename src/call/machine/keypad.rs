//! What the keys of the telephone mean for the floor, and which reports are of one key.
//!
//! A telephone may report a key twice: as a tone or telephone-event in its media, and by a message (SIP INFO, a stream's `dtmf`). The
//! first report counts; the other way's report of the same digit soon after is the same key. A key never shortens the time for
//! the next one.

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::time::Time;

use super::{Machine, Phase, Timer};
use crate::call::timeline::Entry;
use crate::call::turn::{Floor, Voice};

/// From one key to the next.
const BETWEEN_KEYS: Duration = Duration::from_secs(2);

/// A message may be this much later than the tone, or the tone than the message: one repetition of a lost INFO (RFC 3261's T1 doubled),
/// and the network.
const ONE_KEY: Duration = Duration::from_millis(2_000);

/// More keys than any number has are no caller's: a tone that never ends, a telephone gone mad. They count no more, and prolong nothing.
const KEYS_AT_MOST: usize = 32;

/// Nobody presses more keys than this before the other report of the first.
const AHEAD: usize = 8;

/// How a key was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Report {
    /// In the media: a tone or a telephone-event.
    #[default]
    Media,
    /// By a message beside it.
    Message,
}

/// The keys of the present turn.
#[derive(Debug, Default)]
pub(super) struct Keypad {
    pressed: String,
    /// So long the next one may take.
    next: Time,
    /// Keys that one way has reported and the other has not.
    single: VecDeque<char>,
    way: Report,
    last: Time,
}

impl Keypad {
    /// Whether this report is of a key that was not reported before.
    fn is_new(&mut self, digit: char, way: Report, now: Time) -> bool {
        if now.since(self.last) > ONE_KEY {
            self.single.clear();
        }
        if way != self.way && !self.single.is_empty() {
            let known = self.single.iter().position(|other| *other == digit);
            if let Some(place) = known {
                self.single.drain(..=place);
            }
            return known.is_none();
        }
        if self.single.len() == AHEAD {
            self.single.pop_front();
        }
        self.single.push_back(digit);
        (self.way, self.last) = (way, now);
        true
    }

    /// Whether it says anything: `#` ends what the caller says, and without that it is nothing.
    fn counts(&self, digit: char, floor: Floor) -> bool {
        if digit == '#' { matches!(floor, Floor::Caller { .. }) } else { self.pressed.len() + 1 < 2 * KEYS_AT_MOST }
    }

    fn press(&mut self, digit: char, now: Time) {
        let wait = if digit == '#' {
            Duration::ZERO
        } else {
            if !self.pressed.is_empty() {
                self.pressed.push(' ');
            }
            self.pressed.push(digit);
            BETWEEN_KEYS
        };
        self.next = now + wait;
    }

    /// When the turn may end that would be over at `due` without keys.
    pub(super) fn endpoint(&self, due: Time) -> Time {
        // A key's click may be heard as a voice: the next key has its time all the same.
        if self.pressed.is_empty() { due } else { due.max(self.next) }
    }

    /// Whether keys belong to the turn.
    pub(super) fn is_pressed(&self) -> bool {
        !self.pressed.is_empty()
    }

    /// The keys of the turn, a blank between two.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.pressed)
    }
}

impl Machine {
    pub(super) fn key(&mut self, digit: char, way: Report) {
        if self.phase != Phase::Talking || !self.keypad.is_new(digit, way, self.now) {
            return;
        }
        if !self.keypad.counts(digit, self.floor) {
            return;
        }
        self.journal(Entry::Key { at_us: self.at_us() });
        self.timers.clear(Timer::Silence);
        let at = self.clock();
        match self.floor {
            Floor::Agent => self.interrupt(at, Voice::Quiet(at)),
            Floor::Contested { from, .. } => self.interrupt(from, Voice::Quiet(at)),
            Floor::Open => self.floor = Floor::Caller { from: at, voice: Voice::Quiet(at) },
            Floor::Settling { from, .. } => {
                self.timers.clear(Timer::Flush);
                self.floor = Floor::Caller { from, voice: Voice::Quiet(at) };
            }
            Floor::Caller { .. } => {}
        }
        self.timers.clear(Timer::Filler);
        self.keypad.press(digit, self.now);
        self.timers.set(Timer::Endpoint, self.keypad.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that count, of reports at these times (ms).
    fn counted(reports: &[(u64, char, Report)]) -> String {
        let mut keypad = Keypad::default();
        reports
            .iter()
            .filter(|(at, digit, way)| keypad.is_new(*digit, *way, Time::from_millis(*at)))
            .map(|r| r.1)
            .collect()
    }

    use Report::{Media, Message};

    #[test]
    fn a_key_that_comes_both_ways_is_one_key_whichever_comes_first() {
        assert_eq!(counted(&[(100, '5', Media), (300, '5', Message), (900, '5', Media), (1_000, '5', Message)]), "55");
        assert_eq!(counted(&[(100, '1', Message), (150, '1', Media), (900, '2', Message), (950, '2', Media)]), "12");
        let quick = [(100, '1', Media), (250, '1', Media), (400, '2', Media)];
        let late = [(450, '1', Message), (600, '1', Message), (700, '2', Message)];
        assert_eq!(counted(&[quick, late].concat()), "112");
    }

    #[test]
    fn keys_that_come_one_way_all_count() {
        for way in [Media, Message] {
            let all: Vec<_> = (0..20).map(|n| (n * 150, '7', way)).collect();
            assert_eq!(counted(&all).len(), 20);
        }
    }

    #[test]
    fn a_key_that_one_way_missed_counts_and_the_others_are_still_paired() {
        assert_eq!(counted(&[(100, '2', Media), (200, '1', Message), (300, '2', Message)]), "21");
    }

    #[test]
    fn the_same_key_by_another_way_much_later_is_another_key() {
        assert_eq!(counted(&[(100, '3', Message), (2_100, '3', Media)]), "3");
        assert_eq!(counted(&[(100, '3', Message), (2_200, '3', Media)]), "33");
    }
}
