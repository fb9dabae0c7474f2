//! English text as it is said: times, dates, telephone numbers, money and house numbers in words, abbreviations in full. Pure.
//!
//! Only for a voice's ear: what the call keeps as said is the text as it was written. Written for espeak-ng, which reads "a.m." as
//! "a dot m dot", "Dr." as "d r" and a telephone number as billions (1.51, 2026-11-21). Names and codes of letters and digits
//! ("V5K 0A1", "B12") are left as they are: it spells them well.

mod abbreviation;
mod number;
mod telephone;
mod time;

/// The text with everything written out that would be read wrongly. Runs of blanks become one.
pub(super) fn spoken(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut said: Vec<String> = Vec::with_capacity(words.len());
    let mut place = 0;
    while place < words.len() {
        let (before, rest) = (&words[..place], &words[place..]);
        let (saying, taken) = telephone::at(rest)
            .or_else(|| Some((time::clock(rest)?, 1)))
            .or_else(|| Some((time::date(before, rest[0])?, 1)))
            .or_else(|| Some((abbreviation::at(before, rest)?, 1)))
            .or_else(|| Some((quantity(before, rest)?, 1)))
            .unwrap_or_else(|| (rest[0].to_owned(), 1));
        said.push(saying);
        place += taken;
    }
    said.join(" ")
}

/// A word without the marks around it: what opens, the word, what closes.
fn parts(word: &str) -> (&str, &str, &str) {
    let body = word.trim_start_matches(['(', '"', '“', '\'', '‘', '[']);
    let before = &word[..word.len() - body.len()];
    let bare = body.trim_end_matches(['.', ',', ';', ':', '?', '!', ')', '"', '”', '\'', '’', ']', '…']);
    (before, bare, &body[bare.len()..])
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_capitalised(word: &str) -> bool {
    parts(word).1.starts_with(|c: char| c.is_uppercase())
}

/// Money, shares, ordinals, house numbers, and numbers.
fn quantity(before: &[&str], rest: &[&str]) -> Option<String> {
    let (opening, body, closing) = parts(rest[0]);
    let words = if let Some(amount) = body.strip_prefix('$') {
        dollars(amount)?
    } else if let Some(share) = body.strip_suffix('%') {
        format!("{} percent", plain(share)?)
    } else if let Some(count) = body.strip_prefix('#') {
        format!("number {}", plain(count)?)
    } else if let Some(place) = ["st", "nd", "rd", "th"].into_iter().find_map(|end| body.strip_suffix(end)) {
        number::ordinal(is_digits(place).then(|| place.parse().ok())??)
    } else if body == "&" {
        "and".to_owned()
    } else if is_digits(body) && is_house(body, before, rest) {
        number::in_pairs(body.parse().ok()?)
    } else {
        plain(body)?
    };
    Some(format!("{opening}{words}{closing}"))
}

/// "3", "2,000", "3.5".
fn plain(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = ungrouped(whole)?;
    match fraction {
        None => Some(number::cardinal(&whole)),
        Some(fraction) if is_digits(fraction) => {
            Some(format!("{} point {}", number::cardinal(&whole), number::one_by_one(fraction)))
        }
        Some(_) => None,
    }
}

/// Digits without the commas between thousands.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next().filter(|first| is_digits(first))?;
    let grouped = text.contains(',');
    if grouped && (first.len() > 3 || !groups.all(|group| group.len() == 3 && is_digits(group))) {
        return None;
    }
    Some(text.replace(',', ""))
}

fn dollars(amount: &str) -> Option<String> {
    let count = |digits: &str, one: &str| {
        let many = if digits.trim_start_matches('0') == "1" { "" } else { "s" };
        let bare = digits.trim_start_matches('0');
        format!("{} {one}{many}", number::cardinal(if bare.is_empty() { "0" } else { bare }))
    };
    match amount.split_once('.') {
        None => Some(count(&ungrouped(amount)?, "dollar")),
        Some((whole, "00")) => Some(count(&ungrouped(whole)?, "dollar")),
        Some((whole, cents)) if cents.len() == 2 && is_digits(cents) => {
            Some(format!("{} and {}", count(&ungrouped(whole)?, "dollar"), count(cents, "cent")))
        }
        Some(_) => None,
    }
}

/// "1234 West Broadway", "Suite 405".
fn is_house(digits: &str, before: &[&str], rest: &[&str]) -> bool {
    let door =
        before.last().is_some_and(|word| matches!(*word, "Suite" | "Unit" | "Room" | "Apartment" | "Ste." | "Apt."));
    let street = rest[1..]
        .iter()
        .take(4)
        .take_while(|word| is_capitalised(word) || word.starts_with(|c: char| c.is_ascii_digit()));
    (3..=5).contains(&digits.len())
        && !digits.starts_with('0')
        && (door || street.into_iter().any(|word| abbreviation::is_street(parts(word).1)))
}

#[cfg(test)]
mod tests;
