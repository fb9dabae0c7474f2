//! Abbreviations in full, and days of the week.

use super::super::unit::goes_on;
use super::super::{Said, scan};

/// Before a name or a number; with a stop where one is written.
const SHORT: [(&str, &str); 45] = [
    ("Dr", "docteur"),
    ("Dr.", "docteur"),
    ("Dre", "docteure"),
    ("Dre.", "docteure"),
    ("Drs", "docteurs"),
    ("M.", "monsieur"),
    ("MM.", "messieurs"),
    ("Mme", "madame"),
    ("Mme.", "madame"),
    ("Mmes", "mesdames"),
    ("Mlle", "mademoiselle"),
    ("Me", "maître"),
    ("Mgr", "monseigneur"),
    ("Pr", "professeur"),
    ("Pre", "professeure"),
    ("av.", "avenue"),
    ("boul.", "boulevard"),
    ("bd", "boulevard"),
    ("ch.", "chemin"),
    ("rte", "route"),
    ("pl.", "place"),
    ("app.", "appartement"),
    ("bur.", "bureau"),
    ("ét.", "étage"),
    ("tél.", "téléphone"),
    ("téléc.", "télécopieur"),
    ("no", "numéro"),
    ("nº", "numéro"),
    ("n°", "numéro"),
    ("No", "numéro"),
    ("N°", "numéro"),
    ("nos", "numéros"),
    ("No de", "numéro de"),
    ("no de", "numéro de"),
    ("p. ex.", "par exemple"),
    ("p.ex.", "par exemple"),
    ("c.-à-d.", "c'est-à-dire"),
    ("etc.", "et cetera"),
    ("env.", "environ"),
    ("svp", "s'il vous plaît"),
    ("SVP", "s'il vous plaît"),
    ("s.v.p.", "s'il vous plaît"),
    ("rdv", "rendez-vous"),
    ("RDV", "rendez-vous"),
    ("C.P.", "case postale"),
];

const DAYS: [(&str, &str); 7] = [
    ("lun.", "lundi"),
    ("mar.", "mardi"),
    ("mer.", "mercredi"),
    ("jeu.", "jeudi"),
    ("ven.", "vendredi"),
    ("sam.", "samedi"),
    ("dim.", "dimanche"),
];

pub(super) fn at(before: &str, rest: &str) -> Said {
    if rest.starts_with("24/7") && scan::ends_word(&rest[4..]) {
        return Some((4, "vingt-quatre heures sur vingt-quatre, sept jours sur sept".to_owned()));
    }
    for (short, full) in [("St-", "Saint-"), ("Ste-", "Sainte-"), ("Sts-", "Saints-")] {
        if rest.starts_with(short) && rest[short.len()..].starts_with(char::is_uppercase) {
            return Some((short.len(), full.to_owned()));
        }
    }
    for (short, full) in DAYS {
        let again = before.trim_end().rsplit(' ').take(2).any(|word| DAYS.iter().any(|(short, _)| *short == word));
        if rest.starts_with(short)
            && (again || goes_on(&rest[short.len()..]) || scan::dash(&rest[short.len()..]).is_some())
        {
            let dash = scan::dash(&rest[short.len()..])
                .filter(|dash| DAYS.iter().any(|(day, _)| rest[short.len() + dash..].starts_with(day)));
            let stop = usize::from(!goes_on(&rest[short.len()..]));
            return Some(dash.map_or_else(
                || (short.len() - stop, full.to_owned()),
                |dash| (short.len() + dash, format!("{full} à ")),
            ));
        }
    }
    if rest.starts_with("Qc") && scan::ends_word(&rest[2..]) && before.ends_with(['(', ' ']) {
        return Some((2, "Québec".to_owned()));
    }
    let fits = |short: &str| {
        rest.strip_prefix(short).is_some_and(|after| short.ends_with(['.', '°', 'º']) || scan::ends_word(after))
    };
    let (short, full) = SHORT.into_iter().filter(|(short, _)| fits(short)).max_by_key(|(short, _)| short.len())?;
    let after = &rest[short.len()..];
    let named = after.strip_prefix(' ').is_some_and(|name| name.starts_with(char::is_uppercase));
    let counted = after.trim_start().starts_with(|c: char| c.is_ascii_digit());
    match short {
        "M." | "MM." | "Me" | "Pr" | "Pre" | "Dr" | "Dr." | "Dre" | "Dre." | "Drs" | "Mme." | "Mgr" if !named => None,
        "no" | "No" | "nos" | "nº" | "n°" | "N°" if !counted => None,
        "etc." | "s.v.p." | "p. ex." | "p.ex." | "tél." | "téléc." | "av." | "boul." | "ch." | "pl." | "app."
        | "bur." | "ét." | "env." | "C.P." => {
            let stop = usize::from(!(named || counted || goes_on(after)));
            Some((short.len() - stop, full.to_owned()))
        }
        _ => Some((short.len(), full.to_owned())),
    }
}
