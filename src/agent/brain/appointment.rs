//! What a caller wants of the clinic's book, in one utterance, and the words the brain works it with.
//!
//! `agents/<language>/booking.toml`; a language without the file is offered a message or a person instead. Pure rules beside the
//! classifier, which places such wishes among what it must not serve: a verb with a noun after it, or a whole phrase, and nothing said
//! that belongs elsewhere.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::agent::calendar;
use crate::emr::VisitKind;
use crate::language::Language;
use crate::tokens::{Phrases, tokens};

/// What is to be done in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Book,
    Move,
    Cancel,
    /// Only told.
    Tell,
    /// For somebody else, whom the caller cannot answer for.
    ForAnother,
}

/// `[replies]`: see the files for what each is said for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replies {
    /// In place of those of a brain that does not book.
    pub who: String,
    pub not_understood: String,
    pub ask_kind: String,
    pub ask_kind_again: String,
    pub ask_name: String,
    pub ask_name_again: String,
    pub ask_last_name: String,
    pub ask_born: String,
    pub ask_born_again: String,
    pub identity: String,
    pub identity_again: String,
    pub identity_change: String,
    pub factor_again: String,
    pub ask_when: String,
    pub ask_when_again: String,
    pub choose_again: String,
    pub choose_other: String,
    pub which_appointment: String,
    pub which_again: String,
    pub change: String,
    pub kept: String,
    pub no_doctor: String,
    pub too_far: String,
    pub none_at_all: String,
    pub not_bookable: String,
    pub for_another: String,
    pub stuck: String,
    pub given_up: String,
    /// Between the last two of several names.
    pub and: String,
}

pub(super) struct Words {
    titles: Vec<String>,
    with: Vec<String>,
    no_name: Vec<String>,
    any_provider: Phrases,
    pub other: Phrases,
    pub any_offer: Phrases,
    pub last: Phrases,
    pub nth: Phrases,
    pub give_up: Phrases,
    pub name_field: Phrases,
    pub born_field: Phrases,
    pub for_another: Phrases,
    elsewhere: Phrases,
}

/// Everything of one language.
pub(super) struct Appointments {
    pub replies: Replies,
    pub words: Words,
    wishes: [(Wish, Pattern); 4],
    kinds: Vec<(VisitKind, Phrases)>,
}

struct Pattern {
    phrases: Phrases,
    verbs: Phrases,
    nouns: Phrases,
}

/// A noun counts so many tokens after its verb.
const REACH: usize = 8;

/// Words of a name after "doctor".
const MOST_NAMES: usize = 2;

impl Appointments {
    pub(super) fn of(language: Language) -> Option<&'static Self> {
        match language {
            Language::English => Some(&ENGLISH),
            Language::French => Some(&FRENCH),
            Language::Mandarin | Language::Cantonese | Language::Punjabi => None,
        }
    }

    /// `said`: tokens of the utterance.
    pub(super) fn wish(&self, said: &[String]) -> Option<Wish> {
        if self.words.elsewhere.found_in(said) {
            return None;
        }
        let (wish, _) = self.wishes.iter().find(|(_, pattern)| pattern.is_in(said))?;
        Some(if self.words.for_another.found_in(said) { Wish::ForAnother } else { *wish })
    }

    pub(super) fn kind(&self, said: &[String]) -> Option<VisitKind> {
        self.kinds.iter().find(|(_, words)| words.found_in(said)).map(|(kind, _)| *kind)
    }

    /// Whom the caller wants to see: "chen" of "with Doctor Chen"; `Some(None)` if anyone will do.
    pub(super) fn provider(&self, said: &[String], language: Language) -> Option<Option<String>> {
        if self.words.any_provider.found_in(said) {
            return Some(None);
        }
        let names = |from: usize| -> Vec<&str> {
            let is_name = |token: &&str| {
                !self.words.no_name.iter().any(|w| w == token)
                    && !token.starts_with(|c: char| c.is_ascii_digit())
                    && calendar::weekday(token, language).is_none()
                    && calendar::month(token, language).is_none()
                    && !matches!(calendar::items(token, language).first(), Some(calendar::Item::Number(_)))
            };
            said[from..].iter().map(String::as_str).take_while(is_name).take(MOST_NAMES).collect()
        };
        let after = |words: &[String]| {
            let places = said.iter().enumerate().filter(|(_, token)| words.contains(token));
            places.map(|(at, _)| names(at + 1)).find(|names| !names.is_empty())
        };
        after(&self.words.titles).or_else(|| after(&self.words.with)).map(|names| Some(names.join(" ")))
    }
}

impl Pattern {
    fn is_in(&self, said: &[String]) -> bool {
        self.phrases.found_in(said)
            || (0..said.len()).any(|at| {
                self.verbs.prefix(&said[at..]).is_some_and(|verb| {
                    let from = at + verb;
                    self.nouns.found_in(&said[from..said.len().min(from + REACH)])
                })
            })
    }
}

static ENGLISH: LazyLock<Appointments> =
    LazyLock::new(|| parse(include_str!("../../../agents/en-CA/booking.toml"), Language::English));

