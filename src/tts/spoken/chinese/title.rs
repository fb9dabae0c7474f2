//! A title before an English name is said behind it: "Dr. Wei Chen" is Wei Chen 医生.

use super::super::scan;
use super::{CANTONESE, MANDARIN};
use crate::language::Language;

/// Bytes, the name, and the title in this language.
pub(in crate::tts::spoken) fn titled(rest: &str, language: Language) -> Option<(usize, &str, &'static str)> {
    let words = match language {
        Language::Mandarin => &MANDARIN,
        Language::Cantonese => &CANTONESE,
        Language::English | Language::French | Language::Punjabi => return None,
    };
    const TITLES: [(&str, usize); 11] = [
        ("Dr. ", 0),
        ("Dr ", 0),
        ("Doctor ", 0),
        ("Mr. ", 1),
        ("Mr ", 1),
        ("Mrs. ", 2),
        ("Mrs ", 2),
        ("Ms. ", 3),
        ("Ms ", 3),
        ("Miss ", 3),
        ("Prof. ", 4),
    ];
    let (written, title) = TITLES.into_iter().find(|(written, _)| rest.starts_with(written))?;
    let names = &rest[written.len()..];
    let mut len = 0;
    for _ in 0..4 {
        let gap = if len == 0 { 0 } else { scan::blanks(&names[len..]) };
        let name = &names[len + gap..];
        let end =
            name.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '\'' | '’'))).unwrap_or(name.len());
        if gap > 1 || end == 0 || !scan::is_capital(name) || (len > 0 && gap == 0) {
            break;
        }
        // An initial's stop: "Dr. J. Chen".
        let stop = usize::from(end == 1 && name[end..].starts_with(". "));
        len += gap + end + stop;
    }
    let behind = names[len..].trim_start();
    let title = words.titles[title];
    let twice = behind.starts_with(title);
    (len > 0).then(|| (written.len() + len, &names[..len], if twice { "" } else { title }))
}
