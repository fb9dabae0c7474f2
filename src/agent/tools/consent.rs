//! Whether the caller said yes to a write: judged on what was heard, never on what a model claims.
//!
//! The agent must have been heard saying the moment itself, word by word, after the server proposed it, and what the caller said right
//! after that must be a yes without a reservation.

use crate::agent::{Line, Who};
use crate::language::Language;
use crate::phrases::Phrases;
use crate::tokens::{Phrase, tokens};

/// `after`: lines there were when the write was proposed. `moments`: what must have been heard, as the server wrote it.
pub(super) fn given(said: &[Line], after: usize, moments: &[String], language: Language) -> bool {
    let said: Vec<&Line> = said.iter().skip(after).filter(|line| line.who != Who::System).collect();
    let answer = said.iter().rposition(|line| line.who == Who::Agent).map_or(0, |at| at + 1);
    let (before, answer) = said.split_at(answer);
    let offer = before.iter().rposition(|line| line.who == Who::Caller).map_or(0, |at| at + 1);
    let heard = |lines: &[&Line]| -> Vec<String> {
        lines.iter().flat_map(|line| tokens(line.text.reveal(), language)).collect()
    };
    let offered = heard(&before[offer..]);
    let told = moments.iter().all(|moment| Phrase::new(moment, language).position(&offered).is_some());
    told && !moments.is_empty() && is_yes(&heard(answer), language)
}

fn is_yes(said: &[String], language: Language) -> bool {
    let words = &Phrases::of(language).words;
    let mut rest = said;
    // 唔 hesitates, and 唔好 is a no.
    while words.yes.prefix(rest).is_none()
        && words.no.prefix(rest).is_none()
        && let Some(n) = words.hesitations.prefix(rest)
    {
        rest = &rest[n..];
    }
    words.yes.prefix(rest).is_some() && !words.no.found_in(rest) && !rest.iter().any(|word| reserves(word, language))
}

/// A word after which a yes is none: "yes, but not at ten". As tokens, so Chinese ones are single and simplified.
fn reserves(word: &str, language: Language) -> bool {
    let words: &[&str] = match language {
        Language::English => &["but", "not", "wait", "actually", "instead", "dont", "cant", "if", "or"],
        Language::French => &["mais", "pas", "plutot", "attendez", "sauf", "si", "ou"],
        Language::Mandarin => &["但", "不", "等", "换", "别"],
        Language::Cantonese => &["但", "不", "等", "换", "定"],
        Language::Punjabi => &["ਪਰ", "ਨਹੀਂ", "ਨਾ", "ਰੁਕੋ", "ਜੇ"],
    };
    words.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::Pii;

    const ASKED: &str = "That's Tuesday, November 24 at 10:15 AM with Dr. Wei Chen. Shall I book it?";

    fn judged(lines: &[(Who, &str)], after: usize) -> bool {
        let said: Vec<Line> =
            lines.iter().map(|(who, t)| Line { who: *who, text: Pii::new((*t).to_owned()), cut: false }).collect();
        given(&said, after, &["Tuesday, November 24 at 10:15 AM".to_owned()], Language::English)
    }

    #[test]
    fn a_yes_right_after_the_moment_was_heard_counts() {
        let before = (Who::Caller, "the first one");
        for yes in ["yes", "um yes please", "sure, go ahead", "that's right, book it"] {
            assert!(judged(&[before, (Who::Agent, ASKED), (Who::Caller, yes)], 1), "{yes}");
        }
        assert!(judged(&[before, (Who::Agent, "One moment."), (Who::Agent, ASKED), (Who::Caller, "yes")], 1));
    }

    #[test]
    fn no_reservation_silence_or_another_question_is_a_yes() {
        let before = (Who::Caller, "the first one");
        for answer in ["no", "yes but not with her", "what about Monday", "yes wait", "hmm", ""] {
            assert!(!judged(&[before, (Who::Agent, ASKED), (Who::Caller, answer)], 1), "{answer}");
        }
        assert!(!judged(&[before, (Who::Agent, ASKED)], 1));
        // Said before the server proposed it.
        assert!(!judged(&[(Who::Agent, ASKED), (Who::Caller, "yes")], 2));
        // Cut off before the time, or another time.
        assert!(!judged(&[before, (Who::Agent, "That's Tuesday, November 24 at"), (Who::Caller, "yes")], 1));
        let other = ASKED.replace("10:15", "10:45");
        assert!(!judged(&[before, (Who::Agent, &other), (Who::Caller, "yes")], 1));
        // The yes answers what was asked after that.
        let lines = [
            before,
            (Who::Agent, ASKED),
            (Who::Caller, "is there parking"),
            (Who::Agent, "Yes. Anything else?"),
            (Who::Caller, "yes"),
        ];
        assert!(!judged(&lines, 1));
    }

    #[test]
    fn a_yes_is_known_in_every_language() {
        for (language, yes, no) in [
            (Language::French, "oui s'il vous plaît", "oui mais pas mardi"),
            (Language::Mandarin, "好的", "不要"),
            (Language::Cantonese, "好唔該", "唔好"),
            (Language::Punjabi, "ਹਾਂ ਜੀ", "ਠੀਕ ਨਹੀਂ"),
        ] {
            assert!(is_yes(&tokens(yes, language), language), "{yes}");
            assert!(!is_yes(&tokens(no, language), language), "{no}");
        }
    }
}
