//! A caller's name out of an answer: "um it's jane roe, r o e" is Jane Roe.
//!
//! Pure. Keeps the name as written but for capitals; letters spelt out win over the word they spell.

use super::lexicon::Lexicon;
use crate::language::Language;
use crate::phrases::Phrases;
use crate::tokens::{made_of, tokens};

/// Words of a name; longer answers are something else.
const MOST_WORDS: usize = 5;

/// The name, if the answer holds one.
pub(super) fn name(text: &str, language: Language) -> Option<String> {
    let said = tokens(text, language);
    if made_of(&said, &[&Phrases::of(language).words.hesitations]) {
        return None;
    }
    let bare = without_surroundings(text, language);
    if bare.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    match language {
        Language::Mandarin | Language::Cantonese => {
            let name: String = bare.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
            let name = name.trim();
            (1..=12).contains(&name.chars().count()).then(|| name.to_owned())
        }
        Language::English | Language::French | Language::Punjabi => {
            let words: Vec<&str> = bare
                .split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '?' | '!'))
                .filter(|w| !w.is_empty())
                .collect();
            from_words(&words)
        }
    }
}

fn from_words(words: &[&str]) -> Option<String> {
    let words: Vec<&str> = words.iter().copied().filter(|w| !is_glue(w)).collect();
    let begin = words.iter().position(|w| is_letter(w));
    let spelt_from = begin.filter(|from| {
        (words.len() - from >= 2 || words[*from].contains('-'))
            && words[*from..].iter().all(|w| is_letter(w) || is_double(w) || is_part(w))
    });
    let (spoken, spelt) = words.split_at(spelt_from.unwrap_or(words.len()));
    let mut name: Vec<String> = spoken.iter().filter(|w| !is_part(w)).map(|w| capitalised(w)).collect();
    if !spelt.is_empty() {
        merge(&mut name, &letters(spelt));
    }
    let alphabetic = name
        .iter()
        .all(|w| w.chars().all(|c| c.is_alphabetic() || !c.is_ascii() || matches!(c, '\'' | '-' | '\u{2019}')));
    (!name.is_empty() && name.len() <= MOST_WORDS && alphabetic).then(|| name.join(" "))
}

/// "that's", "spelled", "with": between a name and its letters.
fn is_glue(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "that's" | "thats" | "spelled" | "spelt" | "spelling" | "spell" | "which" | "is" | "and" | "with" | "as" | "in"
    )
}

fn is_letter(word: &str) -> bool {
    word.split('-').all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic))
}

fn is_double(word: &str) -> bool {
    word.eq_ignore_ascii_case("double")
}

/// "first name", "last name": parts the spelt words.
fn is_part(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "first" | "last" | "name" | "space" | "new" | "surname")
}

/// Letters as words: a new one after "last name" or "space".
fn letters(spelt: &[&str]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut times = 1;
    for word in spelt {
        if is_double(word) {
            times = 2;
        } else if is_part(word) {
            words.push(String::new());
        } else {
            for letter in word.split('-') {
                for _ in 0..std::mem::replace(&mut times, 1) {
                    words.last_mut().expect("begins with one").push_str(letter);
                }
            }
        }
    }
    words.into_iter().filter(|w| !w.is_empty()).map(|w| capitalised(&w)).collect()
}

/// The letters correct the words they spell: the whole name, or its last word.
fn merge(name: &mut Vec<String>, spelt: &[String]) {
    let joined = spelt.concat().to_lowercase();
    match name.as_slice() {
        [] => *name = spelt.to_vec(),
        // "Jane Roe, J A N E R O E": the first word tells where the second begins.
        [first, _, ..]
            if spelt.len() == 1 && joined.starts_with(&first.to_lowercase()) && joined.len() > first.len() =>
        {
            let rest = capitalised(&joined[first.len()..]);
            let first = first.clone();
            *name = vec![first, rest];
        }
        _ if spelt.len() >= 2 => *name = spelt.to_vec(),
        // "Jane Roe, J A N E" spells the first word.
        [first, rest @ ..]
            if !rest.is_empty()
                && joined.starts_with(first.to_lowercase().chars().next().unwrap_or(' '))
                && !joined.starts_with(rest[rest.len() - 1].to_lowercase().chars().next().unwrap_or(' ')) =>
        {
            name[0] = spelt[0].clone();
        }
        _ => {
            name.pop();
            name.push(spelt[0].clone());
        }
    }
}

