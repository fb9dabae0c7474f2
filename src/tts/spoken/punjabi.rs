//! Punjabi in Gurmukhi as it is said in Canada: numbers to a hundred have names of their own, lakh and crore above; halves and
//! quarters of an hour are said as such. Names and letters stay as they are written.

use super::money::{Amount, Currency, Scale};
use super::number::Numeral;
use super::time::{Clock, Half};
use super::tongue::{self, Sign, Tongue};
use super::unit::Unit;
use super::{Said, scan};

/// 0 to 99.
pub(crate) const NAMES: [&str; 100] = [
    "ਸਿਫ਼ਰ",
    "ਇੱਕ",
    "ਦੋ",
    "ਤਿੰਨ",
    "ਚਾਰ",
    "ਪੰਜ",
    "ਛੇ",
    "ਸੱਤ",
    "ਅੱਠ",
    "ਨੌਂ",
    "ਦਸ",
    "ਗਿਆਰਾਂ",
    "ਬਾਰਾਂ",
    "ਤੇਰਾਂ",
    "ਚੌਦਾਂ",
    "ਪੰਦਰਾਂ",
    "ਸੋਲਾਂ",
    "ਸਤਾਰਾਂ",
    "ਅਠਾਰਾਂ",
    "ਉੱਨੀ",
    "ਵੀਹ",
    "ਇੱਕੀ",
    "ਬਾਈ",
    "ਤੇਈ",
    "ਚੌਵੀ",
    "ਪੱਚੀ",
    "ਛੱਬੀ",
    "ਸਤਾਈ",
    "ਅਠਾਈ",
    "ਉਨੱਤੀ",
    "ਤੀਹ",
    "ਇਕੱਤੀ",
    "ਬੱਤੀ",
    "ਤੇਤੀ",
    "ਚੌਂਤੀ",
    "ਪੈਂਤੀ",
    "ਛੱਤੀ",
    "ਸੈਂਤੀ",
    "ਅਠੱਤੀ",
    "ਉਨਤਾਲੀ",
    "ਚਾਲੀ",
    "ਇਕਤਾਲੀ",
    "ਬਤਾਲੀ",
    "ਤਰਤਾਲੀ",
    "ਚੁਤਾਲੀ",
    "ਪੰਤਾਲੀ",
    "ਛਿਆਲੀ",
    "ਸੰਤਾਲੀ",
    "ਅਠਤਾਲੀ",
    "ਉਣੰਜਾ",
    "ਪੰਜਾਹ",
    "ਇਕਵੰਜਾ",
    "ਬਵੰਜਾ",
    "ਤਰਵੰਜਾ",
    "ਚੁਰੰਜਾ",
    "ਪਚਵੰਜਾ",
    "ਛਪੰਜਾ",
    "ਸਤਵੰਜਾ",
    "ਅਠਵੰਜਾ",
    "ਉਣਾਹਠ",
    "ਸੱਠ",
    "ਇਕਾਹਠ",
    "ਬਾਹਠ",
    "ਤਰੇਹਠ",
    "ਚੌਂਹਠ",
    "ਪੈਂਹਠ",
    "ਛਿਆਹਠ",
    "ਸਤਾਹਠ",
    "ਅਠਾਹਠ",
    "ਉਣੱਤਰ",
    "ਸੱਤਰ",
    "ਇਕੱਤਰ",
    "ਬਹੱਤਰ",
    "ਤਿਹੱਤਰ",
    "ਚੁਹੱਤਰ",
    "ਪੰਝੱਤਰ",
    "ਛਿਹੱਤਰ",
    "ਸਤੱਤਰ",
    "ਅਠੱਤਰ",
    "ਉਣਾਸੀ",
    "ਅੱਸੀ",
    "ਇਕਾਸੀ",
    "ਬਿਆਸੀ",
    "ਤਰਾਸੀ",
    "ਚੁਰਾਸੀ",
    "ਪਚਾਸੀ",
    "ਛਿਆਸੀ",
    "ਸਤਾਸੀ",
    "ਅਠਾਸੀ",
    "ਉਣਾਨਵੇਂ",
    "ਨੱਬੇ",
    "ਇਕਾਨਵੇਂ",
    "ਬਾਨਵੇਂ",
    "ਤਰਾਨਵੇਂ",
    "ਚੁਰਾਨਵੇਂ",
    "ਪਚਾਨਵੇਂ",
    "ਛਿਆਨਵੇਂ",
    "ਸਤਾਨਵੇਂ",
    "ਅਠਾਨਵੇਂ",
    "ਨੜਿੰਨਵੇਂ",
];

