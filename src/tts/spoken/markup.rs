//! Marks of layout, tags and pictures: none of them is said.

use super::{Said, scan};

pub(super) fn at(before: &str, rest: &str) -> Said {
    let first = rest.chars().next()?;
    let none = |len: usize| Some((len, String::new()));
    let starts_line =
        before.trim_end_matches([' ', '>', '*']).is_empty() || before.trim_end_matches([' ', '>', '*']).ends_with('\n');
    let len = first.len_utf8();
    match first {
        '*' | '`' | '\\' | '|' | '^' | '{' | '}' => none(len),
        '_' => {
            let inside = before.ends_with(scan::is_letter) && rest[1..].starts_with(scan::is_letter);
            Some((1, if inside { " ".to_owned() } else { String::new() }))
        }
        '~' if rest.starts_with("~~") => none(2),
        '#' if starts_line && rest.trim_start_matches('#').starts_with(' ') => {
            let marks = rest.len() - rest.trim_start_matches('#').len();
            none(marks + scan::blanks(&rest[marks..]))
        }
        '>' if starts_line && rest[1..].starts_with(' ') => none(1 + scan::blanks(&rest[1..])),
        '-' | '+' | '•' | '–' | '·' if starts_line => {
            let marks = rest.len() - rest.trim_start_matches(first).len();
            (marks > 2 || rest[marks..].starts_with([' ', '\n']) || first == '•')
                .then(|| (marks + scan::blanks(&rest[marks..]), String::new()))
        }
        '[' => none(1),
        '!' if rest[1..].starts_with('[') => none(2),
        ']' => none(1 + link(&rest[1..])),
        '<' => tag(rest).and_then(none),
        c if is_picture(c) => none(len),
        '→' | '⇒' => Some((len, ",".to_owned())),
        c if c.is_control() && !c.is_whitespace() => none(len),
        _ => None,
    }
}

/// "(https://…)" behind a link's text.
fn link(rest: &str) -> usize {
    let target = rest.strip_prefix('(').and_then(|text| text.split_once(')')).map(|(target, _)| target);
    let is_link = |target: &&str| target.contains(['.', ':', '/', '#']) && !target.contains(' ');
    target.filter(is_link).map_or(0, |target| target.len() + 2)
}

/// "<b>", "</speak>", "<break time='1s'/>".
fn tag(rest: &str) -> Option<usize> {
    let inside = rest[1..].strip_prefix('/').unwrap_or_else(|| &rest[1..]);
    let end = rest.find('>')?;
    (inside.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest[1..end].contains(['<', '@'])).then_some(end + 1)
}

/// Emoji, what joins and colours them, flags, arrows, and trade marks.
fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{2300}'..='\u{23ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{e0000}'..='\u{e007f}' | '\u{feff}' | '\u{ad}'
        | '\u{25a0}'..='\u{25ff}' | '\u{2190}'..='\u{2191}' | '\u{2193}'..='\u{21cf}' | '©' | '®' | '™' | '•' | '\u{202a}'..='\u{202e}')
}
