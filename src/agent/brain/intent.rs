//! What a caller wants, in one utterance, by comparison with paraphrases.
//!
//! Pure. `Foreign` is a wish it recognises and must not serve (an appointment, a price); `Unclear` is anything it cannot place.
//! Neither is ever answered with a fact.

use serde::{Deserialize, Serialize};

use super::classifier::{self, Classifier};
use super::lexicon::Lexicon;
use crate::language::Language;
use crate::phrases::{Phrases, asks_back, only_asks_back, only_hesitates};
use crate::tokens::{made_without, tokens};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    Hours,
    Address,
    Parking,
    Directions,
    Message,
    Person,
    Goodbye,
    Greeting,
    Repeat,
    Yes,
    No,
    Thanks,
    Phone,
    Languages,
    Providers,
    Robot,
    Foreign,
    Unclear,
}

impl Intent {
    /// The topic of `clinic_info` that answers it.
    pub const fn topic(self) -> Option<&'static str> {
        match self {
            Self::Hours => Some("hours"),
            Self::Address => Some("address"),
            Self::Parking => Some("parking"),
            Self::Directions => Some("directions"),
            Self::Phone => Some("phone"),
            Self::Providers => Some("providers"),
            Self::Languages => Some("languages"),
            Self::Message
            | Self::Person
            | Self::Goodbye
            | Self::Greeting
            | Self::Repeat
            | Self::Yes
            | Self::No
            | Self::Thanks
            | Self::Robot
            | Self::Foreign
            | Self::Unclear => None,
        }
    }

    /// Politeness around a wish: said with one, it is not the wish.
    const fn is_manners(self) -> bool {
        matches!(self, Self::Greeting | Self::Thanks | Self::Yes | Self::No | Self::Unclear)
    }
}

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    pub intent: Intent,
    /// What a caller who asked for a fact wants besides, in the same breath: another fact, or to leave a message.
    pub also: Option<Intent>,
    /// For hours: the day, as `clinic_info` takes it.
    pub day: Option<String>,
}

impl Understood {
    const fn only(intent: Intent) -> Self {
        Self { intent, also: None, day: None }
    }
}

/// Understands one utterance, as a recogniser wrote it.
pub fn understand(text: &str, language: Language) -> Understood {
    understand_by(classifier::trained(language), text, language)
}

/// The same by a classifier of one's own.
pub(super) fn understand_by(classifier: &Classifier, text: &str, language: Language) -> Understood {
    let said = tokens(text, language);
    if said.is_empty() {
        return Understood::only(Intent::Unclear);
    }
    if let Some(answer) = polarity(text, language) {
        return Understood::only(answer);
    }
    if only_asks_back(&said, language) || only_hesitates(&said, language) {
        return Understood::only(Intent::Unclear);
    }
    let mut wanted = intents(classifier, text, language);
    let intent = match wanted.remove(0) {
        Intent::Yes if asks_back(&said, language) => Intent::Unclear,
        intent => intent,
    };
    let follows = |other: &Intent| *other != intent && (other.topic().is_some() || *other == Intent::Message);
    let also = wanted.into_iter().find(|other| intent.topic().is_some() && follows(other));
    let asks_hours = intent == Intent::Hours || also == Some(Intent::Hours);
    let day = asks_hours.then(|| day(&said, language)).flatten();
    Understood { intent, also, day }
}

/// A yes or a no and nothing else. Who only hesitates, or asks back, has said neither.
pub(super) fn polarity(text: &str, language: Language) -> Option<Intent> {
    let said = tokens(text, language);
    let words = &Phrases::of(language).words;
    let is_yes = made_without(&said, &[&words.yes], &words.no);
    if asks_back(&said, language) || only_hesitates(&said, language) {
        return None;
    }
    // 嗯 hesitates too, 冇錯 is more than 冇, and 得唔得 asks.
    if !is_yes && made_without(&said, &[&words.no, &words.hesitations], &words.yes) {
        Some(Intent::No)
    } else if is_yes || made_without(&said, &[&words.yes, &words.hesitations], &words.no) {
        Some(Intent::Yes)
    } else {
        None
    }
}