const LARGE: [(u64, &str); 3] = [(10_000_000, "ਕਰੋੜ"), (100_000, "ਲੱਖ"), (1_000, "ਹਜ਼ਾਰ")];

/// January first.
pub(crate) const MONTHS: [&str; 12] =
    ["ਜਨਵਰੀ", "ਫਰਵਰੀ", "ਮਾਰਚ", "ਅਪ੍ਰੈਲ", "ਮਈ", "ਜੂਨ", "ਜੁਲਾਈ", "ਅਗਸਤ", "ਸਤੰਬਰ", "ਅਕਤੂਬਰ", "ਨਵੰਬਰ", "ਦਸੰਬਰ"];

const SHORT: [(&str, &str); 16] = [
    ("Dr.", "ਡਾਕਟਰ"),
    ("Dr", "ਡਾਕਟਰ"),
    ("ਡਾ.", "ਡਾਕਟਰ"),
    ("ਡਾ:", "ਡਾਕਟਰ"),
    ("Mr.", "ਮਿਸਟਰ"),
    ("Mr", "ਮਿਸਟਰ"),
    ("Mrs.", "ਮਿਸਿਜ਼"),
    ("Mrs", "ਮਿਸਿਜ਼"),
    ("Ms.", "ਮਿਸ"),
    ("Ms", "ਮਿਸ"),
    ("ਸ.", "ਸਰਦਾਰ"),
    ("ਸ੍ਰ.", "ਸਰਦਾਰ"),
    ("ਪ੍ਰੋ.", "ਪ੍ਰੋਫ਼ੈਸਰ"),
    ("ਨੰ.", "ਨੰਬਰ"),
    ("ਕਿ.ਮੀ.", "ਕਿਲੋਮੀਟਰ"),
    ("ਮਿ.ਲੀ.", "ਮਿਲੀਲੀਟਰ"),
];

pub(super) struct Punjabi;

impl Tongue for Punjabi {
    fn own(&self, _before: &str, rest: &str) -> Said {
        ordinal(rest).or_else(|| abbreviation(rest))
    }

    fn cardinal(&self, value: u64) -> String {
        match value {
            0..100 => NAMES[value as usize].to_owned(),
            // "nineteen hundred eighty-five", of years and of counts.
            100..1_000 | 1_900..2_000 => {
                let head = format!("{} ਸੌ", NAMES[(value / 100) as usize]);
                if value.is_multiple_of(100) { head } else { format!("{head} {}", NAMES[(value % 100) as usize]) }
            }
            _ => {
                let (size, name) = LARGE.into_iter().find(|(size, _)| value >= *size).unwrap_or(LARGE[2]);
                let head = format!("{} {name}", self.cardinal(value / size));
                if value.is_multiple_of(size) { head } else { format!("{head} {}", self.cardinal(value % size)) }
            }
        }
    }

    /// Halves have names: ਡੇਢ, ਢਾਈ, ਸਾਢੇ ਤਿੰਨ.
    fn decimal(&self, whole: &str, fraction: &str) -> String {
        let value = scan::value(whole);
        match (value, fraction) {
            (Some(0), "5") => "ਅੱਧਾ".to_owned(),
            (Some(value @ 1..), "5") => self.and_a_half(value),
            (Some(value), _) => format!("{} ਪੁਆਇੰਟ {}", self.cardinal(value), tongue::figures(fraction, self)),
            (None, _) => format!("{} ਪੁਆਇੰਟ {}", tongue::figures(whole, self), tongue::figures(fraction, self)),
        }
    }

