//! The marker a model may put before its words to say what it asks for: `[expect:phone]`. Taken out of a stream of text pieces.
//!
//! Pure. A marker may be split anywhere between pieces. It is never passed on, known or not: it would be read aloud.

use super::{Expect, ExpectKind};

const OPENING: &str = "[expect:";

/// The longest name after `[expect:`; longer is text.
const LONGEST_NAME: usize = 16;

/// Text coming in pieces.
#[derive(Debug, Default)]
pub struct Markers {
    /// What may be the beginning of a marker.
    held: String,
    /// Blanks after a marker, or before any text, are dropped.
    begun: bool,
}

/// What a piece turned into, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Expect(Expect),
}

impl Markers {
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        for c in text.chars() {
            if self.held.is_empty() && c != '[' {
                self.take(c, &mut plain);
                continue;
            }
            self.held.push(c);
            if let Some(name) = self.held.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix(']')) {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                if let Some(kind) = kind(name) {
                    pieces.push(Piece::Expect(Expect { kind, ..Expect::default() }));
                }
                self.held.clear();
                self.begun = false;
            } else if !may_be_marker(&self.held) {
                self.release(&mut plain);
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        pieces
    }

    /// The stream is over: what was held is text after all.
    pub fn finish(&mut self) -> Option<String> {
        let mut plain = String::new();
        self.release(&mut plain);
        (!plain.is_empty()).then_some(plain)
    }

    fn release(&mut self, plain: &mut String) {
        for c in std::mem::take(&mut self.held).chars() {
            self.take(c, plain);
        }
    }

    fn take(&mut self, c: char, plain: &mut String) {
        if self.begun || !c.is_whitespace() {
            self.begun = true;
            plain.push(c);
        }
    }
}

fn may_be_marker(held: &str) -> bool {
    match held.strip_prefix(OPENING) {
        Some(name) => name.len() <= LONGEST_NAME && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
        None => OPENING.starts_with(held),
    }
}

fn kind(name: &str) -> Option<ExpectKind> {
    Some(match name {
        "free" => ExpectKind::Free,
        "yes_no" => ExpectKind::YesNo,
        "name" => ExpectKind::Name,
        "phone" => ExpectKind::Phone,
        "birth_date" => ExpectKind::BirthDate,
        "card" => ExpectKind::Card,
        "spelling" => ExpectKind::Spelling,
        "digits" => ExpectKind::Digits,
        "nothing" => ExpectKind::Nothing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[&str]) -> (String, Vec<ExpectKind>) {
        let mut markers = Markers::default();
        let mut all: Vec<Piece> = pieces.iter().flat_map(|p| markers.push(p)).collect();
        all.extend(markers.finish().map(Piece::Text));
        let mut text = String::new();
        let mut kinds = Vec::new();
        for piece in all {
            match piece {
                Piece::Text(t) => text.push_str(&t),
                Piece::Expect(e) => kinds.push(e.kind),
            }
        }
        (text, kinds)
    }

    #[test]
    fn a_marker_is_found_however_it_is_split() {
        let whole = " [expect:phone] What is your number?";
        for at in (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let (head, tail) = whole.split_at(at);
            assert_eq!(
                run(&[head, tail]),
                ("What is your number?".to_owned(), vec![ExpectKind::Phone]),
                "split at {at}"
            );
        }
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(run(&letters).1, [ExpectKind::Phone]);
    }

    #[test]
    fn other_brackets_are_text_and_unknown_markers_are_silent() {
        assert_eq!(run(&["open [9 to 5] [exp", "ress]"]), ("open [9 to 5] [express]".to_owned(), vec![]));
        assert_eq!(run(&["[expect:shoe_size]Hello"]), ("Hello".to_owned(), vec![]));
        assert_eq!(run(&["Hello [expect:"]), ("Hello [expect:".to_owned(), vec![]));
    }
}
