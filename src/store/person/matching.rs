//! Whether a number or a text is a person's. Pure.
//!
//! Numbers are compared by their last ten digits, however they are written; names as recognisers write them: without capitals, accents and
//! punctuation, all of a name's words one after the other. A single word is no name: half the clinic has it.

use crate::language::Language;
use crate::tokens::tokens;

/// Digits of a number in North America without the country.
const TEN: usize = 10;

/// Fewer digits are an extension.
const FEWEST: usize = 7;

/// A telephone number as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

/// A name as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Vec<String>);

/// What nobody can be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("that is no telephone number; write it as +16045550123")]
    Phone,
    #[error("one word is no name; write first and last name")]
    Name,
}

/// Who is looked for: whoever has one of these numbers or names.
#[derive(Clone, Default)]
pub struct Person {
    pub phones: Vec<Phone>,
    pub names: Vec<Name>,
    /// Calls, messages, appointments and charts, by their ids, that are somebody else's.
    pub except: Vec<String>,
}

impl std::str::FromStr for Phone {
    type Err = Unclear;

    fn from_str(text: &str) -> Result<Self, Unclear> {
        Some(significant(text)).filter(|digits| digits.len() >= FEWEST).map(Self).ok_or(Unclear::Phone)
    }
}

impl std::str::FromStr for Name {
    type Err = Unclear;

    fn from_str(text: &str) -> Result<Self, Unclear> {
        Some(words(text)).filter(|words| words.len() > 1).map(Self).ok_or(Unclear::Name)
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<pii>")
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<pii>")
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("except", &self.except).finish_non_exhaustive()
    }
}

impl Person {
    pub(crate) fn rings_from(&self, number: &str) -> bool {
        let number = significant(number);
        self.phones.iter().any(|phone| phone.0 == number)
    }

    pub(crate) fn is_named_in(&self, text: &str) -> bool {
        let text = words(text);
        self.names.iter().any(|name| text.windows(name.0.len()).any(|part| part == name.0))
    }

    pub(crate) fn is_except(&self, id: &str) -> bool {
        self.except.iter().any(|except| except == id)
    }
}

/// Of `sip:+16045550123@10.0.0.5` too.
fn significant(number: &str) -> String {
    let number = number.split_once(':').map_or(number, |(_, rest)| rest);
    let number = number.split('@').next().unwrap_or(number);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(TEN)..].to_owned()
}

/// In every language alike: a name is said in the middle of any of them.
fn words(text: &str) -> Vec<String> {
    tokens(text, Language::English)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(phone: &str, name: &str) -> Person {
        Person { phones: vec![phone.parse().unwrap()], names: vec![name.parse().unwrap()], except: Vec::new() }
    }

    #[test]
    fn a_number_is_theirs_however_it_is_written() {
        let person = person("604-555-0123", "Jane Roe");
        for theirs in
            ["+16045550123", "6045550123", "sip:+16045550123@10.0.0.5:5060", "(604) 555 0123", "tel:+16045550123"]
        {
            assert!(person.rings_from(theirs), "{theirs}");
        }
        for not in ["", "+16045550124", "5550123", "sip:desk@16045550123.example", "anonymous"] {
            assert!(!person.rings_from(not), "{not}");
        }
        assert_eq!("1001".parse::<Phone>().unwrap_err(), Unclear::Phone);
    }

    #[test]
    fn a_name_is_theirs_whole_and_wherever_it_is_said() {
        let jane = person("6045550123", "Jané  ROE");
        for theirs in ["Jane Roe", "my name is jane roe, R O E", "Jane-Roe"] {
            assert!(jane.is_named_in(theirs), "{theirs}");
        }
        for not in ["Jane", "Roe, Jane", "Jane A Roe", "Mary Jane Roebuck"] {
            assert!(!jane.is_named_in(not), "{not}");
        }
        let wang = person("6045550123", "王小明");
        assert!(wang.is_named_in("我叫王小明。") && !wang.is_named_in("王明"));
        let aman = person("6045550123", "ਅਮਨ ਸਿੰਘ");
        assert!(aman.is_named_in("ਮੈਂ ਅਮਨ ਸਿੰਘ ਹਾਂ"));
        for none in ["Roe", "", "!"] {
            assert_eq!(none.parse::<Name>().unwrap_err(), Unclear::Name, "{none}");
        }
        assert!(!format!("{jane:?}").contains("jane"), "nobody logs whom they look for");
    }
}
