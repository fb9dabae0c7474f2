//! The bill of a call: each line of its meter with its price, as it is kept in the call's record.
//!
//! Pure. Prices are those of the day of the call: a record does not change when a price does. Each line is rounded once, half a millionth
//! up, and the total is the sum of the lines as they stand.

use serde::{Deserialize, Serialize};

use super::meter::{Kind, Line, Usage};
use super::money::Money;
use super::prices::Prices;

/// What a call used and cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    pub currency: String,
    pub lines: Vec<Item>,
    /// Characters of fixed phrases that were said from their recordings: they cost nothing.
    #[serde(default)]
    pub cached_characters: u64,
    /// Of the lines that have a price.
    pub total: Money,
}

/// One model's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub kind: Kind,
    pub provider: String,
    pub model: String,
    #[serde(flatten)]
    pub usage: Usage,
    /// Absent: it has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Bill {
    /// `None` if nothing was used that is paid by use.
    pub fn of(lines: &[Line], prices: &Prices, cached_characters: u64) -> Option<Self> {
        if lines.is_empty() {
            return None;
        }
        let lines: Vec<Item> = lines
            .iter()
            .map(|line| Item {
                kind: line.kind,
                provider: line.provider.to_owned(),
                model: line.model.clone(),
                usage: line.usage,
                cost: prices.cost(line),
            })
            .collect();
        let total = lines.iter().filter_map(|line| line.cost).sum();
        Some(Self { currency: prices.currency().to_owned(), lines, cached_characters, total })
    }

    /// Some of it has no price: the total is not all of it.
    pub fn is_partial(&self) -> bool {
        self.lines.iter().any(|line| line.cost.is_none())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::costs::prices::PricesConfig;

    fn prices() -> Prices {
        let config: PricesConfig = toml::from_str(
            "[[models]]\nprovider = \"deepgram\"\nmodel = \"*\"\nper_minute = 0.007777\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"m\"\nper_million_in = 0.333333\nper_million_out = 1.7\n",
        )
        .unwrap();
        Prices::new(&config)
    }

    #[test]
    fn a_bill_in_a_record_reads_as_written() {
        let heard = Usage { audio_ms: 90_000, ..Usage::default() };
        let thought = Usage {
            requests: 3,
            tokens_in: 1_200,
            tokens_cached: 800,
            tokens_out: 60,
            estimated: 1,
            ..Usage::default()
        };
        let lines = [
            Line { kind: Kind::Hearing, provider: "deepgram", model: "nova-3".into(), usage: heard },
            Line { kind: Kind::Thinking, provider: "spare", model: "m".into(), usage: thought },
        ];
        let bill = Bill::of(&lines, &prices(), 42).unwrap();
        let text = serde_json::to_string_pretty(&bill).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(serde_json::from_str::<Bill>(&text).unwrap(), bill);
        assert!(bill.is_partial());
        assert_eq!(Bill::of(&[], &prices(), 42), None);
    }

    proptest! {
        #[test]
        fn the_total_is_the_sum_of_the_lines(used in proptest::collection::vec((0_u64..100_000_000, 0_u64..100_000, any::<bool>()), 1..8)) {
            let lines: Vec<Line> = used.iter().enumerate().map(|(n, (large, small, priced))| {
                let provider = if *priced { "deepgram" } else { "cartesia" };
                let usage = Usage { audio_ms: *large, characters: *small, ..Usage::default() };
                Line { kind: Kind::Hearing, provider, model: n.to_string(), usage }
            }).collect();
            let bill = Bill::of(&lines, &prices(), 0).unwrap();
            let sum: u64 = bill.lines.iter().filter_map(|line| line.cost).map(|cost| cost.0).sum();
            prop_assert_eq!(bill.total, Money(sum));
            prop_assert_eq!(bill.is_partial(), used.iter().any(|(_, _, priced)| !priced));
        }
    }
}
