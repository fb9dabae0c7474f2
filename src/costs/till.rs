//! Where the calls of this server are settled: prices, the clinic's budget of the day, and what is counted for all of them together.
//!
//! A call is settled once, when it is over, however it ended.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;

use super::bill::Bill;
use super::budget::{Budget, Level, Standing};
use super::meter::{Line, Meter, Usage};
use super::money::Money;
use super::prices::Prices;

/// One per clinic.
#[derive(Debug, Default)]
pub struct Till {
    /// Its id, for the metrics.
    clinic: String,
    prices: Prices,
    budget: Option<Mutex<Budget>>,
    shares: Mutex<Shares>,
}

/// Of a day's budget, where several instances spend it.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    /// This instance's, when it was last looked at.
    own: Money,
    others: Option<(Date, Money)>,
}

/// Where one call is settled, as of its beginning.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub till: Arc<Till>,
    pub began: Timestamp,
}

impl Account {
    /// The bill of a call that is over; `None` if it used nothing that is paid, or was settled before.
    pub fn settle(&self, meter: &Meter, cached_characters: u64) -> Option<Bill> {
        let bill = self.till.bill(meter, cached_characters)?;
        if let Some(budget) = &self.till.budget {
            budget.lock().settle(self.began, bill.total);
        }
        Some(bill)
    }
}

impl Till {
    pub fn new(prices: Prices, budget: Option<Budget>) -> Self {
        Self { prices, budget: budget.map(Mutex::new), ..Self::default() }
    }

    /// The same of this clinic.
    #[must_use]
    pub fn of_clinic(self, clinic: &str) -> Self {
        Self { clinic: clinic.to_owned(), ..self }
    }

    /// What was used and is in no call's day: it is counted, and on no budget.
    pub fn bill(&self, meter: &Meter, cached_characters: u64) -> Option<Bill> {
        let lines = meter.settle()?;
        self.count(&lines);
        Bill::of(&lines, &self.prices, cached_characters)
    }

    /// How far the day's budget is, with the calls that are going on (when each began, its meter); `None` without a budget. Who is to be
    /// told is told, in the log and the metrics.
    pub fn standing<'a>(
        &self,
        now: Timestamp,
        going_on: impl IntoIterator<Item = (Timestamp, &'a Meter)>,
    ) -> Option<Standing> {
        let going_on = going_on.into_iter().map(|(began, meter)| {
            let costs = meter.unsettled().iter().filter_map(|line| self.prices.cost(line)).sum::<Money>();
            (began, costs)
        });
        let mut budget = self.budget.as_ref()?.lock();
        let mut shares = self.shares.lock();
        let others =
            shares.others.filter(|(day, _)| *day == budget.date(now)).map_or_else(Money::default, |(_, money)| money);
        let standing = budget.standing(now, going_on.chain([(now, others)]));
        shares.own = Money(standing.spent.0.saturating_sub(others.0));
        drop((budget, shares));
        metrics::gauge!("budget_spent_percent", "clinic" => self.clinic.clone()).set(standing.percent());
        metrics::gauge!("budget_level", "clinic" => self.clinic.clone()).set(match standing.level {
            Level::Within => 0.0,
            Level::Alarm => 1.0,
            Level::Spent => 2.0,
        });
        if standing.is_new {
            let Standing { spent, day, .. } = standing;
            let (currency, clinic) = (self.prices.currency(), &self.clinic);
            match standing.level {
                Level::Within => {}
                Level::Alarm => {
                    tracing::warn!(clinic, %spent, %day, currency, "most of the day's budget for calls is spent");
                }
                Level::Spent => tracing::error!(
                    clinic, %spent, %day, currency,
                    "the day's budget for calls is spent: new calls use [providers.cheaper] until midnight at the clinic"
                ),
            }
        }
        Some(standing)
    }

    /// The day that is going on, and what this instance has spent of it, when it was last looked at; `None` without a budget.
    pub fn own(&self, now: Timestamp) -> Option<(Date, Money)> {
        Some((self.budget.as_ref()?.lock().date(now), self.shares.lock().own))
    }

