//! Time as an argument: a point on the process's monotonic clock, and tables of named timers.
//!
//! Nothing in this crate reads a clock. Unit: microseconds since an origin that the caller chooses.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point in time, in microseconds since the caller's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    pub const ZERO: Self = Self(0);
    /// Later than every other time: what an unset timer holds.
    pub const NEVER: Self = Self(u64::MAX);

    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The time since `earlier`, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs.as_micros() as u64))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(rhs.as_micros() as u64))
    }
}

/// The names of one machine's timers; `index` is the variant's place in `ALL`.
pub trait Named: Copy + 'static {
    const ALL: &'static [Self];

    fn index(self) -> usize;
}

/// One deadline per name. The next wake-up is the minimum; no handle can leak.
#[derive(Clone, Debug)]
pub struct Timers<T, const N: usize> {
    due: [Time; N],
    names: std::marker::PhantomData<T>,
}

impl<T: Named, const N: usize> Timers<T, N> {
    pub const fn new() -> Self {
        assert!(T::ALL.len() == N, "one slot per name");
        Self { due: [Time::NEVER; N], names: std::marker::PhantomData }
    }

    pub fn set(&mut self, timer: T, at: Time) {
        self.due[timer.index()] = at;
    }

    pub fn clear(&mut self, timer: T) {
        self.due[timer.index()] = Time::NEVER;
    }

    pub fn clear_all(&mut self) {
        self.due = [Time::NEVER; N];
    }

    pub fn get(&self, timer: T) -> Option<Time> {
        let at = self.due[timer.index()];
        (at != Time::NEVER).then_some(at)
    }

    pub fn is_set(&self, timer: T) -> bool {
        self.due[timer.index()] != Time::NEVER
    }

    /// The earliest deadline and its name.
    pub fn next(&self) -> Option<(T, Time)> {
        let (index, at) = self.due.iter().enumerate().min_by_key(|(_, at)| **at)?;
        (*at != Time::NEVER).then(|| (T::ALL[index], *at))
    }

    /// Takes the earliest timer that is due at `now`, unsetting it.
    pub fn expire(&mut self, now: Time) -> Option<T> {
        let (timer, at) = self.next()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }
}

impl<T: Named, const N: usize> Default for Timers<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Tea {
        Steep,
        Drink,
    }

    impl Named for Tea {
        const ALL: &'static [Self] = &[Self::Steep, Self::Drink];

        fn index(self) -> usize {
            self as usize
        }
    }

    #[test]
    fn timers_expire_in_order_and_once() {
        let mut timers = Timers::<Tea, 2>::new();
        timers.set(Tea::Drink, Time::from_millis(7));
        timers.set(Tea::Steep, Time::from_millis(3));
        assert_eq!(timers.next(), Some((Tea::Steep, Time::from_millis(3))));
        assert_eq!(timers.expire(Time::from_millis(2)), None);
        assert_eq!(timers.expire(Time::from_millis(9)), Some(Tea::Steep));
        assert_eq!(timers.expire(Time::from_millis(9)), Some(Tea::Drink));
        assert_eq!(timers.expire(Time::from_millis(9)), None);
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Time::NEVER + Duration::from_secs(1), Time::NEVER);
        assert_eq!(Time::ZERO.since(Time::from_millis(5)), Duration::ZERO);
    }
}
