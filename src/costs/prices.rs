//! `[prices]`: what a minute, a thousand characters or a million tokens of a model cost.
//!
//! Pure. What has no price is never priced: it is shown as such, and `attendant check` names it.

use serde::{Deserialize, Serialize};

use super::meter::{Kind, Line, Usage};
use super::money::Money;

/// Stands for every model of a provider that has no price of its own.
const ANY: &str = "*";

const MS_A_MINUTE: u64 = 60_000;
const THOUSAND: u64 = 1_000;
const MILLION: u64 = 1_000_000;

/// `[prices]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PricesConfig {
    /// Three letters; one for all prices: what is paid in another is written as what it is in this one.
    pub currency: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelPrice>,
}

impl Default for PricesConfig {
    /// Vendors' lists are in American dollars.
    fn default() -> Self {
        Self { currency: "USD".to_owned(), models: Vec::new() }
    }
}

/// `[[prices.models]]`: one model's, in one of three ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrice {
    /// The section of `[providers]` it belongs to: `deepgram`, `google`, `sarvam`, `qwen`, `cartesia`, `elevenlabs`, `azure_speech`,
    /// `azure_stt`, `google_tts`, `openai_stt`, `openai_tts`, `openai`, `anthropic`, or a name of `[providers.models]`.
    pub provider: String,
    /// As the vendor names it; `*`: every model of that provider that has no price of its own.
    pub model: String,
    /// Of audio that is heard.
    #[serde(default)]
    pub per_minute: Option<Money>,
    /// Of text that is spoken.
    #[serde(default)]
    pub per_1000_characters: Option<Money>,
    /// Of tokens sent.
    #[serde(default)]
    pub per_million_in: Option<Money>,
    /// Of tokens sent that the vendor had in its cache; without it they cost as much as the others.
    #[serde(default)]
    pub per_million_cached: Option<Money>,
    /// Of tokens sent that the vendor wrote to its cache, where it charges more for these; without it they cost as much as the others.
    #[serde(default)]
    pub per_million_written: Option<Money>,
    /// Of tokens answered.
    #[serde(default)]
    pub per_million_out: Option<Money>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    Minute(Money),
    Characters(Money),
    Tokens { sent: Money, cached: Money, written: Money, answered: Money },
}

impl ModelPrice {
    fn rate(&self) -> Result<Rate, &'static str> {
        let tokens = (self.per_million_in, self.per_million_out);
        let of_cache = self.per_million_cached.or(self.per_million_written);
        let some_tokens = self.per_million_in.or(of_cache).or(self.per_million_out);
        match (self.per_minute, self.per_1000_characters, some_tokens) {
            (Some(minute), None, None) => Ok(Rate::Minute(minute)),
            (None, Some(characters), None) => Ok(Rate::Characters(characters)),
            (None, None, Some(_)) => match tokens {
                (Some(sent), Some(answered)) => {
                    let or_sent = |price: Option<Money>| price.unwrap_or(sent);
                    let (cached, written) = (or_sent(self.per_million_cached), or_sent(self.per_million_written));
                    Ok(Rate::Tokens { sent, cached, written, answered })
                }
                (None, _) | (_, None) => Err("a price for some tokens only; write per_million_in and per_million_out"),
            },
            (None, None, None) => {
                Err("no price; write per_minute, per_1000_characters, or per_million_in and per_million_out")
            }
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                Err("several ways to pay; write per_minute, per_1000_characters, or the per_million_ ones")
            }
        }
    }
}

impl Rate {
    const fn kind(self) -> Kind {
        match self {
            Self::Minute(_) => Kind::Hearing,
            Self::Characters(_) => Kind::Speaking,
            Self::Tokens { .. } => Kind::Thinking,
        }
    }

    fn cost(self, usage: Usage) -> Money {
        match self {
            Self::Minute(price) => Money::of(&[(usage.audio_ms, price)], MS_A_MINUTE),
            Self::Characters(price) => Money::of(&[(usage.characters, price)], THOUSAND),
            Self::Tokens { sent, cached, written, answered } => {
                let cache = [(usage.tokens_cached, cached), (usage.tokens_written, written)];
                Money::of(&[(usage.tokens_in, sent), cache[0], cache[1], (usage.tokens_out, answered)], MILLION)
            }
        }
    }
}

