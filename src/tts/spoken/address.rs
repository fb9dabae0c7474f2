//! Canadian addresses: postal codes, provinces, houses, and the abbreviations of streets.

use super::tongue::{self, Tongue};
use super::{Said, scan};

const STREETS: [(&str, &str); 30] = [
    ("St", "Street"),
    ("St.", "Street"),
    ("Ave", "Avenue"),
    ("Ave.", "Avenue"),
    ("Av.", "Avenue"),
    ("Rd", "Road"),
    ("Rd.", "Road"),
    ("Dr", "Drive"),
    ("Dr.", "Drive"),
    ("Blvd", "Boulevard"),
    ("Blvd.", "Boulevard"),
    ("Hwy", "Highway"),
    ("Hwy.", "Highway"),
    ("Cres", "Crescent"),
    ("Cres.", "Crescent"),
    ("Ln", "Lane"),
    ("Ln.", "Lane"),
    ("Pl", "Place"),
    ("Pl.", "Place"),
    ("Ct", "Court"),
    ("Ct.", "Court"),
    ("Pkwy", "Parkway"),
    ("Pkwy.", "Parkway"),
    ("Sq.", "Square"),
    ("Terr.", "Terrace"),
    ("Apt.", "Apartment"),
    ("Apt", "Apartment"),
    ("Ste.", "Suite"),
    ("Fl.", "Floor"),
    ("Bldg.", "Building"),
];

const WHOLE: [&str; 18] = [
    "Street",
    "Avenue",
    "Road",
    "Drive",
    "Boulevard",
    "Highway",
    "Broadway",
    "Way",
    "Lane",
    "Court",
    "Crescent",
    "Place",
    "Parkway",
    "Square",
    "Terrace",
    "Circle",
    "Trail",
    "Mall",
];

const DOORS: [&str; 20] = [
    "suite",
    "unit",
    "room",
    "apartment",
    "apt",
    "ste",
    "bureau",
    "appartement",
    "app",
    "bur",
    "local",
    "porte",
    "office",
    "单元",
    "房间",
    "單位",
    "室",
    "ਸੂਟ",
    "ਯੂਨਿਟ",
    "ਕਮਰਾ",
];

const COMPASS: [(&str, &str); 8] = [
    ("N", "North"),
    ("S", "South"),
    ("E", "East"),
    ("W", "West"),
    ("NE", "Northeast"),
    ("NW", "Northwest"),
    ("SE", "Southeast"),
    ("SW", "Southwest"),
];

const PROVINCES: [(&str, &str); 13] = [
    ("BC", "British Columbia"),
    ("AB", "Alberta"),
    ("SK", "Saskatchewan"),
    ("MB", "Manitoba"),
    ("ON", "Ontario"),
    ("QC", "Quebec"),
    ("NB", "New Brunswick"),
    ("NS", "Nova Scotia"),
    ("PE", "Prince Edward Island"),
    ("NL", "Newfoundland and Labrador"),
    ("YT", "Yukon"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
];

/// A postal code; in an address also its streets, points of the compass and province.
pub(super) fn at(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    if let Some(said) = postal_code(rest, tongue) {
        return Some(said);
    }
    let letters = scan::letters(rest);
    let dotted = rest[letters.len()..].starts_with('.');
    let bare = letters.len();
    if letters.is_empty() || !scan::is_capital(letters) || !letters.is_ascii() {
        return None;
    }
    let behind = &rest[bare + usize::from(dotted)..];
    if has_house(before) {
        if let Some(full) = tongue.street(&rest[..bare + usize::from(dotted)]).or_else(|| tongue.street(letters)) {
            // The stop of "Main St." ends the sentence too, unless it goes on.
            let stop = dotted && goes_on(behind);
            return Some((bare + usize::from(stop), full.to_owned()));
        }
        if let Some((_, full)) = COMPASS.into_iter().find(|(short, _)| *short == letters) {
            return Some((bare + usize::from(dotted && behind.starts_with(' ')), full.to_owned()));
        }
    }
    let province = PROVINCES.into_iter().find(|(short, _)| *short == letters)?.1;
    let follows_city = before.trim_end_matches(' ').ends_with(',');
    let next = behind.trim_start_matches([' ', ',']);
    let stands = next.is_empty() || postal_code(next, tongue).is_some() || !behind.starts_with(' ');
    (follows_city && stands).then(|| (bare, province.to_owned()))
}

/// What a street's abbreviation stands for.
pub(super) fn street(word: &str) -> Option<&'static str> {
    STREETS.into_iter().find(|(short, _)| *short == word).map(|(_, full)| full)
}