fn without_surroundings(text: &str, language: Language) -> &str {
    let words = &Lexicon::of(language).words;
    let mut bare = text.trim();
    loop {
        let before = bare.len();
        for prefix in &words.name_before {
            if let Some(head) = bare.get(..prefix.len())
                && head.to_lowercase().replace('\u{2019}', "'") == *prefix
                && ends_word(&bare[prefix.len()..], language)
                && !bare[prefix.len()..].trim_matches(is_edge).is_empty()
            {
                bare = bare[prefix.len()..].trim_matches(is_edge);
                break;
            }
        }
        for suffix in &words.name_after {
            if let Some(cut) = bare.len().checked_sub(suffix.len())
                && cut > 0
                && let Some(tail) = bare.get(cut..)
                && tail.to_lowercase().replace('\u{2019}', "'") == *suffix
                && (is_han(language) || bare[..cut].ends_with(is_edge))
            {
                bare = bare[..cut].trim_matches(is_edge);
                break;
            }
        }
        bare = bare.trim_matches(is_edge);
        if bare.len() == before {
            return bare;
        }
    }
}

fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, ',' | '.' | '!' | '?' | ';' | ':' | '\u{ff0c}' | '。' | '\u{ff01}' | '\u{ff1f}' | '।')
}

const fn is_han(language: Language) -> bool {
    matches!(language, Language::Mandarin | Language::Cantonese)
}

fn ends_word(rest: &str, language: Language) -> bool {
    is_han(language) || rest.is_empty() || rest.starts_with(is_edge)
}

/// "jane" is Jane, "MACDONALD" is Macdonald, "MacDonald" stays.
fn capitalised(word: &str) -> String {
    let mixed = word.chars().any(char::is_lowercase) && word.chars().any(char::is_uppercase);
    if mixed {
        return word.to_owned();
    }
    let lower = word.to_lowercase();
    let mut name = String::with_capacity(lower.len());
    let mut upper = true;
    for c in lower.chars() {
        if upper {
            name.extend(c.to_uppercase());
        } else {
            name.push(c);
        }
        upper = matches!(c, '-' | '\'' | '\u{2019}');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_sentences() {
        for (text, wanted) in [
            ("jane roe", Some("Jane Roe")),
            ("My name is Jane Roe.", Some("Jane Roe")),
            ("um it's jane roe please", Some("Jane Roe")),
            ("yeah this is MacDonald", Some("MacDonald")),
            ("jane roe r o w e", Some("Jane Rowe")),
            ("jane roe that's j a n e r o w e", Some("Jane Rowe")),
            ("jane roe, j a y n e", Some("Jayne Roe")),
            ("j a n e last name r o e", Some("Jane Roe")),
            ("J-A-N-E", Some("Jane")),
            ("matt l e double t", Some("Lett")),
            ("mary-anne o'neil", Some("Mary-Anne O'Neil")),
            ("604 555 0123", None),
            ("i would like to know when the clinic opens tomorrow", None),
            ("um", None),
        ] {
            assert_eq!(name(text, Language::English).as_deref(), wanted, "{text}");
        }
        assert_eq!(name("我叫王小明。", Language::Mandarin).as_deref(), Some("王小明"));
        assert_eq!(name("我個名係陳大文", Language::Cantonese).as_deref(), Some("陳大文"));
        assert_eq!(name("je m'appelle Marie Tremblay", Language::French).as_deref(), Some("Marie Tremblay"));
        assert_eq!(name("ਮੇਰਾ ਨਾਮ ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਹੈ", Language::Punjabi).as_deref(), Some("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ"));
    }
}
