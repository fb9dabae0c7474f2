//! E-mail and web addresses. What is before the @ is spelled unless it is a usual word; names of hosts are said as words where
//! they can be.

use super::tongue::{Sign, Tongue};
use super::{Said, scan};

/// Said as words before an @ and in paths.
const WORDS: [&str; 44] = [
    "accueil",
    "admin",
    "appointment",
    "appointments",
    "billing",
    "book",
    "booking",
    "bookings",
    "care",
    "clinic",
    "clinique",
    "contact",
    "desk",
    "doctor",
    "family",
    "fax",
    "forms",
    "front",
    "frontdesk",
    "health",
    "hello",
    "help",
    "home",
    "info",
    "mail",
    "manager",
    "medical",
    "noreply",
    "office",
    "online",
    "patient",
    "patients",
    "pharmacy",
    "privacy",
    "reception",
    "records",
    "referral",
    "referrals",
    "rendezvous",
    "sante",
    "staff",
    "support",
    "team",
    "welcome",
];

/// Last labels that are said as words.
const ENDS: [&str; 6] = ["com", "net", "info", "health", "clinic", "care"];

const HOSTS: [&str; 12] = ["ca", "com", "org", "net", "info", "health", "clinic", "care", "gov", "io", "edu", "us"];

pub(super) fn at(rest: &str, tongue: &dyn Tongue) -> Said {
    let token = token(rest);
    if let Some((name, host)) = token.split_once('@')
        && is_name(name)
        && is_host(host)
    {
        return Some((
            token.len(),
            format!("{} {} {}", local(name, tongue), tongue.sign(Sign::At), hosts(host, tongue)),
        ));
    }
    let lower = token.to_ascii_lowercase();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme)).map_or(0, str::len);
    let www = if lower[scheme..].starts_with("www.") { 4 } else { 0 };
    let address = &token[scheme + www..];
    let (host, path) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let known = host.rsplit('.').next().is_some_and(|end| HOSTS.contains(&end.to_ascii_lowercase().as_str()));
    if !is_host(host) || (scheme + www == 0 && !known) {
        return None;
    }
    let mut said = hosts(host, tongue);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        said = format!("{said} {} {}", tongue.sign(Sign::Slash), pieces(part, tongue, |word| word.to_owned()));
    }
    Some((token.len(), said))
}

/// Signs of an address, without the stop or bracket of the sentence.
fn token(rest: &str) -> &str {
    let is_sign = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '-' | '_' | '@' | '+' | '/' | ':' | '?' | '=' | '&' | '%' | '#' | '~')
    };
    let end = rest.find(|c| !is_sign(c)).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':', '?', '-', '/', '&', '=', '_', '#', '+', '%', '~'])
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'%'))
}

fn is_host(host: &str) -> bool {
    let mut labels = host.split('.');
    let fits = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let end = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && labels.all(fits) && end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic())
}

fn local(name: &str, tongue: &dyn Tongue) -> String {
    pieces(name, tongue, |word| {
        if WORDS.contains(&word.to_ascii_lowercase().as_str()) { word.to_owned() } else { spelled(word) }
    })
}

fn hosts(host: &str, tongue: &dyn Tongue) -> String {
    let count = host.split('.').count();
    let label = |(place, label): (usize, &str)| {
        let last = place + 1 == count;
        pieces(label, tongue, |word| {
            let lower = word.to_ascii_lowercase();
            let as_word = if last { ENDS.contains(&lower.as_str()) } else { is_pronounceable(&lower) };
            if as_word { word.to_owned() } else { spelled(word) }
        })
    };
    let dot = format!(" {} ", tongue.sign(Sign::Dot));
    host.split('.').enumerate().map(label).collect::<Vec<_>>().join(&dot)
}

/// Words, digits and signs one after the other.
fn pieces(text: &str, tongue: &dyn Tongue, word: impl Fn(&str) -> String) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_alphabetic() { scan::letters(rest).len() } else { first.len_utf8() };
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        said.push(match first {
            '.' => tongue.sign(Sign::Dot).to_owned(),
            '-' => tongue.sign(Sign::Dash).to_owned(),
            '_' => tongue.sign(Sign::Underscore).to_owned(),
            '+' => tongue.sign(Sign::Plus).to_owned(),
            '0'..='9' => tongue.figure(first as u8 - b'0').to_owned(),
            c if c.is_ascii_alphabetic() => word(piece),
            _ => continue,
        });
    }
    said.join(" ")
}

fn spelled(word: &str) -> String {
    word.chars().map(|c| c.to_ascii_uppercase().to_string()).collect::<Vec<_>>().join(" ")
}

fn is_pronounceable(word: &str) -> bool {
    word.len() >= 3 && word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}
