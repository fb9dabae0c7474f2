//! Amounts of money: "$12.50", "12,50 $", "CAD 40", "$2.5 million".

use super::number::{self, Numeral};
use super::tongue::Tongue;
use super::{Said, scan};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Currency {
    Dollar,
    Canadian,
    American,
    Euro,
    Pound,
}

pub(super) struct Amount {
    pub(super) number: Numeral,
    pub(super) currency: Currency,
    /// Whole units and hundredths, if it has at most two places.
    pub(super) parts: Option<(u64, u64)>,
    /// "million".
    pub(super) scale: Option<Scale>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Million,
    Billion,
}

const BEFORE: [(&str, Currency); 10] = [
    ("CA$", Currency::Canadian),
    ("CAD$", Currency::Canadian),
    ("C$", Currency::Canadian),
    ("US$", Currency::American),
    ("CAD ", Currency::Canadian),
    ("USD ", Currency::American),
    ("$ ", Currency::Dollar),
    ("$", Currency::Dollar),
    ("€", Currency::Euro),
    ("£", Currency::Pound),
];

const AFTER: [(&str, Currency); 8] = [
    ("$ CA", Currency::Canadian),
    ("$CA", Currency::Canadian),
    ("$ US", Currency::American),
    ("CAD", Currency::Canadian),
    ("USD", Currency::American),
    ("$", Currency::Dollar),
    ("€", Currency::Euro),
    ("£", Currency::Pound),
];

pub(super) fn at(_before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    let prefix = BEFORE.into_iter().find(|(written, _)| rest.starts_with(written));
    let start = prefix.map_or(0, |(written, _)| written.len());
    let number = number::numeral(&rest[start..], tongue)?;
    let mut len = start + number.len;
    let after = &rest[len..];
    let gap = scan::blanks(after);
    let suffix = AFTER
        .into_iter()
        .find(|(written, _)| after[gap..].strip_prefix(written).is_some_and(scan::ends_word))
        .filter(|_| gap <= 1);
    let currency = match (prefix, suffix) {
        (None, None) => return None,
        (Some((_, Currency::Dollar)) | None, Some((written, currency))) => {
            len += gap + written.len();
            currency
        }
        (Some((_, currency)), _) => currency,
    };
    let mut scale = None;
    for (word, size) in [(" million", Scale::Million), (" billion", Scale::Billion)] {
        if rest[len..].strip_prefix(word).is_some_and(scan::ends_word) {
            len += word.len();
            scale = Some(size);
        }
    }
    let parts = match &number.fraction {
        None => number.value().map(|whole| (whole, 0)),
        Some(cents) if cents.len() <= 2 => {
            let cents = scan::value(cents)? * if cents.len() == 1 { 10 } else { 1 };
            scan::value(&number.whole).map(|whole| (whole, cents))
        }
        Some(_) => None,
    };
    let said = tongue.money(&Amount { number, currency, parts: parts.filter(|_| scale.is_none()), scale });
    Some(number::ranged(rest, len, said, tongue))
}
