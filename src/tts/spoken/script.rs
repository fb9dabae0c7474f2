//! The text to be spoken as it grows, and which bytes of it stand for which bytes of the text as written.

use super::fold::Folded;
use super::scan::{is_han, is_letter};
use crate::language::Language;
use crate::language::chinese::{is_close, without_blanks};

/// A text as a voice is to say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saying {
    pub text: String,
    places: Vec<Place>,
}

/// Up to byte `said` of the spoken text stands for up to byte `written` of the written one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    said: usize,
    /// The last letter of it ends here: what follows are marks and blanks. No more than the `said` before it: nothing is heard.
    sounds: usize,
    written: usize,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Byte for byte.
    Copied,
    /// As a whole: heard when all of it was heard.
    Replaced,
}

impl Saying {
    /// The bytes of the written text that this word of the spoken one stands for. Of what was replaced as a whole, every word but
    /// the last stands for nothing yet; the last word of all takes along what follows and is not said.
    pub fn written(&self, at: usize, len: usize) -> (usize, usize) {
        let from = self.start(at);
        (from, self.end(at + len).max(from) - from)
    }

    fn start(&self, at: usize) -> usize {
        let next = self.places.partition_point(|place| place.said <= at);
        let (said, written) = self.ends_before(next);
        match self.places.get(next) {
            Some(Place { how: How::Copied, .. }) => written + (at - said),
            Some(Place { how: How::Replaced, .. }) | None => written,
        }
    }

    fn end(&self, at: usize) -> usize {
        let next = self.places.partition_point(|place| place.said < at);
        let (said, written) = self.ends_before(next);
        let Some(place) = self.places.get(next) else { return written };
        if at < place.sounds {
            return match place.how {
                How::Copied => written + (at - said),
                How::Replaced => written,
            };
        }
        let later = &self.places[next + 1..];
        let is_last = later.iter().all(|later| later.sounds <= place.said);
        match (self.places.last(), place.how) {
            // Nothing more is heard, so nothing more is owed.
            (Some(last), _) if is_last && (!later.is_empty() || place.sounds <= said) => last.written,
            (_, How::Copied) => written + (at - said),
            (_, How::Replaced) => place.written,
        }
    }

    /// Where the place before this one ends in both texts.
    fn ends_before(&self, next: usize) -> (usize, usize) {
        next.checked_sub(1).map_or((0, 0), |before| (self.places[before].said, self.places[before].written))
    }
}

pub(super) struct Script {
    saying: Saying,
    written: usize,
    /// What is copied has the same bytes as the text as written.
    exact: bool,
    /// It is Chinese, which has no blanks inside: what follows one decides whether it is said.
    is_chinese: bool,
    /// Written bytes since such a blank, of which nothing else is said.
    waiting: usize,
}

impl Script {
    pub(super) fn new(length: usize, exact: bool, language: Language) -> Self {
        let saying = Saying { text: String::with_capacity(length * 2), places: Vec::new() };
        let is_chinese = matches!(language, Language::Mandarin | Language::Cantonese);
        Self { saying, written: 0, exact, is_chinese, waiting: 0 }
    }

    /// Said as it is written. Runs of blanks become one, and none within Chinese.
    pub(super) fn copy(&mut self, piece: &str) {
        let may_go = self.is_chinese && (self.waiting > 0 || self.saying.text.ends_with(is_close));
        if piece == " " && may_go {
            self.waiting += 1;
            return;
        }
        self.settle(piece);
        self.take(piece);
    }

    /// So many written bytes are said so.
    pub(super) fn write(&mut self, taken: usize, said: &str) {
        if self.waiting > 0 && said.is_empty() {
            self.waiting += taken;
            return;
        }
        self.settle(said);
        if self.is_chinese {
            self.put(taken, &without_blanks(said));
        } else {
            self.put(taken, said);
        }
    }

    /// What becomes of a blank within Chinese, now that this follows.
    fn settle(&mut self, next: &str) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting == 0 {
            return;
        }
        let goes = next.starts_with(is_close);
        if !goes {
            self.take(" ");
        }
        let left = waiting - usize::from(!goes);
        if left > 0 {
            self.put(left, "");
        }
    }

    fn take(&mut self, piece: &str) {
        let is_blank = piece.chars().all(char::is_whitespace);
        // Behind a picture at the beginning there is nothing to keep apart.
        let joins = self.saying.text.is_empty() && self.written > 0;
        if is_blank && (piece != " " || joins || self.saying.text.ends_with(' ')) {
            let blank = if joins || self.saying.text.ends_with(' ') { "" } else { " " };
            self.put(piece.len(), blank);
            return;
        }
        self.keep_apart(piece);
        self.saying.text.push_str(piece);
        self.written += piece.len();
        self.place(if self.exact { How::Copied } else { How::Replaced });
    }

    fn put(&mut self, taken: usize, said: &str) {
        let said = if self.saying.text.is_empty() || self.saying.text.ends_with(' ') {
            said.trim_start_matches(' ')
        } else {
            said
        };
        self.keep_apart(said);
        self.saying.text.push_str(said);
        self.written += taken;
        self.place(How::Replaced);
    }

    /// A blank between two words that nothing else keeps apart, and between Chinese and other letters.
    fn keep_apart(&mut self, next: &str) {
        let (Some(last), Some(first)) = (self.saying.text.chars().next_back(), next.chars().next()) else { return };
        let both = is_letter(last) && is_letter(first);
        let is_mark = |c: char| matches!(c, '\u{a01}'..='\u{a03}' | '\u{a3c}'..='\u{a51}' | '\u{a70}' | '\u{a71}' | '\u{300}'..='\u{36f}');
        if both && !(is_han(last) && is_han(first)) && !is_mark(first) {
            self.saying.text.push(' ');
            if let Some(place) = self.saying.places.last_mut()
                && place.how == How::Replaced
            {
                place.said += 1;
            } else {
                self.place(How::Replaced);
            }
        }
    }

    fn place(&mut self, how: How) {
        let text = &self.saying.text;
        let before = self.saying.places.last().map_or((0, 0), |place| (place.said, place.sounds));
        let heard = text[before.0..].trim_end_matches(|c: char| !is_letter(c)).len();
        let place = Place { said: text.len(), sounds: before.0 + heard, written: self.written, how };
        match self.saying.places.last_mut() {
            // One stretch, however many words.
            Some(last) if how == How::Copied && last.how == How::Copied => {
                *last = if heard == 0 { Place { sounds: before.1, ..place } } else { place };
            }
            _ => self.saying.places.push(place),
        }
    }

    pub(super) fn finish(mut self, folded: &Folded<'_>) -> Saying {
        self.settle("");
        for place in &mut self.saying.places {
            place.written = folded.written(place.written);
        }
        self.saying
    }
}
