//! What a clinic may spend on its calls in a day of its own time zone, and how far it is.
//!
//! Pure: time is an argument. A call counts for the day in which it began, whenever it ends; days are the clinic's, 23 or 25 hours
//! long twice a year. A day that is spent changes what new calls use and never touches a call that is going on.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::bill::Bill;
use super::money::Money;

/// Percent of the day's budget at which somebody is to be told.
const ALARM: u64 = 80;

/// `[budget]` of a clinic's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// For one day, in the currency of `[prices]`.
    pub day: Money,
    #[serde(default = "alarm")]
    pub alarm_percent: u64,
}

const fn alarm() -> u64 {
    ALARM
}

impl BudgetConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.day == Money::default() {
            wrong.push("budget.day: nothing may be spent; write an amount, or take [budget] out".to_owned());
        }
        if !(1..=99).contains(&self.alarm_percent) {
            wrong.push(format!("budget.alarm_percent: {} is no part of the day; write 1 to 99", self.alarm_percent));
        }
        wrong
    }
}

/// How far a day's budget is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    #[default]
    Within,
    /// Somebody should know.
    Alarm,
    /// New calls use the cheaper providers.
    Spent,
}

/// One clinic's budget and the day that is going on.
#[derive(Debug)]
pub struct Budget {
    config: BudgetConfig,
    zone: TimeZone,
    today: Date,
    spent: Money,
    /// The highest that was told of today.
    told: Level,
}

/// What the records told of today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    pub calls: usize,
    pub spent: Money,
    pub in_other_currencies: usize,
}

/// What is known after something was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub level: Level,
    /// Reached now, for the first time today: to be told.
    pub is_new: bool,
    /// Today's calls, those going on included.
    pub spent: Money,
    pub day: Money,
}

impl Standing {
    /// Of the day's budget.
    pub fn percent(self) -> f64 {
        self.spent.0 as f64 * 100.0 / self.day.0.max(1) as f64
    }
}

impl Budget {
    /// A day of which nothing is known yet.
    pub fn new(config: BudgetConfig, zone: TimeZone, now: Timestamp) -> Self {
        let today = date(&zone, now);
        Self { config, zone, today, spent: Money::default(), told: Level::Within }
    }

    /// The day that is going on.
    pub const fn today(&self) -> Date {
        self.today
    }

    /// The clinic's day at that time.
    pub fn date(&self, at: Timestamp) -> Date {
        date(&self.zone, at)
    }

    /// A call that began then is over. One of a day before today's is no longer of interest.
    pub fn settle(&mut self, began: Timestamp, cost: Money) {
        let day = date(&self.zone, began);
        self.turn_to(day);
        if day == self.today {
            self.spent = self.spent + cost;
        }
    }

    /// Counts the calls of the records again: when each began (RFC 3339) and its bill.
    pub fn recount(&mut self, bills: impl IntoIterator<Item = (String, Bill)>, currency: &str) -> Recount {
        let mut told = Recount::default();
        for (began, bill) in bills {
            let Ok(began) = began.parse::<Timestamp>() else { continue };
            if date(&self.zone, began) != self.today {
                continue;
            }
            if bill.currency == currency {
                told.calls += 1;
                self.settle(began, bill.total);
            } else {
                told.in_other_currencies += 1;
            }
        }
        told.spent = self.spent;
        told
    }

    /// How far it is, with what the calls that are going on have cost so far.
    pub fn standing(&mut self, now: Timestamp, going_on: impl IntoIterator<Item = (Timestamp, Money)>) -> Standing {
        self.turn_to(date(&self.zone, now));
        let open = going_on.into_iter().filter(|(began, _)| date(&self.zone, *began) == self.today);
        let spent = self.spent + open.map(|(_, cost)| cost).sum();
        let level = if spent >= self.config.day {
            Level::Spent
        } else if spent >= self.config.day.percent(self.config.alarm_percent) {
            Level::Alarm
        } else {
            Level::Within
        };
        let is_new = level > self.told;
        self.told = self.told.max(level);
        Standing { level, is_new, spent, day: self.config.day }
    }

    /// Never back: a clock that is set right must not give a day twice.
    fn turn_to(&mut self, day: Date) {
        if day > self.today {
            (self.today, self.spent, self.told) = (day, Money::default(), Level::Within);
        }
    }
}

