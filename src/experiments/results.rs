//! What came of each arm: from the records of the calls that were in it.
//!
//! Pure. It compares and does not judge: with few calls a difference is chance, which is why their number stands first.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::call::timeline::{EndReason, Entry};
use crate::costs::Money;

/// The tools of one call: how many were begun, and how many were refused or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    pub begun: u64,
    pub failed: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub experiment: String,
    pub arm: String,
    /// Those that have ended.
    pub calls: u64,
    pub turns: u64,
    /// From the caller's last voiced sample to the first packet of the answer; half of the turns, and 19 of 20, had it within.
    pub response_p50_ms: Option<u64>,
    pub response_p95_ms: Option<u64>,
    /// Calls passed on to a person.
    pub handed_over: u64,
    pub tools: u64,
    pub tools_failed: u64,
    /// Of what has a price; absent if the calls were paid in several currencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_per_call: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Calls whose bill has a line without a price.
    pub calls_partly_priced: u64,
}

#[derive(Debug, Default)]
struct Sum {
    calls: u64,
    turns: u64,
    responses: Vec<u64>,
    handed_over: u64,
    tools: Tools,
    /// By currency.
    costs: BTreeMap<String, Money>,
    partly: u64,
}

/// The rows of these calls (id, entries), by experiment and arm.
pub fn rows<'a>(
    calls: impl IntoIterator<Item = (&'a str, &'a [Entry])>,
    tools: &HashMap<String, Tools>,
    only: Option<&str>,
) -> Vec<Row> {
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    for (call, entries) in calls {
        let arms = entries.iter().find_map(|entry| match entry {
            Entry::Planned { arms, .. } => Some(arms),
            _ => None,
        });
        for (experiment, arm) in arms.into_iter().flatten().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
            let sum = sums.entry((experiment.clone(), arm.clone())).or_default();
            sum.add(entries, tools.get(call).copied().unwrap_or_default());
        }
    }
    sums.into_iter().map(|((experiment, arm), sum)| sum.row(experiment, arm)).collect()
}

impl Sum {
    fn add(&mut self, entries: &[Entry], tools: Tools) {
        // One that goes on, or broke off with the process, has told no end.
        let Some(reason) = entries.iter().rev().find_map(ended) else { return };
        self.calls += 1;
        self.handed_over += u64::from(reason == EndReason::Transferred);
        self.tools.begun += tools.begun;
        self.tools.failed += tools.failed;
        for entry in entries {
            if let Entry::Turn(turn) = entry {
                self.turns += 1;
                self.responses.extend(turn.response().map(|response| response.as_millis() as u64));
            } else if let Entry::Costs { bill, .. } = entry {
                let sum = self.costs.entry(bill.currency.clone()).or_default();
                *sum = *sum + bill.total;
                self.partly += u64::from(bill.is_partial());
            }
        }
    }

    fn row(mut self, experiment: String, arm: String) -> Row {
        self.responses.sort_unstable();
        let (currency, total) = match self.costs.pop_first() {
            None => (None, Some(Money::default())),
            Some((currency, total)) if self.costs.is_empty() => (Some(currency), Some(total)),
            Some(_) => (None, None),
        };
        Row {
            experiment,
            arm,
            calls: self.calls,
            turns: self.turns,
            response_p50_ms: percentile(&self.responses, 50),
            response_p95_ms: percentile(&self.responses, 95),
            handed_over: self.handed_over,
            tools: self.tools.begun,
            tools_failed: self.tools.failed,
            cost_per_call: total.filter(|_| self.calls > 0).map(|total| total.shared_by(self.calls)),
            currency,
            calls_partly_priced: self.partly,
        }
    }
}

const fn ended(entry: &Entry) -> Option<EndReason> {
    match entry {
        Entry::Ended { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// The smallest of these, in order, that so many percent of them do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::timeline::{Counters, TurnTimeline};
    use crate::costs::Bill;

    fn planned(arm: &str) -> Entry {
        Entry::Planned { cheaper: false, arms: [("model".to_owned(), arm.to_owned())].into() }
    }

    fn turn(response_ms: u64) -> Entry {
        let (speech_end_us, first_packet_us) = (Some(1_000_000), Some(1_000_000 + response_ms * 1_000));
        Entry::Turn(TurnTimeline { speech_end_us, first_packet_us, ..TurnTimeline::default() })
    }

    fn costs(currency: &str, total: u64) -> Entry {
        let bill = Bill { currency: currency.into(), total: Money(total), ..Bill::default() };
        Entry::Costs { at_us: 0, bill }
    }

    fn end(reason: EndReason) -> Entry {
        Entry::Ended { at_us: 0, reason, counters: Counters::default() }
    }

    #[test]
    fn each_arm_has_the_sums_of_its_own_calls() {
        let calls = [
            ("1", vec![planned("a"), turn(800), turn(1_200), costs("CAD", 100), end(EndReason::Caller)]),
            ("2", vec![planned("a"), turn(900), end(EndReason::Transferred)]),
            ("3", vec![planned("b"), costs("CAD", 7), end(EndReason::Goodbye)]),
            ("4", vec![planned("b"), turn(1), costs("CAD", 9)]),
            ("5", vec![turn(5), costs("CAD", 9), end(EndReason::Goodbye)]),
        ];
        let tools = HashMap::from([
            ("1".to_owned(), Tools { begun: 3, failed: 1 }),
            ("5".to_owned(), Tools { begun: 9, failed: 9 }),
        ]);
        let rows = rows(calls.iter().map(|(call, entries)| (*call, &entries[..])), &tools, None);
        let [a, b] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((a.calls, a.turns, a.response_p50_ms, a.response_p95_ms), (2, 3, Some(900), Some(1_200)));
        assert_eq!((a.handed_over, a.tools, a.tools_failed, a.cost_per_call), (1, 3, 1, Some(Money(50))));
        assert_eq!(
            (b.calls, b.turns, b.response_p50_ms, b.cost_per_call),
            (1, 0, None, Some(Money(7))),
            "4 has no end"
        );
        assert!(super::rows([("1", &calls[0].1[..])], &tools, Some("prompt")).is_empty());
    }

    #[test]
    fn two_currencies_have_no_mean() {
        let calls = [
            ("1", vec![planned("a"), costs("CAD", 100), end(EndReason::Caller)]),
            ("2", vec![planned("a"), costs("USD", 100), end(EndReason::Caller)]),
        ];
        let rows = rows(calls.iter().map(|(call, entries)| (*call, &entries[..])), &HashMap::new(), None);
        assert_eq!((rows[0].cost_per_call, &rows[0].currency), (None, &None));
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let all: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&all, 50), percentile(&all, 95)), (Some(50), Some(95)));
        assert_eq!((percentile(&[7], 95), percentile(&[], 50), percentile(&[1, 9], 50)), (Some(7), None, Some(1)));
    }
}
