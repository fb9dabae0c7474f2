//! French as it is said in Québec and by Canadian administrations: telephone numbers digit by digit, the hour of 24.

mod abbreviation;
mod date;

use super::money::{Amount, Currency, Scale};
use super::number::Numeral;
use super::time::Clock;
use super::tongue::{self, Sign, Tongue};
use super::unit::Unit;
use super::{Said, half, scan};

const SMALL: [&str; 20] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
];
const TENS: [&str; 7] = ["", "dix", "vingt", "trente", "quarante", "cinquante", "soixante"];

/// Things of which there is "une".
const FEMININE: [&str; 49] = [
    "heure",
    "heures",
    "minute",
    "minutes",
    "seconde",
    "secondes",
    "semaine",
    "semaines",
    "année",
    "années",
    "fois",
    "personne",
    "personnes",
    "clinique",
    "cliniques",
    "place",
    "places",
    "question",
    "questions",
    "dose",
    "doses",
    "goutte",
    "gouttes",
    "pilule",
    "pilules",
    "page",
    "pages",
    "option",
    "options",
    "journée",
    "journées",
    "nuit",
    "nuits",
    "visite",
    "visites",
    "ordonnance",
    "ordonnances",
    "consultation",
    "consultations",
    "injection",
    "injections",
    "capsule",
    "capsules",
    "infirmière",
    "infirmières",
    "famille",
    "familles",
    "porte",
    "livre",
];

pub(super) struct French;

impl Tongue for French {
    fn own(&self, before: &str, rest: &str) -> Said {
        date::hour(rest)
            .or_else(|| date::written(rest))
            .or_else(|| date::ordinal(rest))
            .or_else(|| half::french(before, rest))
            .or_else(|| abbreviation::at(before, rest))
    }

    fn has_decimal_comma(&self) -> bool {
        true
    }

    fn cardinal(&self, value: u64) -> String {
        match value {
            0..20 => SMALL[value as usize].to_owned(),
            20..70 => match (TENS[(value / 10) as usize], value % 10) {
                (tens, 0) => tens.to_owned(),
                (tens, 1) => format!("{tens} et un"),
                (tens, ones) => format!("{tens}-{}", SMALL[ones as usize]),
            },
            71 => "soixante et onze".to_owned(),
            70 | 72..80 => format!("soixante-{}", SMALL[(value - 60) as usize]),
            80 => "quatre-vingts".to_owned(),
            81..100 => format!("quatre-vingt-{}", SMALL[(value - 80) as usize]),
            100..1_000 => {
                let hundreds = value / 100;
                let head = if hundreds == 1 { "cent".to_owned() } else { format!("{} cent", SMALL[hundreds as usize]) };
                match (hundreds, value % 100) {
                    (1, 0) => head,
                    (_, 0) => format!("{head}s"),
                    (_, rest) => format!("{head} {}", self.cardinal(rest)),
                }
            }
            1_000..1_000_000 => {
                // "deux cent mille", "quatre-vingt mille": without the s before mille.
                let thousands = self.cardinal(value / 1_000);
                let thousands = ["cents", "vingts"]
                    .iter()
                    .find(|end| thousands.ends_with(*end))
                    .map_or_else(|| thousands.clone(), |_| thousands[..thousands.len() - 1].to_owned());
                let head = if value / 1_000 == 1 { "mille".to_owned() } else { format!("{thousands} mille") };
                self.followed(head, value % 1_000)
            }
            _ => {
                let (size, name) =
                    if value >= 1_000_000_000 { (1_000_000_000, "milliard") } else { (1_000_000, "million") };
                let count = value / size;
                let head = format!("{} {name}{}", self.cardinal(count), if count > 1 { "s" } else { "" });
                self.followed(head, value % size)
            }
        }
    }

    fn count(&self, value: u64, after: &str) -> String {
        let word = scan::letters(after);
        if FEMININE.contains(&word) { self.feminine(value) } else { self.cardinal(value) }
    }

    fn decimal(&self, whole: &str, fraction: &str) -> String {
        let whole = scan::value(whole).map_or_else(|| tongue::figures(whole, self), |value| self.cardinal(value));
        let named = scan::value(fraction).filter(|_| fraction.len() <= 2 && !fraction.starts_with('0'));
        format!(
            "{whole} virgule {}",
            named.map_or_else(|| tongue::figures(fraction, self), |value| self.cardinal(value))
        )
    }

