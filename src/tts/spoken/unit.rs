//! What a number measures.

use super::scan;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    Celsius,
    Fahrenheit,
    Degree,
    Microgram,
    Milligram,
    Gram,
    Kilogram,
    Millilitre,
    Litre,
    Millimetre,
    Centimetre,
    Metre,
    Kilometre,
    KilometrePerHour,
    Pound,
    Ounce,
    Foot,
    Second,
    Minute,
    Hour,
    Mercury,
    Beats,
    MilligramPerDecilitre,
    MillimolePerLitre,
    GramPerLitre,
    MilligramPerKilogram,
    International,
    Kilocalorie,
}

/// How each is written. The longest that fits counts.
const WRITTEN: [(&str, Unit); 48] = [
    ("%", Unit::Percent),
    ("°C", Unit::Celsius),
    ("° C", Unit::Celsius),
    ("℃", Unit::Celsius),
    ("°F", Unit::Fahrenheit),
    ("° F", Unit::Fahrenheit),
    ("°", Unit::Degree),
    ("mcg", Unit::Microgram),
    ("µg", Unit::Microgram),
    ("μg", Unit::Microgram),
    ("mg", Unit::Milligram),
    ("g", Unit::Gram),
    ("kg", Unit::Kilogram),
    ("kgs", Unit::Kilogram),
    ("mL", Unit::Millilitre),
    ("ml", Unit::Millilitre),
    ("cc", Unit::Millilitre),
    ("L", Unit::Litre),
    ("l", Unit::Litre),
    ("mm", Unit::Millimetre),
    ("cm", Unit::Centimetre),
    ("m", Unit::Metre),
    ("km", Unit::Kilometre),
    ("km/h", Unit::KilometrePerHour),
    ("lb", Unit::Pound),
    ("lbs", Unit::Pound),
    ("lb.", Unit::Pound),
    ("lbs.", Unit::Pound),
    ("oz", Unit::Ounce),
    ("ft", Unit::Foot),
    ("sec", Unit::Second),
    ("secs", Unit::Second),
    ("min", Unit::Minute),
    ("mins", Unit::Minute),
    ("min.", Unit::Minute),
    ("hr", Unit::Hour),
    ("hrs", Unit::Hour),
    ("hr.", Unit::Hour),
    ("mmHg", Unit::Mercury),
    ("mm Hg", Unit::Mercury),
    ("bpm", Unit::Beats),
    ("mg/dL", Unit::MilligramPerDecilitre),
    ("mmol/L", Unit::MillimolePerLitre),
    ("g/L", Unit::GramPerLitre),
    ("mg/kg", Unit::MilligramPerKilogram),
    ("IU", Unit::International),
    ("UI", Unit::International),
    ("kcal", Unit::Kilocalorie),
];

/// The unit that follows a number, and its bytes with the blank before it.
pub(super) fn at(after: &str) -> Option<(usize, Unit)> {
    let gap = scan::blanks(after);
    if gap > 1 {
        return None;
    }
    let text = &after[gap..];
    let fits = |written: &str| {
        let rest = text.strip_prefix(written)?;
        // The stop of "5 min." may be the sentence's.
        let whole = if written.ends_with('.') { goes_on(rest) } else { scan::ends_word(rest) };
        (whole && !rest.starts_with('/')).then_some(())
    };
    let longest =
        WRITTEN.iter().filter(|(written, _)| fits(written).is_some()).max_by_key(|(written, _)| written.len());
    longest.map(|(written, unit)| (gap + written.len(), *unit))
}

/// The sentence goes on behind an abbreviation's stop.
pub(super) fn goes_on(rest: &str) -> bool {
    let text = rest.trim_start_matches(' ');
    text.chars().next().is_some_and(|next| {
        (next.is_alphabetic() && !next.is_uppercase()) || next.is_ascii_digit() || matches!(next, ',' | ';' | ')' | ':')
    })
}
