//! How Chinese is written: no blanks within it. Recognisers and rules of speech that join words leave some, which a voice reads as pauses.

/// Han characters and the marks written among them: nobody writes a blank between two of these.
pub const fn is_close(c: char) -> bool {
    matches!(
        c,
        '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{20000}'..='\u{3ffff}'
    )
}

/// Two Chinese characters have no blank between them, whatever a model writes.
pub fn without_blanks(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let between = c.is_whitespace()
            && joined.chars().next_back().is_some_and(is_close)
            && rest.peek().is_none_or(|next| is_close(*next));
        if !between {
            joined.push(c);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_has_no_blanks_inside_and_english_keeps_its_own() {
        assert_eq!(without_blanks("你 好 ， 我 要 见 Dr Wong 医 生"), "你好，我要见 Dr Wong 医生");
        assert_eq!(without_blanks("are you open"), "are you open");
    }
}
