//! Telephone and card numbers, and other long rows of digits: digit by digit, in the groups that people hear them in.
//!
//! As written, where they are written in groups. A row without any is parted: 3-4, 3-3-4 as a telephone number, 4-3-3 as a British
//! Columbian health number where a card was spoken of, 4-4-4 and so on.

use super::tongue::{self, Sign, Tongue};
use super::{Said, number, scan};

/// Fewer digits than this are a number.
const FEWEST: usize = 7;
/// More than this are no number that a person reads out; they are cut like a card's.
const MOST_GROUPS: usize = 8;

/// Words for cards of which a health number may follow.
const CARDS: [&str; 10] =
    ["card", "phn", "msp", "health", "carte", "santé", "卡", "ਕਾਰਡ", "assurance", "personal health"];

pub(super) fn at(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    if let Some(said) = letters_first(rest, tongue) {
        return Some(said);
    }
    if let Some(said) = one_by_one(rest, tongue).or_else(|| short(before, rest, tongue)) {
        return Some(said);
    }
    let (groups, mut len, plus) = groups(rest)?;
    let total: usize = groups.iter().map(|group| group.len()).sum();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let known = match lengths.as_slice() {
        [one] => *one >= FEWEST || plus,
        [1, 1, 1, ..] => lengths.iter().all(|length| *length == 1),
        [3, 4] => {
            rest[..len].contains(['-', '.'])
                && !before.ends_with('#')
                && !super::address::is_house(groups[1], before, &rest[len..])
        }
        // "5 604 555 0142": a number, and a telephone number.
        [3, 3, 4] | [1, 3, 3, 4] | [4, 3, 3] | [4, 4, 4] | [4, 4, 4, 4] | [3, 3, 3] | [2, 2, 2, 2, 2] | [5, 4] => true,
        _ => plus && total >= FEWEST,
    };
    if !known {
        return None;
    }
    let pieces: Vec<&str> = match groups.as_slice() {
        [one] => cut(one, before),
        _ => groups,
    };
    let mut said: Vec<String> = pieces.iter().map(|group| said_of(group, &pieces, tongue)).collect();
    if pieces.get(1).is_some_and(|group| is_toll_free(group, &pieces)) && tongue.between().is_empty() {
        // 一八零零 is one word.
        let prefix = said.remove(0);
        said[0] = prefix + &said[0];
    }
    // The version of an Ontario card: "1234-567-890-AB".
    let version = rest[len..].strip_prefix(['-', ' ']).map(scan::letters).filter(|letters| {
        letters.len() == 2
            && letters.bytes().all(|b| b.is_ascii_uppercase())
            && pieces.len() == 3
            && pieces[0].len() == 4
    });
    if let Some(version) = version.filter(|version| scan::ends_word(&rest[len + 1 + version.len()..])) {
        said.push(tongue::signs(version, tongue));
        len += 1 + version.len();
    }
    let mut said = said.join(tongue.pause());
    if plus {
        said = format!("{}{said}", number::joined("", tongue.sign(Sign::Plus)));
    }
    let (more, extension) = extension(&rest[len..], tongue);
    Some((len + more, said + &extension))
}

/// One group of a number.
fn said_of(group: &str, groups: &[&str], tongue: &dyn Tongue) -> String {
    let is_chinese = tongue.between().is_empty();
    let is_prefix = group == "1" && groups.len() == 4 && std::ptr::eq(group, groups[0]);
    match scan::value(group).filter(|_| is_toll_free(group, groups) && !is_chinese) {
        Some(hundreds) => tongue.cardinal(hundreds),
        // The prefix of a country or of a long distance is no digit of the number: Mandarin says 一.
        None if is_prefix => tongue::figures(group, tongue),
        None => tongue::spell(group, tongue),
    }
}

/// "1-800-555-0142" is said with its hundreds in English; elsewhere too.
fn is_toll_free(group: &str, groups: &[&str]) -> bool {
    groups.len() == 4 && groups[0] == "1" && group.len() == 3 && group.ends_with("00") && std::ptr::eq(group, groups[1])
}

/// The groups of digits that the text begins with, how many bytes they are, and whether a plus is before them.
fn groups(rest: &str) -> Option<(Vec<&str>, usize, bool)> {
    let plus = rest.starts_with('+');
    let mut at = usize::from(plus);
    let mut groups = Vec::new();
    let mut end = 0;
    let mut open = 0;
    loop {
        let text = rest.get(at..)?;
        let gap = if groups.is_empty() { 0 } else { separator(text)? };
        let text = &text[gap..];
        let bracket = usize::from(text.starts_with('('));
        let digits = scan::digits(&text[bracket..]);
        if digits.is_empty() || (!groups.is_empty() && gap == 0 && bracket == 0) || groups.len() == MOST_GROUPS {
            break;
        }
        open += bracket;
        groups.push(digits);
        at += gap + bracket + digits.len();
        if open > 0 && rest[at..].starts_with(')') {
            open -= 1;
            at += 1;
        }
        end = at;
        if separator(&rest[at..]).is_none() {
            break;
        }
    }
    let whole = scan::ends_word(&rest[end..]) && !rest[end..].starts_with([':', '/', '%', '°']);
    (whole && !groups.is_empty() && open == 0).then_some((groups, end, plus))
}

/// Bytes between two groups: at most a sign and a blank. `None` where digits run on.
fn separator(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some('-' | '.' | ' '), Some(c)) if c.is_ascii_digit() || c == '(' => Some(1),
        (Some('-'), Some(' ')) => Some(2),
        (Some('('), Some(c)) if c.is_ascii_digit() => Some(0),
        (Some(c), _) if c.is_ascii_digit() => Some(0),
        _ => None,
    }
}