    fn digit(&self, digit: u8) -> &'static str {
        if digit == 0 { "ਜ਼ੀਰੋ" } else { NAMES[usize::from(digit)] }
    }

    fn time(&self, clock: Clock, after: &str) -> (String, usize) {
        let (hour, day) = clock.twelve();
        let part = match day.filter(|_| clock.half != Some(Half::Later)) {
            None => "",
            Some(4..12) => "ਸਵੇਰੇ ",
            Some(12..16) => "ਦੁਪਹਿਰ ",
            Some(16..20) => "ਸ਼ਾਮ ",
            Some(_) => "ਰਾਤ ",
        };
        let o_clock = " ਵਜੇ";
        let taken = if after.strip_prefix(o_clock).is_some_and(scan::ends_word) { o_clock.len() } else { 0 };
        let next = scan::letters(after[taken..].trim_start());
        let said = match clock.minute.unwrap_or(0) {
            0 => format!("{} ਵਜੇ", self.cardinal(hour)),
            15 => format!("ਸਵਾ {} ਵਜੇ", self.cardinal(hour)),
            30 => format!("{} ਵਜੇ", self.and_a_half(hour)),
            45 => format!("ਪੌਣੇ {} ਵਜੇ", self.cardinal(hour % 12 + 1)),
            minute => {
                let on = if taken > 0 && !matches!(next, "ਤੋਂ" | "ਤੱਕ" | "ਤੇ" | "ਹੈ" | "ਹਨ") {
                    " ਤੇ"
                } else {
                    ""
                };
                format!("{} ਵੱਜ ਕੇ {} ਮਿੰਟ{on}", self.cardinal(hour), self.cardinal(minute))
            }
        };
        (format!("{part}{said}"), taken)
    }

    fn date(&self, year: Option<u64>, month: usize, day: u64) -> String {
        let year = year.map_or_else(String::new, |year| format!(" {}", self.cardinal(year)));
        format!("{} {}{year}", self.cardinal(day), MONTHS[month - 1])
    }

    fn money(&self, amount: &Amount) -> String {
        let name = match amount.currency {
            Currency::Dollar => "ਡਾਲਰ",
            Currency::Canadian => "ਕੈਨੇਡੀਅਨ ਡਾਲਰ",
            Currency::American => "ਅਮਰੀਕੀ ਡਾਲਰ",
            Currency::Euro => "ਯੂਰੋ",
            Currency::Pound => "ਪੌਂਡ",
        };
        let number = || amount.number.said("", self);
        match (amount.parts, amount.scale) {
            (Some((value, 0)), _) => format!("{} {name}", self.cardinal(value)),
            (Some((0, cents)), _) => format!("{} ਸੈਂਟ", self.cardinal(cents)),
            (Some((value, cents)), _) => format!("{} {name} {} ਸੈਂਟ", self.cardinal(value), self.cardinal(cents)),
            (None, Some(Scale::Million)) => format!("{} ਮਿਲੀਅਨ {name}", number()),
            (None, Some(Scale::Billion)) => format!("{} ਬਿਲੀਅਨ {name}", number()),
            (None, None) => format!("{} {name}", number()),
        }
    }

    fn measure(&self, number: &Numeral, unit: Unit) -> String {
        let name = match unit {
            Unit::Percent => "ਫ਼ੀਸਦੀ",
            Unit::Celsius => "ਡਿਗਰੀ ਸੈਲਸੀਅਸ",
            Unit::Fahrenheit => "ਡਿਗਰੀ ਫਾਰਨਹਾਈਟ",
            Unit::Degree => "ਡਿਗਰੀ",
            Unit::Microgram => "ਮਾਈਕ੍ਰੋਗ੍ਰਾਮ",
            Unit::Milligram => "ਮਿਲੀਗ੍ਰਾਮ",
            Unit::Gram => "ਗ੍ਰਾਮ",
            Unit::Kilogram => "ਕਿਲੋ",
            Unit::Millilitre => "ਮਿਲੀਲੀਟਰ",
            Unit::Litre => "ਲੀਟਰ",
            Unit::Millimetre => "ਮਿਲੀਮੀਟਰ",
            Unit::Centimetre => "ਸੈਂਟੀਮੀਟਰ",
            Unit::Metre => "ਮੀਟਰ",
            Unit::Kilometre => "ਕਿਲੋਮੀਟਰ",
            Unit::KilometrePerHour => "ਕਿਲੋਮੀਟਰ ਪ੍ਰਤੀ ਘੰਟਾ",
            Unit::Pound => "ਪੌਂਡ",
            Unit::Ounce => "ਔਂਸ",
            Unit::Foot => "ਫੁੱਟ",
            Unit::Second => "ਸਕਿੰਟ",
            Unit::Minute => "ਮਿੰਟ",
            Unit::Hour if number.is_one() => "ਘੰਟਾ",
            Unit::Hour => "ਘੰਟੇ",
            Unit::Mercury => "ਮਿਲੀਮੀਟਰ ਪਾਰਾ",
            Unit::Beats => "ਧੜਕਣਾਂ ਪ੍ਰਤੀ ਮਿੰਟ",
            Unit::MilligramPerDecilitre => "ਮਿਲੀਗ੍ਰਾਮ ਪ੍ਰਤੀ ਡੈਸੀਲੀਟਰ",
            Unit::MillimolePerLitre => "ਮਿਲੀਮੋਲ ਪ੍ਰਤੀ ਲੀਟਰ",
            Unit::GramPerLitre => "ਗ੍ਰਾਮ ਪ੍ਰਤੀ ਲੀਟਰ",
            Unit::MilligramPerKilogram => "ਮਿਲੀਗ੍ਰਾਮ ਪ੍ਰਤੀ ਕਿਲੋ",
            Unit::International => "ਯੂਨਿਟ",
            Unit::Kilocalorie => "ਕੈਲੋਰੀ",
        };
        format!("{} {name}", number.said("", self))
    }

    fn sign(&self, sign: Sign) -> &'static str {
        match sign {
            Sign::At => "ਐਟ",
            Sign::Dot => "ਡਾਟ",
            Sign::Dash => "ਡੈਸ਼",
            Sign::Underscore => "ਅੰਡਰਸਕੋਰ",
            Sign::Slash => "ਸਲੈਸ਼",
            Sign::Plus => "ਪਲੱਸ",
            Sign::Minus => "ਮਨਫ਼ੀ",
            Sign::And => "ਅਤੇ",
            Sign::Equals => "ਬਰਾਬਰ",
            Sign::Times => "ਗੁਣਾ",
            Sign::Number => "ਨੰਬਰ",
            Sign::About => "ਲਗਭਗ",
            Sign::To => "ਤੋਂ",
            Sign::Over => "ਓਵਰ",
            Sign::Half => "ਅੱਧਾ",
            Sign::Third => "ਇੱਕ ਤਿਹਾਈ",
            Sign::TwoThirds => "ਦੋ ਤਿਹਾਈ",
            Sign::Quarter => "ਚੌਥਾਈ",
            Sign::ThreeQuarters => "ਪੌਣਾ",
            Sign::Less => "ਤੋਂ ਘੱਟ",
            Sign::More => "ਤੋਂ ਵੱਧ",
            Sign::Extension => "ਐਕਸਟੈਂਸ਼ਨ",
        }
    }
}

