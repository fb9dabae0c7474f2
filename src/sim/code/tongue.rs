//! The words of a code in each language: none of them is a number, a date, a title or an abbreviation, so that every voice says them as written.

use crate::language::Language;

pub(super) struct Tongue {
    /// Opens a part, in small letters.
    pub(super) marker: &'static str,
    /// The same at the beginning of a sentence.
    pub(super) opening: &'static str,
    pub(super) symbols: [&'static str; 16],
    /// Between two words.
    pub(super) between: &'static str,
    /// Ends a sentence.
    pub(super) stop: &'static str,
}

pub(super) static ENGLISH: Tongue = Tongue {
    marker: "marker",
    opening: "Marker",
    symbols: [
        "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
        "oscar", "papa", "quebec", "romeo",
    ],
    between: " ",
    stop: ".",
};

static FRENCH: Tongue = Tongue {
    marker: "marque",
    opening: "Marque",
    symbols: [
        "montagne",
        "eau",
        "feu",
        "bois",
        "pierre",
        "fleur",
        "pluie",
        "neige",
        "bambou",
        "champ",
        "forêt",
        "fleuve",
        "lac",
        "herbe",
        "printemps",
        "automne",
    ],
    between: " ",
    stop: ".",
};

static PUNJABI: Tongue = Tongue {
    marker: "ਨਿਸ਼ਾਨ",
    opening: "ਨਿਸ਼ਾਨ",
    symbols: [
        "ਪਹਾੜ",
        "ਪਾਣੀ",
        "ਅੱਗ",
        "ਲੱਕੜ",
        "ਪੱਥਰ",
        "ਫੁੱਲ",
        "ਮੀਂਹ",
        "ਚਾਨਣ",
        "ਬਾਂਸ",
        "ਖੇਤ",
        "ਜੰਗਲ",
        "ਦਰਿਆ",
        "ਸਮੁੰਦਰ",
        "ਘਾਹ",
        "ਬਸੰਤ",
        "ਪਤਝੜ",
    ],
    between: " ",
    stop: "।",
};

static MANDARIN: Tongue = Tongue { marker: "旗", opening: "旗", symbols: CHINESE, between: "", stop: "。" };

static CANTONESE: Tongue = Tongue { marker: "標", opening: "標", symbols: CHINESE, between: "", stop: "。" };

/// Written the same in both scripts.
const CHINESE: [&str; 16] =
    ["山", "水", "火", "木", "石", "花", "雨", "雪", "竹", "田", "林", "江", "海", "草", "春", "秋"];

pub(super) const fn of(language: Language) -> &'static Tongue {
    match language {
        Language::English => &ENGLISH,
        Language::Mandarin => &MANDARIN,
        Language::Cantonese => &CANTONESE,
        Language::Punjabi => &PUNJABI,
        Language::French => &FRENCH,
    }
}

/// The words of a text, as a voice says one after the other: in Chinese each character is one.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(characters)
}

/// A piece without blanks, parted before every Chinese character but its first.
fn characters(mut piece: &str) -> Vec<&str> {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut parts = Vec::new();
    while let Some((at, _)) = piece.char_indices().skip(1).find(|(_, c)| is_chinese(*c)) {
        let (word, rest) = piece.split_at(at);
        parts.push(word);
        piece = rest;
    }
    parts.push(piece);
    parts
}