/// The clinic's day.
pub fn date(zone: &TimeZone, at: Timestamp) -> Date {
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, ToSpan};
    use proptest::prelude::*;

    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/Toronto").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn budget(now: &str) -> Budget {
        let config = BudgetConfig { day: Money(10_000_000), alarm_percent: 80 };
        Budget::new(config, zone(), at(now))
    }

    fn level(budget: &mut Budget, now: &str) -> (Level, bool) {
        let standing = budget.standing(at(now), []);
        (standing.level, standing.is_new)
    }

    #[test]
    fn each_level_is_reached_at_its_share_and_told_once_a_day() {
        let noon = "2026-11-21T20:00:00Z";
        let mut budget = budget(noon);
        budget.settle(at(noon), Money(7_999_999));
        assert_eq!(level(&mut budget, noon), (Level::Within, false));
        budget.settle(at(noon), Money(1));
        assert_eq!(level(&mut budget, noon), (Level::Alarm, true));
        assert_eq!(level(&mut budget, noon), (Level::Alarm, false));
        budget.settle(at(noon), Money(2_000_000));
        assert_eq!(level(&mut budget, noon), (Level::Spent, true));
        // Midnight in Toronto is 05:00 UTC.
        assert_eq!(level(&mut budget, "2026-11-22T04:59:59Z"), (Level::Spent, false));
        assert_eq!(level(&mut budget, "2026-11-22T05:00:00Z"), (Level::Within, false));
        assert_eq!(level(&mut budget, noon), (Level::Within, false), "a clock set back gives no day twice");
    }

    #[test]
    fn a_call_counts_for_the_day_in_which_it_began_and_from_its_beginning() {
        let mut budget = budget("2026-11-21T20:00:00Z");
        let (before, after) = ("2026-11-22T04:55:00Z", "2026-11-22T05:05:00Z");
        let open = [(at(before), Money(9_000_000))];
        assert_eq!(budget.standing(at(before), open).level, Level::Alarm, "it is still going on");
        assert_eq!(budget.standing(at(after), open).spent, Money(0), "yesterday's");
        budget.settle(at(before), Money(12_000_000));
        budget.settle(at(after), Money(1));
        assert_eq!(budget.standing(at(after), []).spent, Money(1));
        assert!((budget.standing(at(after), []).percent() - 0.000_01).abs() < 1e-9);
    }

    #[test]
    fn a_restart_counts_todays_records_again_and_no_others() {
        let bill = |currency: &str, total| Bill { currency: currency.into(), total: Money(total), ..Bill::default() };
        let mut budget = budget("2026-11-21T20:00:00Z");
        let bills = [
            ("2026-11-21T04:59:59.999Z", bill("CAD", 1_000)),
            ("2026-11-21T05:00:00Z", bill("CAD", 20)),
            ("2026-11-21T19:00:00.123Z", bill("CAD", 3)),
            ("2026-11-21T19:30:00Z", bill("USD", 500)),
            ("yesterday", bill("CAD", 70_000)),
        ];
        let told = budget.recount(bills.map(|(at, bill)| (at.to_owned(), bill)), "CAD");
        assert_eq!(told, Recount { calls: 2, spent: Money(23), in_other_currencies: 1 });
        assert_eq!(budget.standing(at("2026-11-21T20:00:00Z"), []).spent, Money(23));
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = BudgetConfig { day: Money(0), alarm_percent: 100 }.check();
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].starts_with("budget.day: ") && wrong[1].starts_with("budget.alarm_percent: 100"), "{wrong:?}");
        let read: BudgetConfig = toml::from_str("day = 25").unwrap();
        assert_eq!((read.day, read.alarm_percent, read.check().len()), (Money(25_000_000), 80, 0));
    }

    proptest! {
        /// Days of calls about the two changes of the clock: what each day cost is the sum of the calls that began in it.
        #[test]
        fn each_day_has_its_calls_also_when_the_clock_changes(
            spring in any::<bool>(),
            calls in proptest::collection::vec((0_i64..4 * 24 * 60, 0_u64..1_000_000, 0_i64..60), 1..200),
        ) {
            // Clocks change on the second day: 2026-11-01 has 25 hours, 2027-03-14 has 23.
            let first = if spring { "2027-03-13T05:00:00Z" } else { "2026-10-31T04:00:00Z" };
            let mut calls: Vec<(Timestamp, Money, Timestamp)> = calls
                .into_iter()
                .map(|(minute, cost, length)| {
                    let began = at(first) + SignedDuration::from_mins(minute);
                    (began, Money(cost), began + SignedDuration::from_mins(length))
                })
                .collect();
            // They are settled when they end.
            calls.sort_by_key(|(_, _, ended)| *ended);
            let mut budget = budget(first);
            for n in 0..calls.len() {
                let (began, cost, ended) = calls[n];
                budget.settle(began, cost);
                let standing = budget.standing(ended, []);
                let today = date(&zone(), ended);
                let wanted: Money = calls[..=n].iter().filter(|call| date(&zone(), call.0) == today).map(|call| call.1).sum();
                prop_assert_eq!((budget.today(), standing.spent), (today, wanted));
            }
        }

        #[test]
        fn a_day_lasts_from_midnight_to_midnight(day in 0_i64..800, second in 0_i64..86_400) {
            let midnight = at("2026-01-01T05:00:00Z").to_zoned(zone()).date().checked_add(day.days()).unwrap();
            let begins = midnight.to_zoned(zone()).unwrap().timestamp();
            let ends = midnight.tomorrow().unwrap().to_zoned(zone()).unwrap().timestamp();
            let within = (begins + SignedDuration::from_secs(second)).min(ends - SignedDuration::from_secs(1));
            prop_assert_eq!(date(&zone(), within), midnight);
            prop_assert_eq!(date(&zone(), begins - SignedDuration::from_secs(1)), midnight.yesterday().unwrap());
            prop_assert_eq!(date(&zone(), ends), midnight.tomorrow().unwrap());
        }
    }
}
