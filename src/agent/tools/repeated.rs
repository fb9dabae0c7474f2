//! A message said again: whether two texts are the same words, and what a caller who says yes may repeat of it.
//!
//! Pure. Texts are compared without their layout and never kept so. What is repeated must be whole sentences: a part may say the opposite
//! ("do not call my wife").

use super::consent::{Deed, ENDS, is_yes};
use crate::language::Language;
use crate::phrases::Phrases;
use crate::tokens::{self, Phrase, is_han};

/// A text without capitals, blanks too many and punctuation, but for what may be part of a number: "1.5" is not "15".
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut before = ' ';
    let mut is_parted = false;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let is_of_number = sign.is_ascii() && !before.is_alphabetic() && signs.peek().is_some_and(|c| c.is_numeric());
        before = sign;
        if sign.is_whitespace() || (is_mark(sign) && !is_of_number) {
            is_parted = true;
            continue;
        }
        // Chinese is written without blanks.
        if std::mem::take(&mut is_parted) && !is_han(sign) && plain.chars().next_back().is_some_and(|c| !is_han(c)) {
            plain.push(' ');
        }
        plain.extend(sign.to_lowercase());
    }
    plain
}

/// What is written and not said. A percent, a dollar and a plus are said.
const fn is_mark(sign: char) -> bool {
    matches!(
        sign,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '"'
            | '\''
            | '('
            | ')'
            | '-'
            | '\u{ab}'
            | '\u{bb}'
            | '\u{964}'
            | '\u{965}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2018}'..='\u{201f}'
            | '\u{2026}'
            | '\u{3001}'
            | '\u{3002}'
            | '\u{300c}'..='\u{300f}'
            | '\u{ff01}'
            | '\u{ff08}'
            | '\u{ff09}'
            | '\u{ff0c}'
            | '\u{ff1a}'
            | '\u{ff1b}'
            | '\u{ff1f}'
    )
}

/// What may follow a yes to passing this message on: what was asked, and the message, said again.
pub(super) fn with_message(text: &str, language: Language) -> tokens::Phrases {
    let (deeds, leads) = asked(language);
    let words = &Phrases::of(language).words;
    let sentences = std::iter::once(text).chain(text.split(ENDS)).filter(|sentence| {
        let said = Phrase::new(sentence, language);
        // What takes a yes back does so though the message begins like it.
        let is_interruption = words.interruptions.prefix(said.tokens()) == Some(said.len());
        said.len() > 1 && words.no.prefix(said.tokens()).is_none() && !is_interruption
    });
    let said = sentences.flat_map(|sentence| {
        let led = leads.iter().map(move |lead| format!("{lead} {sentence}"));
        std::iter::once(sentence.to_owned()).chain(led)
    });
    let all: Vec<String> = deeds.iter().map(|deed| (*deed).to_owned()).chain(said).collect();
    tokens::Phrases::new(&all, language)
}

/// Whether this is a yes to passing the message on, or, without one, to an offer.
pub(in crate::agent) fn agrees(said: &[String], message: &str, language: Language) -> bool {
    is_yes(Deed::Leave, said, &with_message(message, language), language)
}

/// What was asked, as an answer, and what stands only before the message itself.
const fn asked(language: Language) -> (&'static [&'static str], &'static [&'static str]) {
    match language {
        Language::English => (
            &[
                "tell them",
                "let them know",
                "pass it on",
                "pass that on",
                "pass it along",
                "pass that along",
                "send it",
                "pass that message to the clinic",
                "pass that message on",
                "pass the message on",
                "you can",
                "you may",
            ],
            &["that", "tell them that", "let them know that"],
        ),
        Language::French => (
            &[
                "dites-leur",
                "dites-le-leur",
                "transmettez",
                "transmettez-le",
                "transmettez ce message",
                "transmettez ce message à la clinique",
                "transmettez le message",
                "vous pouvez",
            ],
            &["que", "qu'", "dites-leur que", "dites-leur qu'"],
        ),
        Language::Mandarin => (
            &[
                "转告他们",
                "请转告他们",
                "帮我转告",
                "请帮我转告",
                "告诉他们",
                "请告诉他们",
                "转给诊所",
                "请转给诊所",
                "帮我转给诊所",
                "转吧",
            ],
            &[],
        ),
        Language::Cantonese => (
            &[
                "話俾佢哋知",
                "話畀佢哋知",
                "話俾佢哋聽",
                "話畀佢哋聽",
                "幫我轉達",
                "同佢哋講",
                "轉俾診所",
                "幫我轉俾診所",
                "轉啦",
            ],
            &[],
        ),
        Language::Punjabi => (
            &["ਦੱਸ ਦਿਓ", "ਉਨ੍ਹਾਂ ਨੂੰ ਦੱਸ ਦਿਓ", "ਦੇ ਦਿਓ", "ਕਲੀਨਿਕ ਨੂੰ ਦੇ ਦਿਓ", "ਸੁਨੇਹਾ ਦੇ ਦਿਓ", "ਇਹ ਸੁਨੇਹਾ ਕਲੀਨਿਕ ਨੂੰ ਦੇ ਦਿਓ"],
            &["ਕਿ", "ਦੱਸ ਦਿਓ ਕਿ", "ਉਨ੍ਹਾਂ ਨੂੰ ਦੱਸ ਦਿਓ ਕਿ"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_however_they_are_laid_out() {
        for (first, then) in [
            ("please call me", " Please,  call me."),
            ("I need my prescription. It's urgent!", "i need my prescription, it\u{2019}s urgent"),
            ("follow-up on Monday", "follow up on monday"),
            ("请回电,谢谢", "请回电,谢谢。"),
            ("请回电 谢谢", "请回电谢谢"),
            ("ਮੈਨੂੰ ਫ਼ੋਨ ਕਰੋ।", "ਮੈਨੂੰ ਫ਼ੋਨ ਕਰੋ"),
            ("rappelez-moi, s'il vous plaît", "Rappelez-moi s'il vous plaît."),
        ] {
            assert_eq!(plain(first), plain(then), "{first}");
        }
    }

    #[test]
    fn other_words_and_other_numbers_are_another_message() {
        for (first, then) in [
            ("please call me", "please call him"),
            ("I take 1.5 mg", "I take 15 mg"),
            ("I take 1.5 mg", "I take 1 5 mg"),
            ("at 9:30", "at 930"),
            ("it was -5", "it was 5"),
            ("we're here", "were here"),
            ("5%", "5"),
            ("pêche", "péché"),
            ("ਸੱਤ", "ਸਤ"),
        ] {
            assert_ne!(plain(first), plain(then), "{first}");
        }
    }
}
