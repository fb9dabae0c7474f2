//! Number words of the five languages, as tokens (lower case, no accents, simplified characters).

use crate::language::Language;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Spoken {
    Digit(u8),
    /// 10 to 19, complete in itself.
    Teen(u8),
    /// The tens of a number: 2 for "twenty".
    Tens(u8),
    /// "double", "triple".
    Repeat(usize),
    /// "hundred": so many zeros.
    Scale(usize),
    /// A word that sounds like this digit.
    Homophone(u8),
}

use Spoken::{Digit, Homophone, Repeat, Scale, Teen, Tens};

const ENGLISH: &[(&str, Spoken)] = &[
    ("zero", Digit(0)),
    ("oh", Digit(0)),
    ("o", Digit(0)),
    ("nought", Digit(0)),
    ("one", Digit(1)),
    ("two", Digit(2)),
    ("three", Digit(3)),
    ("four", Digit(4)),
    ("five", Digit(5)),
    ("six", Digit(6)),
    ("seven", Digit(7)),
    ("eight", Digit(8)),
    ("nine", Digit(9)),
    ("ten", Teen(10)),
    ("eleven", Teen(11)),
    ("twelve", Teen(12)),
    ("thirteen", Teen(13)),
    ("fourteen", Teen(14)),
    ("fifteen", Teen(15)),
    ("sixteen", Teen(16)),
    ("seventeen", Teen(17)),
    ("eighteen", Teen(18)),
    ("nineteen", Teen(19)),
    ("twenty", Tens(2)),
    ("thirty", Tens(3)),
    ("forty", Tens(4)),
    ("fourty", Tens(4)),
    ("fifty", Tens(5)),
    ("sixty", Tens(6)),
    ("seventy", Tens(7)),
    ("eighty", Tens(8)),
    ("ninety", Tens(9)),
    ("hundred", Scale(2)),
    ("thousand", Scale(3)),
    ("double", Repeat(2)),
    ("triple", Repeat(3)),
    ("treble", Repeat(3)),
    ("to", Homophone(2)),
    ("too", Homophone(2)),
    ("for", Homophone(4)),
    ("fore", Homophone(4)),
    ("ate", Homophone(8)),
    ("won", Homophone(1)),
    ("tree", Homophone(3)),
    ("sex", Homophone(6)),
    ("fife", Homophone(5)),
    ("niner", Homophone(9)),
    ("owe", Homophone(0)),
];

const FRENCH: &[(&str, Spoken)] = &[
    ("zero", Digit(0)),
    ("un", Digit(1)),
    ("une", Digit(1)),
    ("deux", Digit(2)),
    ("trois", Digit(3)),
    ("quatre", Digit(4)),
    ("cinq", Digit(5)),
    ("six", Digit(6)),
    ("sept", Digit(7)),
    ("huit", Digit(8)),
    ("neuf", Digit(9)),
    ("dix", Teen(10)),
    ("onze", Teen(11)),
    ("douze", Teen(12)),
    ("treize", Teen(13)),
    ("quatorze", Teen(14)),
    ("quinze", Teen(15)),
    ("seize", Teen(16)),
    ("vingt", Tens(2)),
    ("vingts", Tens(2)),
    ("trente", Tens(3)),
    ("quarante", Tens(4)),
    ("cinquante", Tens(5)),
    ("soixante", Tens(6)),
    ("cent", Scale(2)),
    ("cents", Scale(2)),
    ("double", Repeat(2)),
    ("triple", Repeat(3)),
];

const CHINESE: &[(&str, Spoken)] = &[
    ("零", Digit(0)),
    ("洞", Digit(0)),
    ("一", Digit(1)),
    ("幺", Digit(1)),
    ("二", Digit(2)),
    ("两", Digit(2)),
    ("三", Digit(3)),
    ("四", Digit(4)),
    ("五", Digit(5)),
    ("六", Digit(6)),
    ("七", Digit(7)),
    ("八", Digit(8)),
    ("九", Digit(9)),
    ("孖", Repeat(2)),
];

const PUNJABI: &[(&str, Spoken)] = &[
    ("ਸਿਫਰ", Digit(0)),
    ("ਜੀਰੋ", Digit(0)),
    ("ਜ਼ੀਰੋ", Digit(0)),
    ("ਇੱਕ", Digit(1)),
    ("ਇਕ", Digit(1)),
    ("ਵਨ", Digit(1)),
    ("ਦੋ", Digit(2)),
    ("ਟੂ", Digit(2)),
    ("ਤਿੰਨ", Digit(3)),
    ("ਥ੍ਰੀ", Digit(3)),
    ("ਚਾਰ", Digit(4)),
    ("ਫੋਰ", Digit(4)),
    ("ਪੰਜ", Digit(5)),
    ("ਫਾਈਵ", Digit(5)),
    ("ਛੇ", Digit(6)),
    ("ਛੇਂ", Digit(6)),
    ("ਸਿਕਸ", Digit(6)),
    ("ਸੱਤ", Digit(7)),
    ("ਸੈਵਨ", Digit(7)),
    ("ਅੱਠ", Digit(8)),
    ("ਏਟ", Digit(8)),
    ("ਨੌਂ", Digit(9)),
    ("ਨੌ", Digit(9)),
    ("ਨਾਈਨ", Digit(9)),
    ("ਡਬਲ", Repeat(2)),
    ("ਟ੍ਰਿਪਲ", Repeat(3)),
];

/// What may stand inside a number without ending it.
pub(super) const JOINERS: &[(Language, &[&[&str]])] = &[
    (
        Language::English,
        &[
            &["dash"],
            &["hyphen"],
            &["um"],
            &["uh"],
            &["er"],
            &["area", "code"],
            &["and", "then"],
            &["and"],
            &["then"],
            &["space"],
            &["dot"],
            &["plus"],
            &["lets", "see"],
        ],
    ),
    (Language::French, &[&["euh"], &["tiret"], &["et"], &["puis"], &["ensuite"]]),
    (Language::Mandarin, &[&["呃"], &["然", "后"], &["杠"]]),
    (Language::Cantonese, &[&["呃"], &["跟", "住"]]),
    (Language::Punjabi, &[&["ਤੇ"], &["ਫਿਰ"]]),
];

/// What a token says as a number, if it does. English digits are understood in every language but French.
pub(in crate::agent) fn word(token: &str, language: Language) -> Option<Spoken> {
    let find = |table: &[(&str, Spoken)]| table.iter().find(|(w, _)| *w == token).map(|(_, s)| *s);
    let english = || find(ENGLISH).filter(|s| !matches!(s, Homophone(_)));
    match language {
        Language::English => find(ENGLISH),
        Language::French => find(FRENCH),
        Language::Mandarin | Language::Cantonese => find(CHINESE).or_else(english),
        Language::Punjabi => find(PUNJABI).or_else(english),
    }
}
