//! Days that are examples of what a caller may answer: "You can say a day, like Tuesday afternoon".
//!
//! Pure. A time of day is never one: whoever names it offers it.

use crate::language::Language;
use crate::tokens::{Phrases, tokens};

/// Whether what stands before a day in its sentence makes it an example.
pub(super) fn follows(before: &str, language: Language) -> bool {
    let says: &[&str] = match language {
        Language::English => &["you can say", "you could say", "you may say", "please say", "just say"],
        Language::French => &["vous pouvez dire", "vous pourriez dire", "dites"],
        Language::Mandarin => &["您可以说", "你可以说", "请说"],
        Language::Cantonese => &["你可以講", "請講"],
        Language::Punjabi => &["ਤੁਸੀਂ ਕਹਿ ਸਕਦੇ ਹੋ", "ਤੁਸੀਂ ਕਹੋ"],
    };
    Phrases::new(says, language).found_in(&tokens(before, language))
}
