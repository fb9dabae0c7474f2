//! Whether the caller said yes to a write: judged on what was heard, never on what a model claims.
//!
//! The agent must have been heard saying the moment itself, word by word, after the server proposed it, with no other day or time between it
//! and the question, and what the caller said right after that must be a yes without a reservation.

use std::ops::Range;

use jiff::civil::Date;

use super::{Outcome, Session};
use crate::agent::grounding::mention::{Mention, days_and_times};
use crate::agent::grounding::names;
use crate::agent::{Line, Who};
use crate::language::Language;
use crate::phrases::{Phrases, questions};
use crate::tokens::{self, Phrase, made_without, tokens};

/// What a caller is asked to agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Book,
    Move,
    Cancel,
    /// A message, a registration, a place on the waiting list.
    Leave,
}

/// Whether the caller said yes to this question, asked for this write by [`ask`].
pub(super) fn agreed(deed: Deed, what: &str, question: &str, named: &[String], session: &Session) -> bool {
    agreed_in(deed, what, question, named, &tokens::Phrases::default(), session)
}

/// The same; `repeated`: what is no more than the yes, said after it.
pub(super) fn agreed_in(
    deed: Deed,
    what: &str,
    question: &str,
    named: &[String],
    repeated: &tokens::Phrases,
    session: &Session,
) -> bool {
    let today = session.clinic.local(session.now).date();
    let talk = Talk { said: &session.said, language: session.language, today };
    let after = session.dealings.proposed(what);
    after.is_some_and(|after| given(deed, talk, after, question, named, repeated))
}

/// What was said in the call up to now.
#[derive(Clone, Copy)]
struct Talk<'a> {
    said: &'a [Line],
    language: Language,
    /// The clinic's date.
    today: Date,
}

/// Nothing is written: the question comes first, and again after whatever was no yes to it.
pub(super) fn ask(what: &str, question: &str, session: &Session) -> Outcome {
    session.dealings.propose(what, session.said.len());
    Outcome::told("not_confirmed", question)
}

/// `after`: lines there were when the write was proposed. `question`: the server's own, of which the last sentence says what would be
/// done. `named`: what else must have been heard, as the server wrote it: moments, a name.
fn given(
    deed: Deed,
    Talk { said, language, today }: Talk<'_>,
    after: usize,
    question: &str,
    named: &[String],
    repeated: &tokens::Phrases,
) -> bool {
    let said: Vec<&Line> = said.iter().skip(after).filter(|line| line.who != Who::System).collect();
    let answer = said.iter().rposition(|line| line.who == Who::Agent).map_or(0, |at| at + 1);
    let (before, answer) = said.split_at(answer);
    let offer = before.iter().rposition(|line| line.who == Who::Caller).map_or(0, |at| at + 1);
    let heard = |lines: &[&Line]| -> Vec<String> {
        lines.iter().flat_map(|line| tokens(line.text.reveal(), language)).collect()
    };
    let offered = heard(&before[offer..]);
    // The question comes last: a yes to anything after it is a yes to that.
    let last = Phrase::new(last_sentence(question), language);
    let asked = !last.is_empty() && offered.ends_with(last.tokens());
    let told = named.iter().all(|name| Phrase::new(name, language).position(&offered).is_some());
    let aloud: Vec<&str> = before[offer..].iter().map(|line| line.text.reveal().as_str()).collect();
    let is_meant = match deed {
        Deed::Book | Deed::Move | Deed::Cancel => !names_another(&aloud.join("\n"), named, language, today),
        // A message may name any day.
        Deed::Leave => true,
    };
    asked && told && is_meant && is_yes(deed, &heard(answer), repeated, language)
}

/// Whether another day or time was heard behind the moments that are meant: the question may be about that one.
fn names_another(aloud: &str, named: &[String], language: Language, today: Date) -> bool {
    let (words, places): (Vec<String>, Vec<Range<usize>>) = tokens::placed(aloud, language).into_iter().unzip();
    let moments: Vec<&String> = named.iter().filter(|name| !days_and_times(name, language).is_empty()).collect();
    let heard: Vec<Vec<Range<usize>>> = moments
        .iter()
        .map(|name| {
            let name = Phrase::new(name, language);
            let ends = words.windows(name.len().max(1)).enumerate().filter(|(_, said)| *said == name.tokens());
            ends.map(|(at, said)| places[at].start..places[at + said.len() - 1].end).collect()
        })
        .collect();
    let from = heard.iter().filter_map(|each| each.last()).map(|last| last.start).min().unwrap_or_default();
    let is_meant = |at: &Range<usize>| heard.iter().flatten().any(|own| own.start < at.end && at.start < own.end);
    // Of a move's two moments, parts of one said with parts of the other are a third.
    let is_said_again = |mention: &Mention| matches!(moments[..], [only] if names(only, mention, language, today));
    let mut behind = days_and_times(aloud, language).into_iter().filter(|(_, at)| at.start >= from);
    behind.any(|(mention, at)| !is_meant(&at) && !is_said_again(&mention))
}

