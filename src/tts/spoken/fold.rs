//! One way of writing digits, blanks and dashes: full-width, Gurmukhi and Devanagari digits become 0 to 9. A character stays one
//! character, so that every place can be found again.

use std::borrow::Cow;

pub(super) struct Folded<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where each character starts here and in the text as written; empty where both are the same.
    starts: Vec<(usize, usize)>,
    whole: (usize, usize),
}

pub(super) fn fold(text: &str) -> Folded<'_> {
    if !text.chars().any(|c| folded(c) != c) {
        return Folded { text: text.into(), starts: Vec::new(), whole: (text.len(), text.len()) };
    }
    let mut plain = String::with_capacity(text.len());
    let mut starts = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        starts.push((plain.len(), at));
        plain.push(folded(c));
    }
    Folded { whole: (plain.len(), text.len()), text: plain.into(), starts }
}

impl Folded<'_> {
    /// Nothing was changed.
    pub(super) fn is_exact(&self) -> bool {
        self.starts.is_empty()
    }

    /// Where this place is in the text as written.
    pub(super) fn written(&self, at: usize) -> usize {
        if self.starts.is_empty() {
            return at;
        }
        if at >= self.whole.0 {
            return self.whole.1;
        }
        let next = self.starts.partition_point(|(start, _)| *start <= at);
        self.starts[next.saturating_sub(1)].1
    }
}

fn folded(c: char) -> char {
    let digit = |zero: char| char::from_digit(c as u32 - zero as u32, 10).unwrap_or(c);
    match c {
        '\u{ff10}'..='\u{ff19}' => digit('\u{ff10}'),
        '\u{a66}'..='\u{a6f}' => digit('\u{a66}'),
        '\u{966}'..='\u{96f}' => digit('\u{966}'),
        '＄' => '$',
        '％' => '%',
        '＠' => '@',
        '＃' => '#',
        '＋' => '+',
        '－' | '\u{2010}' | '\u{2011}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{3000}' | '\t' => ' ',
        'Ａ'..='Ｚ' => (b'A' + (c as u32 - 'Ａ' as u32) as u8) as char,
        'ａ'..='ｚ' => (b'a' + (c as u32 - 'ａ' as u32) as u8) as char,
        _ => c,
    }
}