fn is_street(word: &str) -> bool {
    WHOLE.contains(&word)
        || STREETS
            .iter()
            .any(|(short, full)| !matches!(*full, "Apartment" | "Suite" | "Floor" | "Building") && *short == word)
}

/// "V6B 1A1": letters as they are, digits by name, a pause in the middle.
fn postal_code(rest: &str, tongue: &dyn Tongue) -> Said {
    let bytes = rest.as_bytes();
    let gap = usize::from(matches!(bytes.get(3), Some(b' ' | b'-')));
    let code =
        [bytes.first()?, bytes.get(1)?, bytes.get(2)?, bytes.get(3 + gap)?, bytes.get(4 + gap)?, bytes.get(5 + gap)?];
    let fits = code
        .iter()
        .enumerate()
        .all(|(place, sign)| if place % 2 == 0 { sign.is_ascii_uppercase() } else { sign.is_ascii_digit() });
    if !fits || !scan::ends_word(&rest[6 + gap..]) {
        return None;
    }
    let half = |text: &str| tongue::signs(text, tongue);
    Some((6 + gap, format!("{}{}{}", half(&rest[..3]), tongue.pause(), half(&rest[3 + gap..6 + gap]))))
}

/// "1234" in "1234 West Broadway", "405" in "Suite 405": `before` and `after` are what stands around the digits.
pub(super) fn is_house(digits: &str, before: &str, after: &str) -> bool {
    if !(3..=5).contains(&digits.len()) || digits.starts_with('0') {
        return false;
    }
    let last = scan::last_word(before).to_lowercase();
    let door = DOORS.contains(&last.as_str()) || before.ends_with('#');
    door || after.starts_with(' ') && leads_to_street(after)
}

/// Within four capitalised words stands a street.
fn leads_to_street(after: &str) -> bool {
    let names = after
        .split(' ')
        .skip(1)
        .take(4)
        .take_while(|word| scan::is_capital(word) || word.starts_with(|c: char| c.is_ascii_digit()));
    let mut is_first = true;
    for word in names {
        let word = &word[..word.find(scan::is_han).unwrap_or(word.len())];
        let bare = word.trim_end_matches([',', ';', '?', '!', ')', '。', '，']);
        if is_street(bare) || is_street(bare.trim_end_matches('.')) {
            // "5 Dr. Chen" is no street; "12 Broadway" is.
            return !is_first || WHOLE.contains(&bare);
        }
        if bare != word {
            return false;
        }
        is_first = false;
    }
    false
}

/// A number stands a few capitalised words before.
pub(super) fn has_house(before: &str) -> bool {
    let mut words = before.trim_end_matches(' ').rsplit(' ').take(5);
    let mut seen = 0;
    words
        .find_map(|word| {
            let is_number = word.trim_start_matches('#').starts_with(|c: char| c.is_ascii_digit());
            if is_number && word.trim_start_matches('#').bytes().all(|b| b.is_ascii_digit() || b == b'-') {
                // "5 St." without a name between is no address; "5 W" may be its beginning.
                return Some(seen >= 1 || word.len() >= 3);
            }
            seen += 1;
            (!scan::is_capital(word) && !is_number || word.ends_with([',', '.', ';', '?', '!']) && word.len() > 4)
                .then_some(false)
        })
        .unwrap_or(false)
}

fn goes_on(behind: &str) -> bool {
    super::unit::goes_on(behind)
}