impl Punjabi {
    fn and_a_half(&self, value: u64) -> String {
        match value {
            1 => "ਡੇਢ".to_owned(),
            2 => "ਢਾਈ".to_owned(),
            _ => format!("ਸਾਢੇ {}", self.cardinal(value)),
        }
    }
}

/// "5ਵਾਂ", "5ਵੀਂ", "1ਲਾ", "2nd": the ending as it is written, masculine where it is English.
fn ordinal(rest: &str) -> Said {
    let digits = scan::digits(rest);
    let value = scan::value(digits)?;
    let end = scan::letters(&rest[digits.len()..]);
    let len = digits.len() + end.len();
    let (stem, ending) = match end {
        "ਵਾਂ" | "ਵੀਂ" | "ਵੇਂ" => (5, end),
        "ਲਾ" | "ਜਾ" | "ਥਾ" => (value, "ਵਾਂ"),
        "ਲੀ" | "ਜੀ" | "ਥੀ" => (value, "ਵੀਂ"),
        "ਲੇ" | "ਜੇ" | "ਥੇ" => (value, "ਵੇਂ"),
        "st" | "nd" | "rd" | "th" => (value, "ਵਾਂ"),
        _ => return None,
    };
    let vowel = match ending {
        "ਵਾਂ" => "ਾ",
        "ਵੀਂ" => "ੀ",
        _ => "ੇ",
    };
    let said = match (stem, value) {
        (_, 1) if stem == 1 => format!("ਪਹਿਲ{vowel}"),
        (_, 2) if stem == 2 => format!("ਦੂਜ{vowel}"),
        (_, 3) if stem == 3 => format!("ਤੀਜ{vowel}"),
        (_, 4) if stem == 4 => format!("ਚੌਥ{vowel}"),
        _ => {
            let name = Punjabi.cardinal(value);
            // ਬਾਰਾਂ, ਬਾਰ੍ਹਵਾਂ; ਨੌਂ, ਨੌਵਾਂ: two nasal ends run together.
            let name = name.strip_suffix("ਾਂ").or_else(|| name.strip_suffix('ਂ')).unwrap_or(&name);
            format!("{name}{ending}")
        }
    };
    Some((len, said))
}

fn abbreviation(rest: &str) -> Said {
    if rest.starts_with("24/7") && scan::ends_word(&rest[4..]) {
        return Some((4, "ਹਫ਼ਤੇ ਦੇ ਸੱਤੇ ਦਿਨ ਚੌਵੀ ਘੰਟੇ".to_owned()));
    }
    // A tablet is feminine, and half of one is what is written most.
    if let Some(half) = ["1/2", "0.5", "½"]
        .into_iter()
        .find(|half| rest.strip_prefix(half).is_some_and(|after| after.starts_with(" ਗੋਲੀ")))
    {
        return Some((half.len(), "ਅੱਧੀ".to_owned()));
    }
    let fits = |short: &str| {
        rest.strip_prefix(short)
            .is_some_and(|after| short.ends_with(['.', ':']) || (scan::ends_word(after) && after.starts_with(' ')))
    };
    let (short, full) = SHORT.into_iter().filter(|(short, _)| fits(short)).max_by_key(|(short, _)| short.len())?;
    Some((short.len(), full.to_owned()))
}
