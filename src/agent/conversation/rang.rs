//! Calls of one number at a clinic, in a minute and in a day: counted, and told in the log and in a metric when they are more than the clinic's `[limits]`.
//!
//! None is refused: a family, a residence and a hospital's switchboard show one number for everybody who calls from them. Within this process, since nothing
//! depends on it; bounded, and forgotten when the minute or the day is over. Numbers stand in it as digests.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// Numbers that are told apart in a window; further ones are not counted.
const MOST_NUMBERS: usize = 4_096;

#[derive(Debug)]
pub(super) struct Rang(Mutex<[Window; 2]>);

#[derive(Debug)]
struct Window {
    /// In the metric.
    per: &'static str,
    length: Duration,
    /// Which one since 1970.
    number: u64,
    calls: HashMap<String, u64>,
}

impl Window {
    fn new(per: &'static str, length: Duration) -> Self {
        Self { per, length, number: 0, calls: HashMap::new() }
    }

    /// Calls of this one in the window, with this.
    fn count(&mut self, who: &str, now: u64) -> Option<u64> {
        let number = now / self.length.as_secs();
        if number != self.number {
            (self.number, self.calls) = (number, HashMap::new());
        }
        if let Some(calls) = self.calls.get_mut(who) {
            *calls += 1;
            return Some(*calls);
        }
        if self.calls.len() >= MOST_NUMBERS {
            return None;
        }
        self.calls.insert(who.to_owned(), 1);
        Some(1)
    }
}

impl Default for Rang {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3_600);
        Self(Mutex::new([Window::new("minute", Duration::from_secs(60)), Window::new("day", day)]))
    }
}

impl Rang {
    /// Another call of `who`, a digest of number and clinic, at `now`, seconds since 1970. Returns the windows with more than so many in a minute and in
    /// a day, and whether it is the first beyond them.
    pub(super) fn another(&self, who: &str, most: [u64; 2], now: u64) -> Vec<(&'static str, bool)> {
        let mut windows = self.0.lock();
        let many = windows.iter_mut().zip(most).filter_map(|(window, most)| {
            let calls = window.count(who, now)?;
            (calls > most).then(|| (window.per, calls == most + 1))
        });
        many.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_calls_of_one_number_are_told_once_a_window_and_those_of_others_are_not() {
        let rang = Rang::default();
        let another = |who: &str, now| rang.another(who, [2, 4], now);
        assert_eq!((another("a", 60), another("a", 61)), (vec![], vec![]));
        assert_eq!((another("a", 62), another("a", 119)), (vec![("minute", true)], vec![("minute", false)]));
        assert_eq!(another("b", 119), []);
        assert_eq!((another("a", 120), another("a", 180)), (vec![("day", true)], vec![("day", false)]));
        assert_eq!(another("a", 86_400), []);
    }

    #[test]
    fn there_is_room_for_so_many_numbers_and_those_that_are_known_go_on_counting() {
        let rang = Rang::default();
        for number in 0..MOST_NUMBERS {
            assert_eq!(rang.another(&number.to_string(), [1, 1], 0), []);
        }
        assert_eq!((rang.another("x", [0, 0], 0), rang.another("7", [1, 9], 0)), (vec![], vec![("minute", true)]));
        assert_eq!(rang.another("x", [0, 9], 60), [("minute", true)], "the next minute");
    }
}
