//! English as it is said in Canada. "AM" stays in capitals: espeak-ng reads it letter by letter, and "a.m." as "a dot m dot".

mod abbreviation;
mod date;

use super::money::{Amount, Currency, Scale};
use super::number::Numeral;
use super::time::{Clock, Half};
use super::tongue::{self, Sign, Tongue};
use super::unit::Unit;
use super::{Said, half, scan};

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const LARGE: [(u64, &str); 3] = [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];

pub(super) struct English;

impl Tongue for English {
    fn own(&self, before: &str, rest: &str) -> Said {
        date::written(rest)
            .or_else(|| date::ordinal(rest))
            .or_else(|| date::round_the_clock(rest))
            .or_else(|| half::english(before, rest))
            .or_else(|| abbreviation::at(before, rest))
    }

    fn cardinal(&self, value: u64) -> String {
        if let Some((size, name)) = LARGE.into_iter().find(|(size, _)| value >= *size) {
            return self.followed(format!("{} {name}", self.cardinal(value / size)), value % size);
        }
        match value {
            0..20 => SMALL[value as usize].to_owned(),
            20..100 if value.is_multiple_of(10) => TENS[(value / 10) as usize].to_owned(),
            20..100 => format!("{}-{}", TENS[(value / 10) as usize], SMALL[(value % 10) as usize]),
            _ => self.followed(format!("{} hundred", SMALL[(value / 100) as usize]), value % 100),
        }
    }

    fn decimal(&self, whole: &str, fraction: &str) -> String {
        let whole = scan::value(whole).map_or_else(|| tongue::figures(whole, self), |value| self.cardinal(value));
        format!("{whole} point {}", tongue::figures(fraction, self))
    }

