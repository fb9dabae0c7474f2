//! Money as whole millionths of the currency, read from and written as decimals without rounding.
//!
//! Pure. The only rounding anywhere is in [`Money::of`]: once for a sum of parts of one price, half a millionth up.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Of a unit of the currency.
const MILLIONTHS: u64 = 1_000_000;

/// Digits after the point.
const DECIMALS: usize = 6;

/// A thousand million units: beyond it a sum of calls could no longer be held.
const MOST: u64 = 1_000_000_000 * MILLIONTHS;

/// Millionths of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub u64);

impl Money {
    /// So many units of which `batch` together cost so much, for each pair; rounded once, half a millionth up.
    pub fn of(parts: &[(u64, Self)], batch: u64) -> Self {
        let exact: u128 = parts.iter().map(|(quantity, price)| u128::from(*quantity) * u128::from(price.0)).sum();
        let batch = u128::from(batch.max(1));
        Self(u64::try_from((exact + batch / 2) / batch).unwrap_or(u64::MAX))
    }

    /// The mean of so many; rounded as in [`Self::of`].
    pub fn shared_by(self, count: u64) -> Self {
        Self::of(&[(1, self)], count)
    }

    /// So many hundredths of it, rounded down.
    pub fn percent(self, percent: u64) -> Self {
        Self(u64::try_from(u128::from(self.0) * u128::from(percent) / 100).unwrap_or(u64::MAX))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// With at least two decimals, and as many more as it has.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:06}", self.0 % MILLIONTHS);
        let needed = decimals.trim_end_matches('0').len().max(2);
        let shown = f.precision().map_or(needed, |precision| precision.clamp(2, DECIMALS));
        write!(f, "{}.{}", self.0 / MILLIONTHS, &decimals[..shown])
    }
}

/// Not an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount; write for example 0.0077, at most six decimals")]
pub struct NoMoney(String);

impl FromStr for Money {
    type Err = NoMoney;

    fn from_str(text: &str) -> Result<Self, NoMoney> {
        let wrong = || NoMoney(text.to_owned());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // Noughts at the end are no further decimals.
        let decimals = if are_digits(decimals) { decimals.trim_end_matches('0') } else { return Err(wrong()) };
        if !are_digits(whole) || decimals.len() > DECIMALS {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let decimals: u64 = format!("{decimals:0<DECIMALS$}").parse().map_err(|_| wrong())?;
        let sum = whole.checked_mul(MILLIONTHS).and_then(|whole| whole.checked_add(decimals));
        sum.filter(|sum| *sum <= MOST).map(Self).ok_or_else(wrong)
    }
}

/// In configurations a decimal, as a number or as text: the shortest decimal that a TOML number stands for is the one that was written.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Decimal;

        impl Visitor<'_> for Decimal {
            type Value = Money;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as 0.0077")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Money, E> {
                text.trim().parse().map_err(E::custom)
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Money, E> {
                number.to_string().parse().map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Money, E> {
                number.to_string().parse().map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Money, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Decimal).map_err(D::Error::custom)
    }
}

/// As text, so that nobody makes a floating-point number of it.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_is_read_and_written_without_rounding() {
        for (text, millionths, shown) in [
            ("0.0077", 7_700, "0.0077"),
            ("12", 12_000_000, "12.00"),
            ("0.000001", 1, "0.000001"),
            ("3.500000000", 3_500_000, "3.50"),
            ("1000000000", MOST, "1000000000.00"),
        ] {
            assert_eq!(text.parse(), Ok(Money(millionths)), "{text}");
            assert_eq!(Money(millionths).to_string(), shown);
        }
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1,5", "NaN", "1000000000.000001", "1 "] {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
        assert_eq!(format!("{:.4}", Money(7_700)), "0.0077");
        assert_eq!(format!("{:.2}", Money(7_700)), "0.00");
    }

    #[test]
    fn a_number_of_a_configuration_is_the_decimal_that_was_written() {
        let read = |text: &str| toml::from_str::<std::collections::BTreeMap<String, Money>>(&format!("a = {text}"));
        for (text, millionths) in [("0.1", 100_000), ("0.0043", 4_300), ("15", 15_000_000), ("\"0.30\"", 300_000)] {
            assert_eq!(read(text).unwrap()["a"], Money(millionths), "{text}");
        }
        for wrong in ["-1", "0.00000049", "inf", "\"free\"", "true"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_a_millionth_is_rounded_up_and_only_once() {
        // 3 of which a thousand cost 0.0005: 0.0000015.
        assert_eq!(Money::of(&[(3, Money(500))], 1_000), Money(2));
        assert_eq!(Money::of(&[(1, Money(499))], 1_000), Money(0));
        // Two halves are one, not two.
        assert_eq!(Money::of(&[(1, Money(500)), (1, Money(500))], 1_000), Money(1));
        assert_eq!(Money::of(&[(7, Money(1))], 0), Money(7), "a batch of nothing is a batch of one");
        assert_eq!(Money(10).shared_by(4), Money(3));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millionths in 0..=MOST) {
            let money = Money(millionths);
            prop_assert_eq!(money.to_string().parse(), Ok(money));
            prop_assert_eq!(serde_json::from_str::<Money>(&serde_json::to_string(&money).unwrap()).unwrap(), money);
        }

        #[test]
        fn a_price_is_off_by_at_most_half_a_millionth(quantity in 0_u64..100_000_000, price in 0_u64..1_000_000_000, batch in 1_u64..2_000_000) {
            let exact = u128::from(quantity) * u128::from(price);
            let charged = u128::from(Money::of(&[(quantity, Money(price))], batch).0) * u128::from(batch);
            prop_assert!(charged.abs_diff(exact) * 2 <= u128::from(batch));
        }
    }
}
