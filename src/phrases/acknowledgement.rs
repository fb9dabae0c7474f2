//! What a few words over the agent's voice mean: go on, an answer, stop, or something said.
//!
//! Pure. "Yes" is an answer while a yes or no is awaited and an acknowledgement otherwise; "no" is never an acknowledgement.

use super::Phrases;
use crate::agent::ExpectKind;
use crate::language::Language;
use crate::tokens::{made_of, made_without, tokens};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// "Uh-huh", "um", nothing at all: the agent goes on.
    Backchannel,
    /// The yes or no that was asked for.
    Answer,
    /// "Wait": the agent stops and listens.
    Interrupt,
    /// Anything else.
    Words,
}

/// Classifies what was heard so far while the agent was speaking, or just after. `kind` is what the agent's utterance asks.
pub fn acknowledgement(text: &str, language: Language, kind: ExpectKind) -> Acknowledgement {
    let words = &Phrases::of(language).words;
    let all = tokens(text, language);
    // 嗯 hesitates, and says yes to who asks.
    if kind == ExpectKind::YesNo && made_of(&all, &[&words.yes]) {
        return Acknowledgement::Answer;
    }
    let mut said = all.as_slice();
    while let Some(n) = words.hesitations.prefix(said)
        && words.no.prefix(said).is_none()
        // 唔 hesitates, 唔該 thanks.
        && words.backchannels.prefix(said).is_none_or(|thanks| thanks <= n)
    {
        said = &said[n..];
    }
    if said.is_empty() {
        return Acknowledgement::Backchannel;
    }
    if words.interruptions.prefix(said).is_some() {
        return Acknowledgement::Interrupt;
    }
    let acknowledging = [&words.backchannels, &words.yes, &words.hesitations];
    match kind {
        ExpectKind::YesNo => {
            let answers = [&words.yes, &words.no, &words.hesitations, &words.backchannels];
            let sounds = [&words.backchannels, &words.hesitations];
            let only_sounds = made_without(said, &sounds, &words.no) && !is_yes(said, language);
            if only_sounds {
                Acknowledgement::Backchannel
            } else if made_of(said, &answers) {
                Acknowledgement::Answer
            } else {
                Acknowledgement::Words
            }
        }
        ExpectKind::Free
        | ExpectKind::Name
        | ExpectKind::Phone
        | ExpectKind::BirthDate
        | ExpectKind::Card
        | ExpectKind::Spelling
        | ExpectKind::Digits
        | ExpectKind::Nothing => {
            if made_without(said, &acknowledging, &words.no) {
                Acknowledgement::Backchannel
            } else {
                Acknowledgement::Words
            }
        }
    }
}

/// Whether words that are none yet may become an acknowledgement with the next one: "thank" of "thank you".
pub fn begins_acknowledgement(text: &str, language: Language, kind: ExpectKind) -> bool {
    let words = &Phrases::of(language).words;
    let all = tokens(text, language);
    let acknowledging: &[&crate::tokens::Phrases] = match kind {
        // With a yes or no awaited, whatever begins like one is one.
        ExpectKind::YesNo => &[&words.backchannels, &words.hesitations],
        ExpectKind::Free
        | ExpectKind::Name
        | ExpectKind::Phone
        | ExpectKind::BirthDate
        | ExpectKind::Card
        | ExpectKind::Spelling
        | ExpectKind::Digits
        | ExpectKind::Nothing => &[&words.backchannels, &words.yes, &words.hesitations],
    };
    // The first few words may be acknowledgements of their own: "okay, thank".
    (0..all.len()).any(|from| {
        let (whole, begun) = all.split_at(from);
        let begins = acknowledging.iter().any(|phrases| phrases.continue_from(begun));
        begins && (whole.is_empty() || made_without(whole, acknowledging, &words.no))
    })
}

fn is_yes(said: &[String], language: Language) -> bool {
    Phrases::of(language).words.yes.found_in(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Acknowledgement::{Answer, Backchannel, Interrupt, Words};

    fn free(text: &str, language: Language) -> Acknowledgement {
        acknowledgement(text, language, ExpectKind::Nothing)
    }

    #[test]
    fn acknowledgements_in_five_languages_do_not_interrupt() {
        for (text, language) in [
            ("Uh-huh.", Language::English),
            ("mm-hmm, okay", Language::English),
            ("yeah yeah", Language::English),
            ("Um...", Language::English),
            ("嗯嗯", Language::Mandarin),
            ("好的,对对对", Language::Mandarin),
            ("係呀", Language::Cantonese),
            ("ਹਾਂਜੀ", Language::Punjabi),
            ("ਹਾਂ ਜੀ ਠੀਕ ਹੈ", Language::Punjabi),
            ("Ouais, d'accord.", Language::French),
            ("", Language::English),
        ] {
            assert_eq!(free(text, language), Backchannel, "{text}");
        }
    }

    #[test]
    fn a_lone_yes_is_an_answer_only_after_a_question() {
        for (text, language) in [
            ("yes", Language::English),
            ("Um, yeah.", Language::English),
            ("yes please", Language::English),
            ("是的", Language::Mandarin),
            ("係", Language::Cantonese),
            ("ਹਾਂਜੀ", Language::Punjabi),
            ("Oui.", Language::French),
        ] {
            assert_eq!(acknowledgement(text, language, ExpectKind::YesNo), Answer, "{text}");
            assert_eq!(free(text, language), Backchannel, "{text}");
        }
    }

    #[test]
    fn a_no_is_an_answer_or_words_but_never_an_acknowledgement() {
        for (text, language) in [
            ("No.", Language::English),
            ("不是", Language::Mandarin),
            ("唔係", Language::Cantonese),
            ("ਨਹੀਂ", Language::Punjabi),
            ("non", Language::French),
        ] {
            assert_eq!(acknowledgement(text, language, ExpectKind::YesNo), Answer, "{text}");
            assert_eq!(free(text, language), Words, "{text}");
        }
    }

    #[test]
    fn interruptions_interrupt_whatever_follows() {
        for (text, language) in [
            ("Stop.", Language::English),
            ("um wait, that's not", Language::English),
            ("hold on a second", Language::English),
            ("等一下", Language::Mandarin),
            ("等陣", Language::Cantonese),
            ("ਰੁਕੋ", Language::Punjabi),
            ("attendez", Language::French),
        ] {
            assert_eq!(free(text, language), Interrupt, "{text}");
            assert_eq!(acknowledgement(text, language, ExpectKind::YesNo), Interrupt, "{text}");
        }
    }

    #[test]
    fn a_yes_or_no_made_of_sounds_is_an_answer() {
        assert_eq!(acknowledgement("uh uh", Language::English, ExpectKind::YesNo), Answer);
        assert_eq!(acknowledgement("嗯", Language::Mandarin, ExpectKind::YesNo), Answer);
        assert_eq!(acknowledgement("uh", Language::English, ExpectKind::YesNo), Backchannel);
    }

    #[test]
    fn an_acknowledgement_that_begins_like_a_hesitation_is_one() {
        assert_eq!(free("唔該", Language::Cantonese), Backchannel);
        assert_eq!(free("嗯唔該", Language::Cantonese), Backchannel);
    }

    #[test]
    fn words_are_words() {
        assert_eq!(free("yes I want to leave a message", Language::English), Words);
        assert_eq!(acknowledgement("yes but my number is wrong", Language::English, ExpectKind::YesNo), Words);
        assert_eq!(free("几点开门", Language::Mandarin), Words);
    }
}