    fn digit(&self, digit: u8) -> &'static str {
        SMALL[usize::from(digit)]
    }

    fn year(&self, year: u64) -> String {
        self.in_pairs(year)
    }

    fn house(&self, number: u64) -> String {
        self.in_pairs(number)
    }

    fn time(&self, clock: Clock, _after: &str) -> (String, usize) {
        let (hour, day) = clock.twelve();
        let name = self.cardinal(hour);
        let half = day.map(|day| if day < 12 { "AM" } else { "PM" });
        let said = match (clock.minute, clock.half) {
            (Some(0), None) if half.is_none() => format!("{name} o'clock"),
            (Some(0) | None, _) => name,
            (Some(minute @ 1..10), _) => format!("{name} oh {}", self.cardinal(minute)),
            (Some(minute), _) => format!("{name} {}", self.cardinal(minute)),
        };
        let half = half.filter(|_| clock.half != Some(Half::Later));
        (half.map_or_else(|| said.clone(), |half| format!("{said} {half}")), 0)
    }

    fn date(&self, year: Option<u64>, month: usize, day: u64) -> String {
        let year = year.map_or_else(String::new, |year| format!(", {}", self.in_pairs(year)));
        format!("{} {}{year}", date::MONTHS[month - 1].0, self.ordinal(day))
    }

    fn money(&self, amount: &Amount) -> String {
        let (one, many) = match amount.currency {
            Currency::Dollar => ("dollar", "dollars"),
            Currency::Canadian => ("Canadian dollar", "Canadian dollars"),
            Currency::American => ("US dollar", "US dollars"),
            Currency::Euro => ("euro", "euros"),
            Currency::Pound => ("pound", "pounds"),
        };
        let whole = |value: u64| format!("{} {}", self.cardinal(value), if value == 1 { one } else { many });
        let cents = |value: u64| format!("{} cent{}", self.cardinal(value), if value == 1 { "" } else { "s" });
        match (amount.parts, amount.scale) {
            (Some((value, 0)), _) => whole(value),
            (Some((0, part)), _) => cents(part),
            (Some((value, part)), _) => format!("{} and {}", whole(value), cents(part)),
            (None, Some(Scale::Million)) => format!("{} million {many}", amount.number.said("", self)),
            (None, Some(Scale::Billion)) => format!("{} billion {many}", amount.number.said("", self)),
            (None, None) => format!("{} {many}", amount.number.said("", self)),
        }
    }

    fn measure(&self, number: &Numeral, unit: Unit) -> String {
        let (one, many) = match unit {
            Unit::Percent => ("percent", "percent"),
            Unit::Celsius => ("degree Celsius", "degrees Celsius"),
            Unit::Fahrenheit => ("degree Fahrenheit", "degrees Fahrenheit"),
            Unit::Degree => ("degree", "degrees"),
            Unit::Microgram => ("microgram", "micrograms"),
            Unit::Milligram => ("milligram", "milligrams"),
            Unit::Gram => ("gram", "grams"),
            Unit::Kilogram => ("kilogram", "kilograms"),
            Unit::Millilitre => ("millilitre", "millilitres"),
            Unit::Litre => ("litre", "litres"),
            Unit::Millimetre => ("millimetre", "millimetres"),
            Unit::Centimetre => ("centimetre", "centimetres"),
            Unit::Metre => ("metre", "metres"),
            Unit::Kilometre => ("kilometre", "kilometres"),
            Unit::KilometrePerHour => ("kilometre an hour", "kilometres an hour"),
            Unit::Pound => ("pound", "pounds"),
            Unit::Ounce => ("ounce", "ounces"),
            Unit::Foot => ("foot", "feet"),
            Unit::Second => ("second", "seconds"),
            Unit::Minute => ("minute", "minutes"),
            Unit::Hour => ("hour", "hours"),
            Unit::Mercury => ("millimetre of mercury", "millimetres of mercury"),
            Unit::Beats => ("beat per minute", "beats per minute"),
            Unit::MilligramPerDecilitre => ("milligram per decilitre", "milligrams per decilitre"),
            Unit::MillimolePerLitre => ("millimole per litre", "millimoles per litre"),
            Unit::GramPerLitre => ("gram per litre", "grams per litre"),
            Unit::MilligramPerKilogram => ("milligram per kilogram", "milligrams per kilogram"),
            Unit::International => ("unit", "units"),
            Unit::Kilocalorie => ("calorie", "calories"),
        };
        format!("{} {}", number.said("", self), if number.is_one() { one } else { many })
    }

    fn sign(&self, sign: Sign) -> &'static str {
        match sign {
            Sign::At => "at",
            Sign::Dot => "dot",
            Sign::Dash => "dash",
            Sign::Underscore => "underscore",
            Sign::Slash => "slash",
            Sign::Plus => "plus",
            Sign::Minus => "minus",
            Sign::And => "and",
            Sign::Equals => "equals",
            Sign::Times => "times",
            Sign::Number => "number",
            Sign::About => "about",
            Sign::To => "to",
            Sign::Over => "over",
            Sign::Half => "one half",
            Sign::Third => "one third",
            Sign::TwoThirds => "two thirds",
            Sign::Quarter => "one quarter",
            Sign::ThreeQuarters => "three quarters",
            Sign::Less => "less than",
            Sign::More => "more than",
            Sign::Extension => "extension",
        }
    }
}

impl English {
    fn followed(&self, head: String, rest: u64) -> String {
        if rest == 0 { head } else { format!("{head} {}", self.cardinal(rest)) }
    }

    fn ordinal(&self, value: u64) -> String {
        const ODD: [(&str, &str); 8] = [
            ("one", "first"),
            ("two", "second"),
            ("three", "third"),
            ("five", "fifth"),
            ("eight", "eighth"),
            ("nine", "ninth"),
            ("twelve", "twelfth"),
            ("y", "ieth"),
        ];
        let name = self.cardinal(value);
        let odd = ODD.into_iter().find_map(|(end, ordinal)| Some(format!("{}{ordinal}", name.strip_suffix(end)?)));
        odd.unwrap_or_else(|| format!("{name}th"))
    }

    /// Years and houses: "nineteen eighty-five", "four oh five", "two thousand six".
    fn in_pairs(&self, number: u64) -> String {
        let (head, tail) = (number / 100, number % 100);
        match (head, tail) {
            (0, _) => self.cardinal(number),
            (_, 0) if !(11..100).contains(&head) || head.is_multiple_of(10) => self.cardinal(number),
            (_, 0) => format!("{} hundred", self.cardinal(head)),
            // Nobody says "twenty oh six".
            (20, 1..10) => self.cardinal(number),
            (_, 1..10) => format!("{} oh {}", self.cardinal(head), self.cardinal(tail)),
            _ => format!("{} {}", self.cardinal(head), self.cardinal(tail)),
        }
    }
}
