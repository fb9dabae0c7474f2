//! Telephone numbers as they stand in charts.

use crate::agent::digits;

/// Ten digits of a free text: "1 (604) 555-0123 x12" has an extension after them.
pub(super) fn number(text: &str) -> Option<String> {
    let plain =
        text.split(|c: char| c.is_alphabetic() || c == '#').find(|part| part.contains(|c: char| c.is_ascii_digit()))?;
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    digits::telephone(&digits)
}
