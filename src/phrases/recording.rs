//! Whether a caller refuses to be recorded. Decided on words, outside any model: the law asks for no less.
//!
//! Only asked while a call is recorded. In doubt it is a refusal: that costs a recording, and the other mistake a caller's right. But
//! who speaks of a medical record, of a visit that was not recorded, or of talking to "a recording" refuses nothing.

mod chinese;
mod english;
mod french;
mod punjabi;

use crate::language::Language;

/// What was said with a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing: no model need be asked.
    Alone,
    /// Something else, or a question: it is to be answered as well.
    AndMore,
}

/// Where one thing that is said ends and the next may begin.
const ENDS: [char; 14] = ['.', ',', ';', ':', '?', '!', '…', '—', '。', '，', '；', '？', '！', '।'];
/// Courtesies around a refusal are shorter than this, in words or Chinese characters.
const MORE: usize = 4;

/// "Don't record", "please stop the recording", "je ne veux pas être enregistré".
pub fn refuses_recording(text: &str, language: Language) -> Option<Refusal> {
    let text = text.to_lowercase().replace('’', "'");
    let refuses: fn(&str) -> bool = match language {
        Language::English => english::refuses,
        Language::French => french::refuses,
        Language::Mandarin | Language::Cantonese => chinese::refuses,
        Language::Punjabi => punjabi::refuses,
    };
    let clauses = || text.split(ENDS).map(str::trim).filter(|clause| !clause.is_empty());
    let length = |clause: &str| match language {
        Language::Mandarin | Language::Cantonese => clause.chars().filter(|c| c.is_alphanumeric()).count(),
        Language::English | Language::French | Language::Punjabi => clause.split_whitespace().count(),
    };
    let refused = clauses().any(refuses);
    let is_spoken_of = clauses().any(|clause| speaks_of_it(clause, language));
    let rest = || clauses().filter(|clause| !refuses(clause) && !speaks_of_it(clause, language));
    let declined = is_spoken_of && rest().any(|clause| declines(clause, language));
    if !refused && !declined {
        return None;
    }
    let asks = text.contains(['?', '？']);
    let more = asks || rest().any(|clause| length(clause) >= MORE);
    Some(if refused && !more { Refusal::Alone } else { Refusal::AndMore })
}

/// Whether recording is spoken of at all.
fn speaks_of_it(clause: &str, language: Language) -> bool {
    let words: &[&str] = match language {
        Language::English => &["recorded", "recording", "record this", "record me", "record the call", "record calls"],
        Language::French => &["enregistré", "enregistrement", "enregistrez", "m'enregistre"],
        Language::Mandarin | Language::Cantonese => &["录音", "錄音"],
        Language::Punjabi => &["ਰਿਕਾਰਡ"],
    };
    words.iter().any(|word| clause.contains(word))
}

/// "Is this recorded? I'd rather not." The answer to one's own question.
fn declines(clause: &str, language: Language) -> bool {
    let (said, tail): (&[&str], _) = match language {
        Language::English => (&ENGLISH, 6),
        Language::French => {
            (&["ne veux pas", "veux pas de ça", "aime mieux pas", "je refuse", "non merci", "pas d'accord"], 6)
        }
        Language::Mandarin | Language::Cantonese => {
            (&["我不同意", "我不要", "我不想", "我拒绝", "我拒絕", "我唔同意", "我唔要", "我唔想"], 1)
        }
        Language::Punjabi => (&["ਨਹੀਂ ਚਾਹੁੰਦ", "ਸਹਿਮਤ ਨਹੀਂ", "ਮਨਜ਼ੂਰ ਨਹੀਂ", "ਇਨਕਾਰ"], 6),
    };
    // With more behind it, something else is declined.
    said.iter().any(|words| clause.split_once(words).is_some_and(|(_, rest)| rest.chars().count() <= tail))
}

const ENGLISH: [&str; 16] = [
    "don't want that",
    "don't want this",
    "don't want it",
    "do not want that",
    "do not want this",
    "don't like that",
    "don't like this",
    "rather not",
    "prefer not",
    "don't agree",
    "do not agree",
    "i refuse",
    "no thank",
    "please don't",
    "not okay with",
    "not comfortable with",
];

/// The words of a clause, apostrophes within them.
fn words(clause: &str) -> Vec<&str> {
    clause.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests;
