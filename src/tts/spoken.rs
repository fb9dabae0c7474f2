//! What a voice is given to say: a text as it is spoken, and where each of its words stands in the text as it was written.
//!
//! Pure. Numbers, times, dates, money, telephone and card numbers, addresses, e-mail and units become words of the language, marks of
//! layout and pictures go, and a clinic's own words are said as its lexicon says. The call keeps the text as written: transcripts,
//! history and the heard cursor never see this one. Places are bytes. What each language says stands in its own file; what is
//! recognised, in the others. Decisions are in docs/decisions.md, examples in tests/corpus/spoken.

mod address;
mod chinese;
mod code;
mod date;
mod english;
mod fold;
mod french;
mod half;
mod length;
pub mod lexicon;
mod markup;
mod money;
mod number;
mod phone;
mod punjabi;
mod scan;
mod script;
mod symbol;
mod time;
mod tongue;
mod unit;
pub mod voice;
mod web;

pub use lexicon::Lexicon;
pub(crate) use punjabi::{MONTHS as PUNJABI_MONTHS, NAMES as PUNJABI_NUMBERS};
pub use script::Saying;

use crate::language::Language;
use scan::{is_han, is_letter};
use script::Script;
use tongue::Tongue;

/// What a rule may look at, in bytes: more than any number, address or name of a place needs.
const AHEAD: usize = 240;
const BEHIND: usize = 120;

/// So many bytes of the text are said so.
type Said = Option<(usize, String)>;

/// A text as a voice is to say it.
pub fn say(text: &str, language: Language, lexicon: &Lexicon) -> Saying {
    let folded = fold::fold(text);
    let plain: &str = folded.text.as_ref();
    let tongue = tongue::of(language);
    let mut script = Script::new(text.len(), folded.is_exact(), language);
    let mut at = 0;
    while at < plain.len() {
        let before = scan::tail(&plain[..at], BEHIND);
        let rest = scan::head(&plain[at..], AHEAD);
        let own = lexicon.at(before, rest, language).or_else(|| titled(before, rest, language, lexicon));
        match own.or_else(|| rule(before, rest, tongue)) {
            Some((taken, said)) => {
                script.write(taken, &said);
                at += taken;
            }
            None => {
                let taken = as_written(rest);
                script.copy(&rest[..taken]);
                at += taken;
            }
        }
    }
    script.finish(&folded)
}

/// An English name with its title, in Chinese.
fn titled(before: &str, rest: &str, language: Language, lexicon: &Lexicon) -> Said {
    let (taken, name, title) =
        chinese::titled(rest, language).filter(|_| scan::starts_word(before, rest) && !address::has_house(before))?;
    let blank = if title.is_empty() { "" } else { " " };
    Some((taken, format!("{}{blank}{title}", lexicon.name(name, language))))
}

/// The first rule that knows what stands here.
fn rule(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    if let Some(said) = markup::at(before, rest) {
        return Some(said);
    }
    if scan::starts_word(before, rest) {
        let found = web::at(rest, tongue)
            .or_else(|| phone::at(before, rest, tongue))
            .or_else(|| date::at(rest, tongue))
            .or_else(|| time::at(rest, tongue))
            .or_else(|| address::at(before, rest, tongue))
            .or_else(|| tongue.own(before, rest))
            .or_else(|| money::at(before, rest, tongue))
            .or_else(|| code::at(rest, tongue))
            .or_else(|| number::at(before, rest, tongue));
        if found.is_some() {
            return found;
        }
    }
    symbol::at(before, rest, tongue)
}

/// Bytes that are said as they are written: a word, or one character.
fn as_written(rest: &str) -> usize {
    let first = rest.chars().next().map_or(1, char::len_utf8);
    let word = rest.find(|c: char| !is_letter(c) || is_han(c)).unwrap_or(rest.len());
    word.max(first)
}