static FRENCH: LazyLock<Appointments> =
    LazyLock::new(|| parse(include_str!("../../../agents/fr-CA/booking.toml"), Language::French));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    replies: Replies,
    wishes: Wishes,
    kinds: Vec<Kind>,
    words: WordLists,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wishes {
    book: WishFile,
    #[serde(rename = "move")]
    shift: WishFile,
    cancel: WishFile,
    tell: WishFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WishFile {
    phrases: Vec<String>,
    verbs: Vec<String>,
    nouns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    kind: VisitKind,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordLists {
    titles: Vec<String>,
    with: Vec<String>,
    no_name: Vec<String>,
    any_provider: Vec<String>,
    other: Vec<String>,
    any_offer: Vec<String>,
    last: Vec<String>,
    nth: Vec<String>,
    give_up: Vec<String>,
    name_field: Vec<String>,
    born_field: Vec<String>,
    for_another: Vec<String>,
    elsewhere: Vec<String>,
}

fn parse(text: &str, language: Language) -> Appointments {
    let file: File = toml::from_str(text).expect("the built-in booking files are parsed by a test");
    let list = |words: &[String]| Phrases::new(words, language);
    let single = |words: &[String]| words.iter().flat_map(|word| tokens(word, language)).collect();
    let pattern =
        |wish: WishFile| Pattern { phrases: list(&wish.phrases), verbs: list(&wish.verbs), nouns: list(&wish.nouns) };
    let w = &file.words;
    let words = Words {
        titles: single(&w.titles),
        with: single(&w.with),
        no_name: single(&w.no_name),
        any_provider: list(&w.any_provider),
        other: list(&w.other),
        any_offer: list(&w.any_offer),
        last: list(&w.last),
        nth: list(&w.nth),
        give_up: list(&w.give_up),
        name_field: list(&w.name_field),
        born_field: list(&w.born_field),
        for_another: list(&w.for_another),
        elsewhere: list(&w.elsewhere),
    };
    Appointments {
        replies: file.replies,
        words,
        // "I want to cancel the appointment I booked": what undoes comes first.
        wishes: [
            (Wish::Cancel, pattern(file.wishes.cancel)),
            (Wish::Move, pattern(file.wishes.shift)),
            (Wish::Tell, pattern(file.wishes.tell)),
            (Wish::Book, pattern(file.wishes.book)),
        ],
        kinds: file.kinds.iter().map(|k| (k.kind, list(&k.words))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str, language: Language) -> Option<Wish> {
        Appointments::of(language).unwrap().wish(&tokens(text, language))
    }

    #[test]
    fn wishes_are_told_apart() {
        use Wish::{Book, Cancel, ForAnother, Move, Tell};
        for (text, wanted) in [
            ("i'd like to book an appointment", Some(Book)),
            ("can i make an appointment with doctor chen", Some(Book)),
            ("i need to see a doctor", Some(Book)),
            ("do you have any openings on friday", Some(Book)),
            ("i need to cancel my appointment", Some(Cancel)),
            ("i want to cancel the appointment i booked", Some(Cancel)),
            ("can i move my appointment to next week", Some(Move)),
            ("i need to reschedule", Some(Move)),
            ("when is my appointment", Some(Tell)),
            ("i want to book an appointment for my son", Some(ForAnother)),
            ("i'd like to leave a message about my appointment", None),
            ("i want to book a table", None),
            ("can i book a vaccine appointment", None),
            ("are you open tomorrow", None),
            ("i want to speak to a person", None),
            ("can i bring my dog to my appointment", None),
            ("do i need an appointment for a flu shot", None),
        ] {
            assert_eq!(wish(text, Language::English), wanted, "{text}");
        }
        for (text, wanted) in [
            ("je voudrais prendre un rendez-vous", Some(Book)),
            ("j'aimerais voir un médecin", Some(Book)),
            ("je dois annuler mon rendez-vous", Some(Cancel)),
            ("je voudrais déplacer mon rendez-vous", Some(Move)),
            ("c'est quand mon rendez-vous", Some(Tell)),
            ("je voudrais un rendez-vous pour ma fille", Some(ForAnother)),
            ("je veux laisser un message", None),
            ("à quelle heure ouvrez-vous", None),
        ] {
            assert_eq!(wish(text, Language::French), wanted, "{text}");
        }
    }

    #[test]
    fn doctors_and_kinds_come_out_of_sentences() {
        let english = Appointments::of(Language::English).unwrap();
        let provider = |text: &str| english.provider(&tokens(text, Language::English), Language::English);
        let named = |name: &str| Some(Some(name.to_owned()));
        assert_eq!(provider("with doctor chen next tuesday"), named("chen"));
        assert_eq!(provider("an appointment with Dr. Wei Chen please"), named("wei chen"));
        assert_eq!(provider("tuesday with sarah macdonald"), named("sarah macdonald"));
        assert_eq!(provider("i need to see a doctor tomorrow"), None);
        assert_eq!(provider("see the doctor on may third"), None);
        assert_eq!(provider("any doctor is fine"), Some(None));
        let kind = |text: &str| english.kind(&tokens(text, Language::English));
        assert_eq!(kind("it's for my annual physical"), Some(VisitKind::Checkup));
        assert_eq!(kind("a follow-up by phone"), Some(VisitKind::Phone));
        assert_eq!(kind("i have a sore throat"), Some(VisitKind::SickVisit));
        assert_eq!(kind("i don't know"), None);
    }
}