    /// What the other instances have spent of that day.
    pub fn others(&self, day: Date, spent: Money) {
        self.shares.lock().others = Some((day, spent));
    }

    pub const fn has_budget(&self) -> bool {
        self.budget.is_some()
    }

    fn count(&self, lines: &[Line]) {
        for line in lines {
            let Line { provider, model, usage, .. } = line;
            for (unit, count) in units(*usage) {
                metrics::counter!("cost_units_total", "provider" => *provider, "model" => model.clone(), "unit" => unit)
                    .increment(count);
            }
            match self.prices.cost(line) {
                Some(cost) => {
                    metrics::counter!("cost_micros_total", "provider" => *provider, "model" => model.clone())
                        .increment(cost.0);
                }
                None => {
                    metrics::counter!("cost_unpriced_total", "provider" => *provider, "model" => model.clone())
                        .increment(1);
                }
            }
        }
    }
}

/// What was used, by the unit that is paid for.
fn units(usage: Usage) -> impl Iterator<Item = (&'static str, u64)> {
    let Usage { audio_ms, characters, requests, tokens_in, tokens_cached, tokens_written, tokens_out, estimated } =
        usage;
    let all = [
        ("audio_ms", audio_ms),
        ("characters", characters),
        ("requests", requests),
        ("requests_estimated", estimated),
        ("tokens_in", tokens_in),
        ("tokens_cached", tokens_cached),
        ("tokens_written", tokens_written),
        ("tokens_out", tokens_out),
    ];
    all.into_iter().filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::{Kind, Paid};
    use crate::telemetry::metrics::recorder;

    #[test]
    fn a_day_is_spent_by_all_instances_together() {
        let now: Timestamp = "2026-11-21T20:00:00Z".parse().unwrap();
        let config = toml::from_str("day = 10").unwrap();
        let zone = jiff::tz::TimeZone::get("America/Toronto").unwrap();
        let till = Till::new(Prices::default(), Some(Budget::new(config, zone, now)));
        till.budget.as_ref().unwrap().lock().settle(now, Money(3_000_000));
        let spent = |now| till.standing(now, []).unwrap().spent;
        assert_eq!(spent(now), Money(3_000_000));
        let (today, own) = till.own(now).unwrap();
        assert_eq!(own, Money(3_000_000));
        till.others(today, Money(7_000_000));
        assert_eq!(till.standing(now, []).unwrap().level, Level::Spent);
        assert_eq!(till.own(now).unwrap().1, Money(3_000_000), "theirs is not ours");
        let tomorrow = now + jiff::SignedDuration::from_hours(24);
        assert_eq!(spent(tomorrow), Money(0), "and was of that day");
    }

    #[test]
    fn a_call_is_counted_once_by_provider_and_model() {
        let config =
            "[[models]]\nprovider = \"deepgram\"\nmodel = \"nova-3\"\nper_minute = 0.006\n".parse::<toml::Table>();
        let till = Till::new(Prices::new(&config.unwrap().try_into().unwrap()), None);
        let meter = Meter::default();
        let paid = |provider, model| Paid { provider, model };
        meter.add(Kind::Hearing, paid("deepgram", "nova-3"), Usage { audio_ms: 30_000, ..Usage::default() });
        meter.add(Kind::Speaking, paid("cartesia", "sonic-3"), Usage { characters: 12, ..Usage::default() });
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || {
            assert_eq!(till.bill(&meter, 0).unwrap().total.0, 3_000);
            assert_eq!(till.bill(&meter, 0), None);
        });
        let text = recorder.handle().render();
        for line in [
            "cost_units_total{provider=\"deepgram\",model=\"nova-3\",unit=\"audio_ms\"} 30000",
            "cost_units_total{provider=\"cartesia\",model=\"sonic-3\",unit=\"characters\"} 12",
            "cost_micros_total{provider=\"deepgram\",model=\"nova-3\"} 3000",
            "cost_unpriced_total{provider=\"cartesia\",model=\"sonic-3\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
