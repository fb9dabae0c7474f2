//! Danger to life in a caller's words, found before any model is asked and in all five languages at once.
//!
//! Pure, and meant to run on partial words too. It errs towards alarm: "no chest pain" is one. It never gives advice beyond
//! whom to dial, and never looks at more than words: numbers inside a longer number ("604 911 2233") are no call for help.

use super::Phrases;
use crate::agent::digits::digit;
use crate::language::Language;
use crate::tokens::{self, tokens};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Emergency {
    /// Dial 911.
    Medical,
    /// Danger to oneself: 911, and 9-8-8 to talk.
    Crisis,
}

impl Emergency {
    /// What the caller is told at once.
    pub fn words(self, language: Language) -> &'static str {
        let phrases = Phrases::of(language);
        match self {
            Self::Medical => phrases.emergency(),
            Self::Crisis => phrases.crisis(),
        }
    }
}

/// Looks for danger in what a caller said, whatever language the call is in.
pub fn emergency(text: &str) -> Option<Emergency> {
    let found = |set: fn(&Phrases) -> &tokens::Phrases| {
        Language::ALL.into_iter().any(|language| {
            let said = tokens(text, language);
            set(Phrases::of(language)).iter().any(|phrase| alone(phrase, &said, language))
        })
    };
    if found(|p| &p.words.crises) {
        Some(Emergency::Crisis)
    } else if found(|p| &p.words.emergencies) {
        Some(Emergency::Medical)
    } else {
        None
    }
}

/// The phrase is in `said`; if it is a number, no digit stands beside it.
fn alone(phrase: &tokens::Phrase, said: &[String], language: Language) -> bool {
    let number = phrase.tokens().iter().all(|t| digit(t, language).is_some());
    let is_digit = |at: Option<usize>| {
        at.and_then(|i| said.get(i))
            .is_some_and(|t| digit(t, language).is_some() || digit(t, Language::English).is_some())
    };
    (0..said.len()).any(|at| {
        phrase.starts(&said[at..]) && !(number && (is_digit(at.checked_sub(1)) || is_digit(Some(at + phrase.len()))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_is_heard_in_five_languages() {
        for text in [
            "I have chest pain",
            "she can't breathe!",
            "should I call 911",
            "nine one one please",
            "我胸痛",
            "我爸爸昏迷了",
            "我心口痛",
            "佢唞唔到氣",
            "ਮੇਰੀ ਛਾਤੀ ਵਿੱਚ ਦਰਦ ਹੈ",
            "j'ai une douleur à la poitrine",
            "il n'arrive plus à respirer",
        ] {
            assert_eq!(emergency(text), Some(Emergency::Medical), "{text}");
        }
        for text in ["I want to kill myself", "我不想活了", "je pense au suicide"] {
            assert_eq!(emergency(text), Some(Emergency::Crisis), "{text}");
        }
    }

    #[test]
    fn everyday_words_and_telephone_numbers_are_no_alarm() {
        for text in [
            "my number is 604 911 2233",
            "six oh four nine one one two two three three",
            "what are your hours",
            "I have a cold",
            "你们几点开门",
            "quelles sont vos heures d'ouverture",
            "ਤੁਸੀਂ ਕਦੋਂ ਖੁੱਲ੍ਹਦੇ ਹੋ",
            "电话是六零四九一一二二三三",
        ] {
            assert_eq!(emergency(text), None, "{text}");
        }
    }
}