/// What ends a sentence.
pub(super) const ENDS: [char; 7] = ['.', '?', '!', '\u{3002}', '\u{ff1f}', '\u{ff01}', '\u{964}'];

/// "Shall I book it?"
fn last_sentence(question: &str) -> &str {
    question.trim_end_matches(|c: char| ENDS.contains(&c) || c.is_whitespace()).rsplit(ENDS).next().unwrap_or_default()
}

/// A yes and nothing besides but what is repeated: whatever else is said may take it back ("okay, what about Monday"), and asking again
/// costs less than a wrong booking.
pub(super) fn is_yes(deed: Deed, said: &[String], repeated: &tokens::Phrases, language: Language) -> bool {
    let words = &Phrases::of(language).words;
    let mut rest = said;
    // 唔 hesitates, and 唔好 is a no.
    while words.yes.prefix(rest).is_none()
        && words.no.prefix(rest).is_none()
        && let Some(n) = words.hesitations.prefix(rest)
    {
        rest = &rest[n..];
    }
    let besides = besides(deed, language);
    let sets = [&words.yes, &words.backchannels, &words.hesitations, &besides, repeated];
    // 对吧 asks whether it is right.
    let made = |except| made_without(rest, &sets, except);
    words.yes.prefix(rest).is_some() && made(&words.no) && made(questions(language))
}

