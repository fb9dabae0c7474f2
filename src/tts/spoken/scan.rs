//! Small readers of the beginning or the end of a text, and what counts as a letter.

/// Letters, and the signs of Gurmukhi and accents that stand alone; numerals of old scripts are none.
pub(super) fn is_letter(c: char) -> bool {
    (c.is_alphabetic() && !c.is_numeric())
        || c == '〇'
        || matches!(c, '\u{a3c}' | '\u{a4d}' | '\u{a51}' | '\u{300}'..='\u{36f}')
}

pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Letters and digits, but of Chinese: it has no blanks between words.
pub(super) fn is_wordy(c: char) -> bool {
    (is_letter(c) || c.is_ascii_digit()) && !is_han(c)
}

/// At most so many bytes from the beginning.
pub(super) fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// At most so many bytes from the end.
pub(super) fn tail(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}

/// Whether a word can begin here.
pub(super) fn starts_word(before: &str, rest: &str) -> bool {
    let Some(first) = rest.chars().next() else { return false };
    !is_wordy(first) || before.chars().next_back().is_none_or(|last| !is_wordy(last))
}

/// Whether a word that was read up to here is whole.
pub(super) fn ends_word(after: &str) -> bool {
    after.chars().next().is_none_or(|next| !is_wordy(next))
}

/// The digits that the text begins with.
pub(super) fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// The letters that the text begins with.
pub(super) fn letters(text: &str) -> &str {
    &text[..text.find(|c: char| !is_letter(c)).unwrap_or(text.len())]
}

/// Blanks on this line.
pub(super) fn blanks(text: &str) -> usize {
    text.find(|c| c != ' ').unwrap_or(text.len())
}

/// Bytes of a dash between two things, with the blanks around it.
pub(super) fn dash(text: &str) -> Option<usize> {
    let blank = blanks(text);
    let dash = text[blank..].chars().next().filter(|c| matches!(c, '-' | '–' | '—' | '~' | '～'))?;
    let end = blank + dash.len_utf8();
    Some(end + blanks(&text[end..]))
}

/// The last word before here, without the marks around it.
pub(super) fn last_word(before: &str) -> &str {
    let word = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    word.trim_matches(|c: char| !is_letter(c) && !c.is_ascii_digit())
}

/// A number of at most nine digits.
pub(super) fn value(digits: &str) -> Option<u64> {
    (digits.len() <= 9).then(|| digits.parse().ok())?
}

pub(super) fn is_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Whether `word` is whole before `after`: a Chinese one always is.
pub(super) fn ends_word_of(word: &str, after: &str) -> bool {
    word.chars().next_back().is_none_or(|last| !is_wordy(last)) || ends_word(after)
}
