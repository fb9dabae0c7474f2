//! Abbreviations in full, and days of the week. What "St." means is told by what stands around it.

use super::super::unit::goes_on;
use super::super::{Said, scan};

const DAYS: [(&str, &str); 11] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Tues", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Thur", "Thursday"),
    ("Thurs", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
    ("Sept", "September"),
];

/// With a stop behind them.
const SHORT: [(&str, &str); 31] = [
    ("Dr", "Doctor"),
    ("Drs", "Doctors"),
    ("Mr", "Mister"),
    ("Mrs", "Missus"),
    ("Ms", "Miz"),
    ("Prof", "Professor"),
    ("Rev", "Reverend"),
    ("Mt", "Mount"),
    ("Ft", "Fort"),
    ("Ave", "Avenue"),
    ("Blvd", "Boulevard"),
    ("Rd", "Road"),
    ("Hwy", "Highway"),
    ("Cres", "Crescent"),
    ("Ln", "Lane"),
    ("Apt", "Apartment"),
    ("Ste", "Suite"),
    ("Jr", "Junior"),
    ("Sr", "Senior"),
    ("ext", "extension"),
    ("Ext", "extension"),
    ("approx", "approximately"),
    ("appt", "appointment"),
    ("Appt", "Appointment"),
    ("vs", "versus"),
    ("etc", "et cetera"),
    ("dept", "department"),
    ("Dept", "Department"),
    ("tel", "telephone"),
    ("Tel", "Telephone"),
    ("min", "minutes"),
];

/// Names follow them, so their stop never ends a sentence.
const TITLES: [&str; 8] = ["Dr", "Drs", "Mr", "Mrs", "Ms", "Prof", "Rev", "Mt"];

pub(super) fn at(before: &str, rest: &str) -> Said {
    let word = scan::letters(rest);
    let after = &rest[word.len()..];
    for (written, full) in [
        ("e.g.", "for example"),
        ("i.e.", "that is"),
        ("a.m.", "AM"),
        ("p.m.", "PM"),
        ("w/", "with"),
        ("c/o", "care of"),
    ] {
        if let Some(behind) = rest.strip_prefix(written) {
            let stop = usize::from(written.ends_with("m.") && !goes_on(behind));
            let blank = if written == "w/" && !behind.starts_with(' ') { " " } else { "" };
            return Some((written.len() - stop, format!("{full}{blank}")));
        }
    }
    if let Some((_, full)) = DAYS.into_iter().find(|(short, _)| *short == word) {
        let dotted = after.strip_prefix('.');
        let apart = before.is_empty() || before.ends_with([' ', '-', '–', '(', '/', '\n']);
        let ranged = scan::dash(after).is_some() || before.trim_end().ends_with(['-', '–']);
        let named =
            dotted.is_some_and(goes_on) || (word != "Sun" && word != "Sat" && word != "Sept" && dotted.is_none());
        if apart && (ranged || named || dotted.is_some()) {
            let stop = usize::from(dotted.is_some_and(|rest| goes_on(rest) || rest.starts_with(' ')));
            let end = word.len() + stop;
            // "Mon-Fri": the dash is said here.
            let dash = scan::dash(&rest[end..]).filter(|dash| {
                DAYS.iter().any(|(short, full)| {
                    *short == scan::letters(&rest[end + dash..]) || *full == scan::letters(&rest[end + dash..])
                })
            });
            return Some(dash.map_or_else(|| (end, full.to_owned()), |dash| (end + dash, format!("{full} to "))));
        }
    }
    if word.ends_with("day")
        && let Some(dash) = scan::dash(after)
        && DAYS.iter().any(|(_, full)| *full == word)
        && DAYS.iter().any(|(_, full)| *full == scan::letters(&after[dash..]))
    {
        return Some((word.len() + dash, format!("{word} to ")));
    }
    let behind = after.strip_prefix('.')?;
    if word == "No" || word == "no" {
        let counts = behind.trim_start().starts_with(|c: char| c.is_ascii_digit());
        return counts.then(|| (3, "number".to_owned()));
    }
    if word == "St" {
        let named = behind.strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_uppercase));
        let after_name =
            before.trim_end_matches(' ').ends_with(char::is_alphanumeric) && scan::is_capital(scan::last_word(before));
        let is_street = after_name || !named;
        let stop = usize::from(!is_street || goes_on(behind));
        return Some((2 + stop, if is_street { "Street" } else { "Saint" }.to_owned()));
    }
    let (_, full) = SHORT.into_iter().find(|(short, _)| *short == word)?;
    if word == "min" {
        return None;
    }
    let stop = usize::from(
        TITLES.contains(&word)
            || goes_on(behind)
            || (matches!(word, "vs" | "approx" | "ext" | "Ext" | "tel" | "Tel" | "Ste" | "Apt") && !behind.is_empty()),
    );
    Some((word.len() + stop, full.to_owned()))
}