    fn digit(&self, digit: u8) -> &'static str {
        SMALL[usize::from(digit)]
    }

    fn time(&self, clock: Clock, after: &str) -> (String, usize) {
        let (hour, day) = clock.twelve();
        let value = if clock.half.is_some() { day.unwrap_or(hour) } else { clock.hour };
        // "8:30 h".
        let more = [" heures", " heure", " h"]
            .into_iter()
            .find(|word| after.strip_prefix(word).is_some_and(scan::ends_word))
            .map_or(0, str::len);
        (self.hour(value, clock.minute.unwrap_or(0)), more)
    }

    fn date(&self, year: Option<u64>, month: usize, day: u64) -> String {
        let day = if day == 1 { "premier".to_owned() } else { self.cardinal(day) };
        let year = year.map_or_else(String::new, |year| format!(" {}", self.cardinal(year)));
        format!("{day} {}{year}", date::MONTHS[month - 1].0)
    }

    fn money(&self, amount: &Amount) -> String {
        let (one, many) = match amount.currency {
            Currency::Dollar => ("dollar", "dollars"),
            Currency::Canadian => ("dollar canadien", "dollars canadiens"),
            Currency::American => ("dollar américain", "dollars américains"),
            Currency::Euro => ("euro", "euros"),
            Currency::Pound => ("livre", "livres"),
        };
        let whole = |value: u64| format!("{} {}", self.cardinal(value), if value < 2 { one } else { many });
        match (amount.parts, amount.scale) {
            (Some((value, 0)), _) => whole(value),
            (Some((0, part)), _) => format!("{} cent{}", self.cardinal(part), if part < 2 { "" } else { "s" }),
            (Some((value, part)), _) => format!("{} {}", whole(value), self.cardinal(part)),
            (None, Some(Scale::Million)) => format!("{} millions de {many}", amount.number.said("", self)),
            (None, Some(Scale::Billion)) => format!("{} milliards de {many}", amount.number.said("", self)),
            (None, None) => format!("{} {many}", amount.number.said("", self)),
        }
    }

    fn measure(&self, number: &Numeral, unit: Unit) -> String {
        let (one, many) = match unit {
            Unit::Percent => ("pour cent", "pour cent"),
            Unit::Celsius => ("degré Celsius", "degrés Celsius"),
            Unit::Fahrenheit => ("degré Fahrenheit", "degrés Fahrenheit"),
            Unit::Degree => ("degré", "degrés"),
            Unit::Microgram => ("microgramme", "microgrammes"),
            Unit::Milligram => ("milligramme", "milligrammes"),
            Unit::Gram => ("gramme", "grammes"),
            Unit::Kilogram => ("kilogramme", "kilogrammes"),
            Unit::Millilitre => ("millilitre", "millilitres"),
            Unit::Litre => ("litre", "litres"),
            Unit::Millimetre => ("millimètre", "millimètres"),
            Unit::Centimetre => ("centimètre", "centimètres"),
            Unit::Metre => ("mètre", "mètres"),
            Unit::Kilometre => ("kilomètre", "kilomètres"),
            Unit::KilometrePerHour => ("kilomètre à l'heure", "kilomètres à l'heure"),
            Unit::Pound => ("livre", "livres"),
            Unit::Ounce => ("once", "onces"),
            Unit::Foot => ("pied", "pieds"),
            Unit::Second => ("seconde", "secondes"),
            Unit::Minute => ("minute", "minutes"),
            Unit::Hour => ("heure", "heures"),
            Unit::Mercury => ("millimètre de mercure", "millimètres de mercure"),
            Unit::Beats => ("battement par minute", "battements par minute"),
            Unit::MilligramPerDecilitre => ("milligramme par décilitre", "milligrammes par décilitre"),
            Unit::MillimolePerLitre => ("millimole par litre", "millimoles par litre"),
            Unit::GramPerLitre => ("gramme par litre", "grammes par litre"),
            Unit::MilligramPerKilogram => ("milligramme par kilogramme", "milligrammes par kilogramme"),
            Unit::International => ("unité", "unités"),
            Unit::Kilocalorie => ("calorie", "calories"),
        };
        let few = number.whole.trim_start_matches('0').is_empty() || number.whole == "1";
        let name = if few { one } else { many };
        let said = match number.value() {
            Some(value)
                if matches!(
                    unit,
                    Unit::Pound
                        | Unit::Ounce
                        | Unit::Second
                        | Unit::Minute
                        | Unit::Hour
                        | Unit::MillimolePerLitre
                        | Unit::International
                        | Unit::Kilocalorie
                ) =>
            {
                self.feminine(value)
            }
            Some(_) | None => number.said("", self),
        };
        format!("{said} {name}")
    }

    fn sign(&self, sign: Sign) -> &'static str {
        match sign {
            Sign::At => "arobas",
            Sign::Dot => "point",
            Sign::Dash => "tiret",
            Sign::Underscore => "soulignement",
            Sign::Slash => "barre oblique",
            Sign::Plus => "plus",
            Sign::Minus => "moins",
            Sign::And => "et",
            Sign::Equals => "égale",
            Sign::Times => "fois",
            Sign::Number => "numéro",
            Sign::About => "environ",
            Sign::To => "à",
            Sign::Over => "sur",
            Sign::Half => "un demi",
            Sign::Third => "un tiers",
            Sign::TwoThirds => "deux tiers",
            Sign::Quarter => "un quart",
            Sign::ThreeQuarters => "trois quarts",
            Sign::Less => "moins de",
            Sign::More => "plus de",
            Sign::Extension => "poste",
        }
    }

    fn street(&self, word: &str) -> Option<&'static str> {
        match word {
            "O" | "O." => Some("Ouest"),
            "E" | "E." => Some("Est"),
            "N" | "N." => Some("Nord"),
            "S" | "S." => Some("Sud"),
            _ => None,
        }
    }
}

impl French {
    fn followed(&self, head: String, rest: u64) -> String {
        if rest == 0 { head } else { format!("{head} {}", self.cardinal(rest)) }
    }

    fn feminine(&self, value: u64) -> String {
        let name = self.cardinal(value);
        if value % 10 == 1 && value % 100 != 11 && value % 100 != 71 && value % 100 != 91 {
            format!("{name}e")
        } else {
            name
        }
    }

    fn hour(&self, hour: u64, minute: u64) -> String {
        let name = match hour {
            0 => "minuit".to_owned(),
            1 => "une heure".to_owned(),
            _ => format!("{} heures", self.feminine(hour)),
        };
        if minute == 0 {
            name
        } else {
            format!("{name} {}", if minute == 1 { "une".to_owned() } else { self.cardinal(minute) })
        }
    }
}