/// Those with words in them.
pub(super) fn sentences(text: &str, language: Language) -> impl Iterator<Item = &str> {
    text.split(['.', '?', '!', '。', '\u{ff1f}', '\u{ff01}', '।', ';']).filter(move |s| !tokens(s, language).is_empty())
}

/// What each sentence wants, without the manners around it unless there is nothing else; never empty.
fn intents(classifier: &Classifier, text: &str, language: Language) -> Vec<Intent> {
    let each: Vec<Intent> = sentences(text, language).flat_map(|s| classifier.intents(s, language)).collect();
    let wishes: Vec<Intent> = each.iter().copied().filter(|i| !i.is_manners()).collect();
    match (wishes.is_empty(), each.first()) {
        (false, _) => wishes,
        // "Thank you. Bye." and the like: the last one decides.
        (true, Some(_)) => each.last().copied().into_iter().collect(),
        (true, None) => vec![Intent::Unclear],
    }
}

/// "Are you open?" without a day means now.
fn day(said: &[String], language: Language) -> Option<String> {
    if let Some(day) = Lexicon::of(language).day(said) {
        return Some(day.to_owned());
    }
    if language != Language::English {
        return None;
    }
    let has = |words: &[&str]| said.iter().any(|t| words.contains(&t.as_str()));
    let asks_when = has(&[
        "when", "what", "whats", "hours", "ours", "time", "times", "days", "until", "till", "late", "early", "lunch",
        "evening", "evenings",
    ]);
    let is_open = has(&["are", "is", "you", "youre"]) && has(&["open", "closed", "shut"]);
    (is_open && !asks_when).then(|| "now".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_yes_no_or_question_is_told_apart_by_its_longest_words() {
        for (language, text, answer) in [
            (Language::Mandarin, "嗯", Some(Intent::Yes)),
            (Language::Mandarin, "没错", Some(Intent::Yes)),
            (Language::Mandarin, "嗯,不用", Some(Intent::No)),
            (Language::Mandarin, "对不对", None),
            (Language::Cantonese, "嗯", Some(Intent::Yes)),
            (Language::Cantonese, "冇錯", Some(Intent::Yes)),
            (Language::Cantonese, "冇", Some(Intent::No)),
            (Language::Cantonese, "嗯,唔使", Some(Intent::No)),
            (Language::Cantonese, "得唔得", None),
            (Language::Cantonese, "係唔係", None),
        ] {
            assert_eq!(polarity(text, language), answer, "{text}");
        }
    }

    #[test]
    fn who_only_hesitates_has_said_neither_yes_nor_no() {
        for (language, sound, no) in [
            (Language::English, "um", "um, no"),
            (Language::English, "Uh...", "uh nope"),
            (Language::English, "hmm, er", "hmm, not really"),
            (Language::French, "euh", "euh, non merci"),
            (Language::Mandarin, "呃", "呃,不用"),
            (Language::Mandarin, "那个", "那个,不是"),
            (Language::Cantonese, "即係", "即係,唔使"),
            (Language::Punjabi, "ਮਤਲਬ", "ਮਤਲਬ, ਨਹੀਂ ਜੀ"),
        ] {
            assert_eq!(polarity(sound, language), None, "{sound}");
            assert_eq!(understand(sound, language).intent, Intent::Unclear, "{sound}");
            assert_eq!(polarity(no, language), Some(Intent::No), "{no}");
        }
        assert_eq!(polarity("um, yes", Language::English), Some(Intent::Yes));
        assert_eq!(polarity("uh uh", Language::English), Some(Intent::No));
    }

    #[test]
    fn who_asks_back_whether_it_is_right_has_not_said_yes() {
        for (language, asked) in [
            (Language::Mandarin, "对吧"),
            (Language::Mandarin, "嗯,是吧?"),
            (Language::Mandarin, "是吗"),
            (Language::Cantonese, "係咪呀"),
            (Language::Punjabi, "ਠੀਕ ਹੈ ਨਾ"),
            (Language::English, "okay, is that right?"),
        ] {
            assert_eq!(polarity(asked, language), None, "{asked}");
            assert_eq!(understand(asked, language).intent, Intent::Unclear, "{asked}");
        }
    }
}
