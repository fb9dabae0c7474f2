//! Telephone, health card and other long numbers: digit by digit, in the groups that people hear them in. Pure.

use super::{is_digits, number, parts};

/// Words that one number may be written as: "+1 604 555 0142".
const WORDS: usize = 4;

/// The number that `rest` begins with, and how many words of it that takes.
pub(super) fn at(rest: &[&str]) -> Option<(String, usize)> {
    (1..=rest.len().min(WORDS)).rev().find_map(|count| Some((read(&rest[..count])?, count)))
}

fn read(words: &[&str]) -> Option<String> {
    let (last, head) = words.split_last()?;
    let (opening, body, closing) = parts(last);
    // A stop or comma within ends the number.
    if head.iter().any(|word| word.ends_with([',', '.', ';', ':', '?', '!'])) {
        return None;
    }
    let opening = if head.is_empty() { opening } else { "" };
    let bare = format!("{}{body}", head.iter().map(|word| format!("{word} ")).collect::<String>());
    let joins = |c: char| matches!(c, '-' | '.' | '(' | ')' | '+' | ' ' | '\u{2011}');
    if !bare.chars().all(|c| c.is_ascii_digit() || joins(c)) {
        return None;
    }
    let groups: Vec<&str> = bare.split(joins).filter(|group| !group.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let groups = match lengths.as_slice() {
        [3, 3, 4] | [1, 3, 3, 4] | [4, 3, 3] | [4, 4, 4, 4] => groups,
        [3, 4] if head.is_empty() && bare.contains('-') => groups,
        [_] if is_digits(&bare) || bare.starts_with('+') => cut(groups[0])?,
        _ => return None,
    };
    let plus = if bare.starts_with('+') { "plus " } else { "" };
    let said: Vec<String> = groups.into_iter().map(number::one_by_one).collect();
    Some(format!("{}{plus}{}{closing}", opening.trim_end_matches('('), said.join(", ")))
}

/// A long row of digits in groups.
fn cut(digits: &str) -> Option<Vec<&str>> {
    let lengths: &[usize] = match digits.len() {
        7 => &[3, 4],
        10 => &[3, 3, 4],
        11 => &[1, 3, 3, 4],
        8 | 9 | 12.. => &[],
        _ => return None,
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
    Some(groups)
}