impl PricesConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`. `known` are the providers that may be priced, and for what.
    pub fn check(&self, known: &[(&str, Kind)]) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.currency.len() != 3 || !self.currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            wrong.push(format!(
                "prices.currency: `{}` is no currency; write three capital letters such as CAD",
                self.currency
            ));
        }
        for (at, price) in self.models.iter().enumerate() {
            let name = format!("{} {}", price.provider, price.model);
            let key = format!("prices.models[{at}]");
            match (known.iter().find(|(known, _)| *known == price.provider), price.rate()) {
                (None, _) => wrong.push(format!(
                    "{key}.provider: there is no provider `{}` that is paid; want one of {}",
                    price.provider,
                    known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
                )),
                (Some(_), Err(what)) => wrong.push(format!("{key}: {name} has {what}")),
                // Some hear and speak.
                (Some((_, kind)), Ok(rate)) if !known.contains(&(price.provider.as_str(), rate.kind())) => {
                    wrong.push(format!(
                        "{key}: {name} is for {}; write {}",
                        kind.name(),
                        match kind {
                            Kind::Hearing => "per_minute",
                            Kind::Thinking => "per_million_in and per_million_out",
                            Kind::Speaking => "per_1000_characters",
                        }
                    ));
                }
                (Some(_), Ok(_)) if price.model.is_empty() => {
                    wrong.push(format!(
                        "{key}.model: empty; write the vendor's name of the model, or \"{ANY}\" for all"
                    ));
                }
                (Some(_), Ok(_)) => {}
            }
            let is_same = |other: &ModelPrice| (&other.provider, &other.model) == (&price.provider, &price.model);
            if self.models[..at].iter().any(is_same) {
                wrong.push(format!("{key}: {name} has two prices; take one of them out"));
            }
        }
        wrong
    }
}

/// The prices of a configuration that was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    currency: String,
    rates: Vec<(String, String, Rate)>,
}

impl Prices {
    /// A price that cannot be used is left out: it was refused when the configuration was checked.
    pub fn new(config: &PricesConfig) -> Self {
        let rate = |price: &ModelPrice| Some((price.provider.clone(), price.model.clone(), price.rate().ok()?));
        Self { currency: config.currency.clone(), rates: config.models.iter().filter_map(rate).collect() }
    }

    pub fn currency(&self) -> &str {
        &self.currency
    }

    fn rate(&self, kind: Kind, provider: &str, model: &str) -> Option<Rate> {
        let of = |wanted: &str| {
            let found = self.rates.iter().find(|(p, m, rate)| p == provider && m == wanted && rate.kind() == kind);
            found.map(|(_, _, rate)| *rate)
        };
        of(model).or_else(|| of(ANY))
    }

    /// `None`: it has no price.
    pub fn cost(&self, line: &Line) -> Option<Money> {
        self.rate(line.kind, line.provider, &line.model).map(|rate| rate.cost(line.usage))
    }

    pub fn has(&self, kind: Kind, provider: &str, model: &str) -> bool {
        self.rate(kind, provider, model).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, Kind); 3] =
        [("deepgram", Kind::Hearing), ("openai", Kind::Thinking), ("cartesia", Kind::Speaking)];

    fn config(text: &str) -> PricesConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_model_has_its_own_price_else_that_of_its_provider_else_none() {
        let prices = Prices::new(&config(
            "currency = \"CAD\"\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"gpt-4.1\"\nper_million_in = 2.5\nper_million_cached = 0.625\nper_million_out = 10\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"*\"\nper_million_in = 1\nper_million_out = 2\n\
             [[models]]\nprovider = \"anthropic\"\nmodel = \"c\"\nper_million_in = 1\nper_million_cached = 0.1\nper_million_written = 1.25\nper_million_out = 5\n",
        ));
        let usage = Usage {
            tokens_in: 1_000,
            tokens_cached: 2_000,
            tokens_written: 4_000,
            tokens_out: 100,
            ..Usage::default()
        };
        let line = |model: &str| Line { kind: Kind::Thinking, provider: "openai", model: model.into(), usage };
        assert_eq!(prices.cost(&line("gpt-4.1")), Some(Money(2_500 + 1_250 + 10_000 + 1_000)), "written as sent");
        assert_eq!(prices.cost(&line("other")), Some(Money(7_000 + 200)), "cached and written as the others");
        let claude = Line { provider: "anthropic", ..line("c") };
        assert_eq!(prices.cost(&claude), Some(Money(1_000 + 200 + 5_000 + 500)), "each at its own rate");
        assert_eq!(prices.cost(&Line { provider: "spare", ..line("gpt-4.1") }), None);
        assert_eq!(prices.cost(&Line { kind: Kind::Speaking, ..line("gpt-4.1") }), None);
        assert!(prices.has(Kind::Thinking, "openai", "gpt-4.1") && !prices.has(Kind::Hearing, "deepgram", "nova-3"));
    }

    #[test]
    fn minutes_and_characters_are_priced_to_the_millionth() {
        let prices = Prices::new(&config(
            "[[models]]\nprovider = \"deepgram\"\nmodel = \"nova-3\"\nper_minute = \"0.0077\"\n\
             [[models]]\nprovider = \"cartesia\"\nmodel = \"sonic-3\"\nper_1000_characters = 0.05\n",
        ));
        let heard = Usage { audio_ms: 61_020, ..Usage::default() };
        let line = Line { kind: Kind::Hearing, provider: "deepgram", model: "nova-3".into(), usage: heard };
        // 0.0077 * 61.02 / 60 = 0.0078309.
        assert_eq!(prices.cost(&line), Some(Money(7_831)));
        let said = Usage { characters: 137, ..Usage::default() };
        let line = Line { kind: Kind::Speaking, provider: "cartesia", model: "sonic-3".into(), usage: said };
        assert_eq!(prices.cost(&line), Some(Money(6_850)));
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_mend() {
        let wrong = config(
            "currency = \"$\"\n\
             [[models]]\nprovider = \"deepgrm\"\nmodel = \"nova-3\"\nper_minute = 1\n\
             [[models]]\nprovider = \"deepgram\"\nmodel = \"nova-3\"\nper_1000_characters = 1\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"m\"\nper_million_in = 1\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"w\"\nper_million_written = 1\n\
             [[models]]\nprovider = \"openai\"\nmodel = \"m\"\n\
             [[models]]\nprovider = \"cartesia\"\nmodel = \"\"\nper_1000_characters = 1\n\
             [[models]]\nprovider = \"cartesia\"\nmodel = \"s\"\nper_1000_characters = 1\nper_minute = 1\n",
        )
        .check(&KNOWN);
        insta::assert_snapshot!(wrong.join("\n"));
        assert_eq!(PricesConfig::default().check(&KNOWN), [""; 0]);
    }
}