/// What people add to a yes without changing it: "okay, cancel it" is no yes to a booking.
fn besides(deed: Deed, language: Language) -> tokens::Phrases {
    let always: &[&str] = match language {
        Language::English => &[
            "please",
            "thanks",
            "thanks a lot",
            "thanks so much",
            "thanks very much",
            "thank you",
            "thank you so much",
            "thank you very much",
            "do it",
            "do that",
            "go ahead",
        ],
        Language::French => {
            &["s'il vous plaît", "s'il te plaît", "merci", "merci beaucoup", "merci bien", "allez-y", "faites-le"]
        }
        Language::Mandarin => &[
            "谢谢",
            "谢谢你",
            "谢谢您",
            "多谢",
            "感谢",
            "非常感谢",
            "麻烦你",
            "麻烦您",
            "麻烦你了",
            "麻烦您了",
            "拜托",
            "拜托了",
            "的",
            "吧",
            "啊",
            "呀",
        ],
        Language::Cantonese => &[
            "唔該",
            "唔該晒",
            "唔該你",
            "唔該晒你",
            "多謝",
            "多謝晒",
            "多謝你",
            "多謝晒你",
            "麻煩你",
            "麻煩晒",
            "麻煩晒你",
            "啦",
            "喇",
            "呀",
            "啊",
            "㗎",
            "㗎喇",
        ],
        Language::Punjabi => &["ਜੀ", "ਧੰਨਵਾਦ", "ਬਹੁਤ ਧੰਨਵਾਦ", "ਤੁਹਾਡਾ ਧੰਨਵਾਦ", "ਸ਼ੁਕਰੀਆ", "ਮਿਹਰਬਾਨੀ", "ਕਰ ਦਿਓ"],
    };
    let this: &[&str] = match (deed, language) {
        (Deed::Book, Language::English) => &["book it"],
        (Deed::Move, Language::English) => &["move it"],
        (Deed::Cancel, Language::English) => &["cancel it"],
        (Deed::Book, Language::French) => &["réservez"],
        (Deed::Cancel, Language::French) => &["annulez"],
        (Deed::Book, Language::Mandarin) => &["约吧"],
        (Deed::Book, Language::Cantonese) => &["約啦"],
        (Deed::Book, Language::Punjabi) => &["ਬੁੱਕ ਕਰੋ"],
        (Deed::Move, Language::French)
        | (Deed::Move | Deed::Cancel, Language::Mandarin | Language::Cantonese | Language::Punjabi)
        | (Deed::Leave, _) => &[],
    };
    tokens::Phrases::new(&[always, this].concat(), language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::Pii;

    const ASKED: &str = "That's Tuesday, November 24 at 10:15 AM with Dr. Wei Chen. Shall I book it?";

    const TODAY: Date = jiff::civil::date(2026, 11, 22);

    fn is_alone(answer: &str, language: Language) -> bool {
        is_yes(Deed::Book, &tokens(answer, language), &tokens::Phrases::default(), language)
    }

    fn judged(lines: &[(Who, &str)], after: usize) -> bool {
        let said: Vec<Line> =
            lines.iter().map(|(who, t)| Line { who: *who, text: Pii::new((*t).to_owned()), cut: false }).collect();
        let named = ["Tuesday, November 24 at 10:15 AM", "Dr. Wei Chen"].map(str::to_owned);
        let talk = Talk { said: &said, language: Language::English, today: TODAY };
        given(Deed::Book, talk, after, ASKED, &named, &tokens::Phrases::default())
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
    fn what_only_begins_like_a_yes_is_none() {
        let before = (Who::Caller, "the first one");
        for answer in [
            "I would prefer Wednesday",
            "please make it eleven",
            "okay, what about Monday",
            "good, is it with parking",
            "it is too early",
        ] {
            assert!(!judged(&[before, (Who::Agent, ASKED), (Who::Caller, answer)], 1), "{answer}");
        }
        for (language, answer) in [
            (Language::Mandarin, "要星期三的"),
            (Language::Mandarin, "可以星期三吗"),
            (Language::Cantonese, "好似星期三得唔得"),
            (Language::French, "oui mercredi"),
        ] {
            assert!(!is_alone(answer, language), "{answer}");
        }
    }

    #[test]
    fn a_yes_to_another_question_about_the_same_time_is_none() {
        let before = (Who::Caller, "cancel it");
        for asked in [
            "You have Tuesday, November 24 at 10:15 AM with Dr. Wei Chen, shall I keep it?",
            "That's Tuesday, November 24 at 10:15 AM with Dr. Wei Chen. Shall I book it? Or do you want another time?",
            "That's Tuesday, November 24 at 10:15 AM with Dr. Amrit Gill. Shall I book it?",
        ] {
            assert!(!judged(&[before, (Who::Agent, asked), (Who::Caller, "yes")], 1), "{asked}");
        }
    }

    #[test]
    fn a_yes_to_the_last_of_several_times_is_none_to_another() {
        let before = (Who::Caller, "the first one");
        let yes = (Who::Caller, "yes");
        let first = "That's Tuesday, November 24 at 10:15 AM with Dr. Wei Chen.";
        for then in [
            "Or Wednesday, November 25 at 9 AM. Shall I book it?",
            "There is 10:45 AM as well. Shall I book it?",
            "Or rather tomorrow. Shall I book it?",
        ] {
            assert!(!judged(&[before, (Who::Agent, &format!("{first} {then}")), yes], 1), "{then}");
            assert!(!judged(&[before, (Who::Agent, first), (Who::Agent, then), yes], 1), "{then}");
        }
        for lead in [
            "I also had Wednesday at nine.",
            "You already have an appointment on Tuesday, November 24 at 9 AM.",
            "Tuesday, November 24 at 10:15 AM, let me see, and not 10:45 AM.",
        ] {
            assert!(judged(&[before, (Who::Agent, &format!("{lead} {ASKED}")), yes], 1), "{lead}");
        }
        for again in ["So Tuesday at 10:15 AM.", "See you on November 24 then.", "That's in two days, at 10:15."] {
            assert!(judged(&[before, (Who::Agent, &format!("{first} {again} Shall I book it?")), yes], 1), "{again}");
        }
        for mixed in ["So Wednesday at 10:15 AM.", "Or Tuesday at 10:45 AM.", "That's tomorrow."] {
            assert!(!judged(&[before, (Who::Agent, &format!("{first} {mixed} Shall I book it?")), yes], 1), "{mixed}");
        }
        let length = format!("{first} It takes 15 minutes. Shall I book it?");
        assert!(judged(&[before, (Who::Agent, &length), yes], 1), "{length}");
    }

    #[test]
    fn a_move_names_two_moments_and_no_third() {
        let named = ["Tuesday, November 24 at 10:15 AM", "Friday, November 27 at 2 PM"].map(str::to_owned);
        let asked = "I'd move your appointment of Tuesday, November 24 at 10:15 AM to Friday, November 27 at 2 PM.";
        assert!(!names_another(asked, &named, Language::English, TODAY));
        assert!(names_another(&format!("{asked} Thursday is free too."), &named, Language::English, TODAY));
        assert!(names_another(&format!("{asked} Or Friday at 10:15 AM?"), &named, Language::English, TODAY));
        assert!(names_another(
            &asked.replace(" to Friday", ", not on Monday, to Friday"),
            &named,
            Language::English,
            TODAY
        ));
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
    fn a_yes_with_the_word_for_another_deed_is_none() {
        let yes = |deed, answer: &str, language| {
            is_yes(deed, &tokens(answer, language), &tokens::Phrases::default(), language)
        };
        for (deed, own, other) in [
            (Deed::Book, "okay, book it", "okay, cancel it"),
            (Deed::Move, "yeah, move it", "yeah, book it"),
            (Deed::Cancel, "yes, cancel it", "yes, move it"),
        ] {
            assert!(yes(deed, own, Language::English), "{own}");
            assert!(!yes(deed, other, Language::English), "{other}");
            assert!(!yes(Deed::Leave, other, Language::English), "{other}");
        }
        assert!(yes(Deed::Cancel, "oui, annulez", Language::French));
        assert!(!yes(Deed::Book, "d'accord, annulez", Language::French));
        assert!(!yes(Deed::Cancel, "好，约吧", Language::Mandarin));
        assert!(yes(Deed::Leave, "yes please, go ahead", Language::English));
    }

    #[test]
    fn a_yes_is_known_in_every_language() {
        for (language, yes, no) in [
            (Language::French, "oui s'il vous plaît", "oui mais pas mardi"),
            (Language::Mandarin, "好的", "不要"),
            (Language::Cantonese, "好唔該", "唔好"),
            (Language::Punjabi, "ਹਾਂ ਜੀ", "ਠੀਕ ਨਹੀਂ"),
        ] {
            assert!(is_alone(yes, language), "{yes}");
            assert!(!is_alone(no, language), "{no}");
        }
    }

    #[test]
    fn a_yes_with_more_than_a_plain_thanks_is_one_and_a_no_with_it_is_none() {
        for (language, yes, no) in [
            (Language::English, "yes, thank you very much", "no, thank you very much"),
            (Language::English, "yes please do", "yes please don't"),
            (Language::French, "oui merci beaucoup", "non merci beaucoup"),
            (Language::Mandarin, "好的,非常感谢", "不用,非常感谢"),
            (Language::Cantonese, "好呀,唔該晒你", "唔使喇,唔該晒你"),
            (Language::Punjabi, "ਹਾਂ ਜੀ, ਸ਼ੁਕਰੀਆ", "ਨਹੀਂ ਜੀ, ਸ਼ੁਕਰੀਆ"),
        ] {
            assert!(is_alone(yes, language), "{yes}");
            assert!(!is_alone(no, language), "{no}");
        }
    }

    #[test]
    fn a_question_back_is_no_yes_and_giving_in_is_one() {
        for (language, asked) in [
            (Language::Mandarin, "对吧"),
            (Language::Mandarin, "是吧"),
            (Language::Mandarin, "嗯,对吧,谢谢"),
            (Language::Cantonese, "係咪呀"),
        ] {
            assert!(!is_alone(asked, language), "{asked}");
        }
        for yes in ["好吧", "行吧", "对,好吧", "可以吧"] {
            assert!(is_alone(yes, Language::Mandarin), "{yes}");
        }
    }

    #[test]
    fn a_yes_in_chinese_may_thank_and_end_in_a_particle() {
        for (language, yes) in [
            (Language::Mandarin, "好的,谢谢您"),
            (Language::Mandarin, "好,麻烦你了"),
            (Language::Mandarin, "要的"),
            (Language::Mandarin, "嗯"),
            (Language::Cantonese, "好呀,唔該晒"),
            (Language::Cantonese, "好啦,多謝你"),
            (Language::Cantonese, "係喇"),
            (Language::Cantonese, "得㗎"),
            (Language::Cantonese, "冇問題"),
        ] {
            assert!(is_alone(yes, language), "{yes}");
        }
        for (language, no) in [
            (Language::Mandarin, "好不好啊"),
            (Language::Mandarin, "不用,谢谢您"),
            (Language::Cantonese, "唔使喇,唔該晒"),
            (Language::Cantonese, "好唔好呀"),
        ] {
            assert!(!is_alone(no, language), "{no}");
        }
    }
}
