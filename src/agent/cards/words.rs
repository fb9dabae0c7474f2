//! Words that tell what a number is of, and what stands beside digits without being more than that. In five languages, whichever is spoken: people
//! mix them.

use std::sync::LazyLock;

use super::Topic;
use crate::agent::expect::MONTHS;
use crate::language::Language;
use crate::phrases;
use crate::tokens::{Phrases, made_of};

/// As topics are looked for: an apostrophe parts words there.
pub(super) const PARTED: Language = Language::French;

static TOPICS: LazyLock<[(Topic, Phrases); 2]> =
    LazyLock::new(|| [(Topic::Card, phrases(CARDS)), (Topic::Other, phrases(&others()))]);

static END: LazyLock<Phrases> = LazyLock::new(|| phrases(ENDS));
static GO_ON: LazyLock<Phrases> = LazyLock::new(|| phrases(GOING_ON));
static BESIDE: LazyLock<Phrases> = LazyLock::new(|| phrases(COPULAS));

fn phrases(texts: &[&str]) -> Phrases {
    Phrases::new(texts, PARTED)
}

const CARDS: &[&str] = &[
    "card",
    "cards",
    "carecard",
    "phn",
    "ohip",
    "hin",
    "ramq",
    "personal health number",
    "carte",
    "cartes",
    "soleil",
    "assurance maladie",
    "卡",
    "ਕਾਰਡ",
];

const OTHERS: &[&str] = &[
    "phone",
    "telephone",
    "cell",
    "mobile",
    "call",
    "reach",
    "appeler",
    "rappeler",
    "joindre",
    "cellulaire",
    "电话",
    "手机",
    "联系",
    "联络",
    "ਫੋਨ",
    "ਮੋਬਾਈਲ",
    "birth",
    "birthday",
    "born",
    "naissance",
    "生日",
    "出生",
    "ਜਨਮ",
    "address",
    "adresse",
    "地址",
    "ਪਤਾ",
    "postal",
    "area code",
    "indicatif",
    "区号",
    "ਏਰੀਆ ਕੋਡ",
    // Where somebody lives.
    "street",
    "avenue",
    "road",
    "drive",
    "live",
    "rue",
    "habite",
    "路",
    "街",
    "ਸੜਕ",
    // A day or a time of it. "Time" and 点 are said of other things.
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "pm",
    "o clock",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "heure",
    "heures",
    "星期",
    "礼拜",
    "月",
    "上午",
    "下午",
    "几点",
    "点钟",
    "ਵਜੇ",
    "ਤਾਰੀਖ",
];

/// With the months, but for those that are said of other things too.
fn others() -> Vec<&'static str> {
    let months = MONTHS.iter().copied().filter(|month| !matches!(*month, "may" | "march"));
    OTHERS.iter().copied().chain(months).collect()
}

/// Of a number, the last digits alone.
const ENDS: &[&str] = &[
    "last",
    "end",
    "ends",
    "ending",
    "final",
    "dernier",
    "derniers",
    "finit",
    "termine",
    "最后",
    "后四",
    "末四",
    "尾",
    "ਆਖਰੀ",
    "ਅਖੀਰਲੇ",
];

/// Questions after which the rest of a number is said, or all of it anew.
const GOING_ON: &[&str] = &[
    "number",
    "numbers",
    "digit",
    "digits",
    "again",
    "once more",
    "repeat",
    "rest",
    "go on",
    "next",
    "and then",
    "numero",
    "chiffre",
    "chiffres",
    "repeter",
    "redire",
    "encore",
    "suite",
    "号码",
    "数字",
    "再",
    "继续",
    "ਨੰਬਰ",
    "ਅੰਕ",
    "ਦੁਬਾਰਾ",
];

/// What is said before or behind digits that are the whole answer.
const COPULAS: &[&str] = &[
    "it s",
    "its",
    "it is",
    "that s",
    "thats",
    "it",
    "is",
    "the",
    "my",
    "number",
    "health",
    "card",
    "carte",
    "sante",
    "健康",
    "卡",
    "ਹੈਲਥ",
    "ਕਾਰਡ",
    "then",
    "and",
    "sorry",
    "wait",
    "hold on",
    "c est",
    "cest",
    "le",
    "mon",
    "numero",
    "alors",
    "pardon",
    "attendez",
    "是",
    "系",
    "我",
    "我的",
    "号码",
    "然后",
    "对不起",
    "ਹੈ",
    "ਜੀ",
    "ਨੰਬਰ",
];

/// What is named in these words, in order.
pub(super) fn topics(words: &[String]) -> impl Iterator<Item = Topic> {
    (0..words.len()).filter_map(|at| {
        let named = TOPICS.iter().find(|(_, phrases)| phrases.prefix(&words[at..]).is_some());
        named.map(|(topic, _)| *topic)
    })
}

pub(super) fn names_end(words: &[String]) -> bool {
    END.found_in(words)
}

pub(super) fn goes_on(words: &[String]) -> bool {
    GO_ON.found_in(words)
}

/// Whether nothing is said with these words but yes, no, "um", "it's", and letters.
pub(super) fn is_beside(words: &[String]) -> bool {
    let letters = |word: &String| word.chars().count() == 1 && word.is_ascii();
    words.split(letters).all(|words| words.is_empty() || says_nothing(words))
}

fn says_nothing(words: &[String]) -> bool {
    Language::ALL.into_iter().any(|language| {
        let known = &phrases::Phrases::of(language).words;
        made_of(words, &[&BESIDE, &known.yes, &known.no, &known.backchannels, &known.hesitations])
    })
}
