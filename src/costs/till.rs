//! Where the calls of this server are settled: prices, and what is counted for all of them together.
//!
//! A call is settled once, when it is over, however it ended.

use super::bill::Bill;
use super::meter::{Line, Meter, Usage};
use super::prices::Prices;

/// One per process.
#[derive(Debug, Default)]
pub struct Till {
    prices: Prices,
}

impl Till {
    pub const fn new(prices: Prices) -> Self {
        Self { prices }
    }

    /// The bill of a call that is over; `None` if it used nothing that is paid, or was settled before.
    pub fn settle(&self, meter: &Meter, cached_characters: u64) -> Option<Bill> {
        let lines = meter.settle()?;
        self.count(&lines);
        Bill::of(&lines, &self.prices, cached_characters)
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
    let Usage { audio_ms, characters, requests, tokens_in, tokens_cached, tokens_out, estimated } = usage;
    let all = [
        ("audio_ms", audio_ms),
        ("characters", characters),
        ("requests", requests),
        ("requests_estimated", estimated),
        ("tokens_in", tokens_in),
        ("tokens_cached", tokens_cached),
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
    fn a_call_is_counted_once_by_provider_and_model() {
        let config =
            "[[models]]\nprovider = \"deepgram\"\nmodel = \"nova-3\"\nper_minute = 0.006\n".parse::<toml::Table>();
        let till = Till::new(Prices::new(&config.unwrap().try_into().unwrap()));
        let meter = Meter::default();
        let paid = |provider, model| Paid { provider, model };
        meter.add(Kind::Hearing, paid("deepgram", "nova-3"), Usage { audio_ms: 30_000, ..Usage::default() });
        meter.add(Kind::Speaking, paid("cartesia", "sonic-3"), Usage { characters: 12, ..Usage::default() });
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || {
            assert_eq!(till.settle(&meter, 0).unwrap().total.0, 3_000);
            assert_eq!(till.settle(&meter, 0), None);
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
