//! Signs that are said, and digits that no rule knew: none is left to a voice's guess.

use super::tongue::{Sign, Tongue};
use super::{Said, scan};

pub(super) fn at(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    let first = rest.chars().next()?;
    let len = first.len_utf8();
    let sign = |sign: Sign| Some((len, apart(tongue.sign(sign))));
    let none = Some((len, String::new()));
    let after = &rest[len..];
    let follows_digit = after.trim_start().starts_with(|c: char| c.is_ascii_digit());
    match first {
        '0'..='9' => Some((1, tongue.figure(first as u8 - b'0').to_owned())),
        '&' => match entity(rest) {
            Some((len, text)) => Some((len, if text == "&" { apart(tongue.sign(Sign::And)) } else { text.to_owned() })),
            None => sign(Sign::And),
        },
        '@' => sign(Sign::At),
        '=' => sign(Sign::Equals),
        '×' => sign(Sign::Times),
        '½' => sign(Sign::Half),
        '⅓' => sign(Sign::Third),
        '⅔' => sign(Sign::TwoThirds),
        '¼' => sign(Sign::Quarter),
        '¾' => sign(Sign::ThreeQuarters),
        '+' | '>' | '≥' | '<' | '≤' | '~' | '≈' if follows_digit => sign(match first {
            '+' => Sign::Plus,
            '>' | '≥' => Sign::More,
            '<' | '≤' => Sign::Less,
            _ => Sign::About,
        }),
        '+' if before.ends_with(|c: char| c.is_ascii_digit()) => sign(Sign::Plus),
        '/' | '+' | '>' | '<' | '~' | '#' | '$' | '€' | '£' | '¥' | '°' | '≥' | '≤' | '≈' => {
            Some((len, " ".to_owned()))
        }
        '%' => Some((len, " ".to_owned())),
        '²' | '³' | '¹' => Some((
            len,
            format!(
                " {} ",
                tongue.figure(match first {
                    '¹' => 1,
                    '²' => 2,
                    _ => 3,
                })
            ),
        )),
        '〇' => None,
        c if c.is_numeric() && !scan::is_han(c) => none,
        _ => None,
    }
}

/// With a blank on both sides; Chinese has none.
fn apart(word: &str) -> String {
    if word.ends_with(scan::is_han) { word.to_owned() } else { format!(" {word} ") }
}

/// "&amp;" and its like.
fn entity(rest: &str) -> Option<(usize, &'static str)> {
    const ENTITIES: [(&str, &str); 6] =
        [("&amp;", "&"), ("&nbsp;", " "), ("&lt;", " "), ("&gt;", " "), ("&quot;", "\""), ("&#39;", "'")];
    ENTITIES.into_iter().find(|(written, _)| rest.starts_with(written)).map(|(written, text)| (written.len(), text))
}
