//! Words that leave the answer open: 对吧 and "is that right?" begin like a yes and leave it to whoever asked, and "um" says nothing yet.
//!
//! Pure. 好吧 and 行吧 ask nothing: they give in, which is a yes.

use std::sync::LazyLock;

use crate::language::Language;
use crate::tokens::{Phrases, made_of, made_without};

/// Whether it ends in a question for a yes, as tokens.
pub fn asks_back(said: &[String], language: Language) -> bool {
    questions(language).ends(said)
}

/// Whether it says nothing else: no yes, no no and no wish.
pub fn only_asks_back(said: &[String], language: Language) -> bool {
    let words = &super::Phrases::of(language).words;
    asks_back(said, language) && made_of(said, &[questions(language), &words.yes, &words.hesitations])
}

/// Nothing but "um". 嗯 says yes as well, and "uh uh" no.
pub fn only_hesitates(said: &[String], language: Language) -> bool {
    let words = &super::Phrases::of(language).words;
    !made_without(said, &[&words.yes], &words.no) && made_without(said, &[&words.hesitations], &words.no)
}

/// All of them.
pub fn questions(language: Language) -> &'static Phrases {
    static ALL: LazyLock<[Phrases; 5]> =
        LazyLock::new(|| Language::ALL.map(|language| Phrases::new(words(language), language)));
    let place = Language::ALL.iter().position(|known| *known == language);
    &ALL[place.unwrap_or_default()]
}

const fn words(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => {
            &["is that right", "is that correct", "is that it", "is that okay", "is that ok", "isn't it"]
        }
        Language::French => &["n'est-ce pas", "c'est ça hein", "est-ce que c'est ça", "est-ce que c'est bien ça"],
        Language::Mandarin => &[
            "对吧",
            "是吧",
            "没错吧",
            "对吗",
            "是吗",
            "好吗",
            "行吗",
            "可以吗",
            "没错吗",
            "对么",
            "是么",
            "对不对",
            "是不是",
            "好不好",
            "行不行",
            "可不可以",
        ],
        Language::Cantonese => &[
            "係咪",
            "係咪呀",
            "係唔係",
            "係唔係呀",
            "係咩",
            "係嘛",
            "係嗎",
            "係吧",
            "係啩",
            "啱嗎",
            "啱吧",
            "啱唔啱",
            "啱唔啱呀",
            "得唔得",
            "得唔得呀",
            "好唔好",
            "好唔好呀",
            "好嗎",
            "可唔可以",
            "可唔可以呀",
            "可以嗎",
            "對嗎",
            "對吧",
            "是嗎",
            "是吧",
        ],
        Language::Punjabi => &["ਹੈ ਨਾ", "ਹੈ ਨਾ ਜੀ", "ਠੀਕ ਹੈ ਨਾ", "ਠੀਕ ਹੈ ਨਾ ਜੀ", "ਸਹੀ ਹੈ ਨਾ", "ਸਹੀ ਹੈ ਨਾ ਜੀ"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    #[test]
    fn a_question_for_a_yes_is_told_from_a_yes() {
        for (language, asked, answered) in [
            (Language::English, "okay, is that right?", "that's right"),
            (Language::French, "oui, n'est-ce pas?", "oui, c'est ça"),
            (Language::Mandarin, "对吧", "好吧"),
            (Language::Mandarin, "是吧?", "是的"),
            (Language::Cantonese, "係咪呀", "係呀"),
            (Language::Punjabi, "ਠੀਕ ਹੈ ਨਾ", "ਠੀਕ ਹੈ"),
        ] {
            assert!(only_asks_back(&tokens(asked, language), language), "{asked}");
            assert!(!asks_back(&tokens(answered, language), language), "{answered}");
        }
        let opening = tokens("你们星期六开门对吧", Language::Mandarin);
        assert!(asks_back(&opening, Language::Mandarin) && !only_asks_back(&opening, Language::Mandarin));
    }
}