/// A long row of digits in groups.
fn cut<'a>(digits: &'a str, before: &str) -> Vec<&'a str> {
    let card = before.to_lowercase();
    let lengths: &[usize] = match digits.len() {
        7 => &[3, 4],
        9 => &[3, 3, 3],
        10 if CARDS.iter().any(|word| card.contains(word)) => &[4, 3, 3],
        10 => &[3, 3, 4],
        11 => &[1, 3, 3, 4],
        _ => &[],
    };
    let mut rest = digits;
    let mut groups = Vec::new();
    for length in lengths.iter().copied().chain(std::iter::repeat(4)) {
        if rest.is_empty() {
            break;
        }
        let (group, tail) = rest.split_at(length.min(rest.len()));
        groups.push(group);
        rest = tail;
    }
    groups
}

/// "6 0 4, 5 5 5, 0 1 4 2", "9-1-1": digits that were apart already.
fn one_by_one(rest: &str, tongue: &dyn Tongue) -> Said {
    let mut said = String::new();
    let (mut at, mut count, mut end) = (0, 0, 0);
    while let Some(digit) = rest[at..].bytes().next().filter(u8::is_ascii_digit) {
        if rest[at + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
        if count > 0 {
            let pause = rest[end..at].starts_with(',');
            said.push_str(if pause { tongue.pause() } else { tongue.between() });
        }
        let name = digit - b'0';
        said.push_str(if is_service(rest) { tongue.figure(name) } else { tongue.digit(name) });
        count += 1;
        end = at + 1;
        let after = &rest[end..];
        at = end
            + match after.as_bytes() {
                [b' ' | b'-', ..] => 1,
                [b',', b' ', ..] if count % 3 == 0 || count > 5 => 2,
                _ => break,
            };
    }
    let whole = scan::ends_word(&rest[end..]) && unit_free(&rest[end..]);
    (count >= 3 && whole).then_some((end, said))
}

/// 911 and its like: 811 where somebody is to call it.
fn short(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    const CALLS: [&str; 15] = [
        "call",
        "dial",
        "text",
        "phone",
        "compos",
        "appel",
        "faites",
        "打",
        "拨",
        "撥",
        "致",
        "ਕਾਲ",
        "ਡਾਇਲ",
        "ਫ਼ੋਨ",
        "ਫੋਨ",
    ];
    let digits = scan::digits(rest);
    let after = &rest[digits.len()..];
    let is_short = digits.len() == 3 && is_service_number(digits) && scan::ends_word(after) && unit_free(after);
    if !is_short || after.starts_with([',', '-']) && after[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let near = format!("{} {}", scan::tail(before, NEAR), scan::head(after, NEAR)).to_lowercase();
    let called = digits == "911" && !leads_on(after) || CALLS.iter().any(|call| near.contains(call));
    called.then(|| (3, tongue::figures(digits, tongue)))
}

/// Somebody is told to call within so many bytes.
const NEAR: usize = 48;

/// A house: "911 Main Street".
fn leads_on(after: &str) -> bool {
    super::address::is_house("911", "", after)
}

/// Digits apart, and no more than 911 or its like.
fn is_service(rest: &str) -> bool {
    let digits: String = rest.chars().take(5).filter(char::is_ascii_digit).collect();
    let more = rest
        .get(5..)
        .is_some_and(|rest| rest[..].starts_with([' ', '-']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    digits.len() == 3 && !more && is_service_number(&digits)
}

fn is_service_number(digits: &str) -> bool {
    digits.ends_with("11") || digits == "988"
}

fn unit_free(after: &str) -> bool {
    let goes_on =
        after.strip_prefix([':', '/', '.']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !after.starts_with('%') && !goes_on
}

/// A number of Québec's health insurance: four letters, then eight digits.
fn letters_first(rest: &str, tongue: &dyn Tongue) -> Said {
    let letters = scan::letters(rest);
    if letters.len() != 4 || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut at = 4;
    let mut said = vec![tongue::signs(letters, tongue)];
    for _ in 0..2 {
        at += usize::from(rest[at..].starts_with([' ', '-']));
        let group = rest.get(at..at + 4).filter(|group| group.bytes().all(|b| b.is_ascii_digit()))?;
        said.push(tongue::spell(group, tongue));
        at += 4;
    }
    scan::ends_word(&rest[at..]).then(|| (at, said.join(tongue.pause())))
}

/// "ext. 204", "x204", "poste 204".
fn extension(after: &str, tongue: &dyn Tongue) -> (usize, String) {
    let none = (0, String::new());
    let gap = after.len() - after.trim_start_matches([' ', ',']).len();
    let text = &after[gap..];
    let Some(mark) = ["extension", "ext.", "ext", "poste", "x"].into_iter().find(|mark| text.starts_with(*mark)) else {
        return none;
    };
    let blank = scan::blanks(&text[mark.len()..]);
    let digits = scan::digits(&text[mark.len() + blank..]);
    if digits.is_empty() || digits.len() > 6 || !scan::ends_word(&text[mark.len() + blank + digits.len()..]) {
        return none;
    }
    let said = format!(
        "{}{}{}",
        tongue.pause(),
        number::joined("", tongue.sign(Sign::Extension)),
        tongue::spell(digits, tongue)
    );
    (gap + mark.len() + blank + digits.len(), said)
}
