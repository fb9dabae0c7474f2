//! Taking a message: name, number, text, read back with the server's own question, kept after a yes to that, corrected after a no.
//!
//! Digits may come in several turns. A question in between is answered and the open one asked again. Three misunderstandings of
//! the same question offer a person.

use serde_json::{Value, json};

use super::super::name::name;
use super::{Dialog, Heard, Intent, Lexicon, Move, Step};
use crate::agent::tools::{ToolName, agrees};
use crate::agent::{ExpectKind, digits};
use crate::clinic::operator::Operator;
use crate::language::Language;
use crate::phrases::{Phrases, asks_back};
use crate::tokens::tokens;

/// A message being taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Note {
    name: Option<String>,
    number: Option<Number>,
    text: Option<String>,
    /// The server's, about what there is now.
    question: Option<String>,
    /// Answers to it that the server did not take for a yes.
    unclear: u32,
    /// Digits of a number not complete yet.
    digits: String,
    /// Something is being asked for the second time.
    correcting: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Number {
    Digits(String),
    /// The one the caller is calling from; the server knows it.
    Same,
}

/// Misunderstandings of one question before a person is offered.
const PATIENCE: u32 = 3;

/// Tokens of an utterance that can be a command in the middle of a dictation; longer ones are dictated.
const SHORT: usize = 6;

impl Dialog {
    pub(super) fn begin_message(&mut self) -> Move {
        self.note = Note::default();
        self.next()
    }

    pub(super) fn taking_message(&mut self, heard: Heard<'_>) -> Move {
        // 冇問題 has a no in it, and so may the message that is said again.
        let message = self.note.text.as_deref().unwrap_or_default();
        if self.step == Step::Confirm && agrees(heard.said, message, self.language) {
            self.misses = 0;
            return self.keep();
        }
        if let Some(escape) = self.escape(heard) {
            return escape;
        }
        let answer = match self.step {
            Step::Name => self.take_name(heard),
            Step::Number => self.take_number(heard),
            Step::Text => self.take_text(heard),
            Step::Confirm => self.confirmed(heard),
            Step::Change
            | Step::Open
            | Step::AnythingElse
            | Step::Which
            | Step::OfferPerson
            | Step::OfferMessage
            | Step::Booking => self.change(heard),
        };
        match answer {
            Some(next) => {
                self.misses = 0;
                next
            }
            None => self.not_taken(),
        }
    }

    pub(super) fn message_returned(&mut self, kept: bool, code: &str, result: &Value) -> Move {
        match (kept, code) {
            (true, _) => {
                self.note = Note::default();
                self.go(Step::AnythingElse, &self.replies().message_kept, ExpectKind::YesNo)
            }
            (false, "not_confirmed") => self.asked(result["say"].as_str().unwrap_or_default()),
            (false, "invalid_number") => {
                self.note.number = None;
                self.go(Step::Number, &self.replies().message_number_bad, ExpectKind::Phone)
            }
            (false, "invalid_name") => {
                self.note.name = None;
                self.note.correcting = true;
                self.next()
            }
            (false, "rate_limited") => {
                self.note = Note::default();
                let say = result["say"].as_str().unwrap_or(&self.replies().message_failed);
                let offers_person = result["next"][0] == ToolName::TransferToPerson.name();
                let step = if offers_person { Step::OfferPerson } else { Step::AnythingElse };
                self.go(step, say, ExpectKind::YesNo)
            }
            (false, _) => match self.operator {
                Operator::There => self.go(Step::OfferPerson, &self.replies().message_failed, ExpectKind::YesNo),
                // Nothing is left to offer.
                Operator::Away => self.go(Step::AnythingElse, &self.replies().message_lost, ExpectKind::YesNo),
            },
        }
    }

    /// The server asks this before it keeps the message; once more, if the answer was no yes to it.
    fn asked(&mut self, question: &str) -> Move {
        let Note { name: Some(_), number: Some(_), text: Some(_), .. } = &self.note else {
            // Another model took it, and failed since.
            return self.next();
        };
        self.step = Step::Confirm;
        if self.note.question.replace(question.to_owned()).is_none() {
            return self.read_back();
        }
        self.note.unclear += 1;
        if self.note.unclear >= PATIENCE {
            self.note = Note::default();
            return self.offer_person(&self.replies().offer_person);
        }
        self.confirm_again()
    }

    /// The open question, in other words.
    pub(super) fn question_again(&self) -> Move {
        let replies = self.replies();
        match self.step {
            Step::Name => Move::say(&replies.name_again, ExpectKind::Name),
            Step::Number => Move::say(&replies.number_again, ExpectKind::Phone),
            Step::Text => Move::say(&replies.text_again, ExpectKind::Free),
            Step::Change => Move::say(&replies.what_to_change, ExpectKind::Free),
            Step::Confirm
            | Step::Open
            | Step::AnythingElse
            | Step::Which
            | Step::OfferPerson
            | Step::OfferMessage
            | Step::Booking => self.read_back(),
        }
    }

    /// Out of the message: given up, a person, goodbye; or a question that is answered on the way.
    fn escape(&mut self, heard: Heard<'_>) -> Option<Move> {
        let words = &Lexicon::of(self.language).words;
        let short = heard.said.len() <= SHORT;
        if short && words.cancel.found_in(heard.said) {
            self.note = Note::default();
            return Some(self.go(Step::AnythingElse, &self.replies().cancelled, ExpectKind::YesNo));
        }
        let has_digits = heard.said.iter().any(|t| digits::digit(t, self.language).is_some());
        match heard.understood.intent {
            Intent::Repeat if short && !has_digits => Some(self.last.clone()),
            Intent::Person if short => Some(self.transfer()),
            Intent::Goodbye if short && self.step != Step::Confirm => Some(self.farewell()),
            Intent::Hours
            | Intent::Address
            | Intent::Parking
            | Intent::Directions
            | Intent::Phone
            | Intent::Providers
            | Intent::Languages
                if self.step != Step::Text && !has_digits && is_question(heard.said, self.language) =>
            {
                Some(self.fact(&[Some(heard.understood.intent)], heard.understood.day.as_deref()))
            }
            _ => None,
        }
    }

    /// Asks for what is missing, else reads back.
    fn next(&mut self) -> Move {
        let replies = self.replies();
        let (first, again) = match (&self.note.name, &self.note.number, &self.note.text) {
            (None, ..) => {
                self.step = Step::Name;
                (&replies.ask_name, &replies.name_again)
            }
            (_, None, _) => {
                self.step = Step::Number;
                (&replies.ask_number, &replies.number_again)
            }
            (_, _, None) => {
                self.step = Step::Text;
                (&replies.ask_text, &replies.text_again)
            }
            (Some(_), Some(_), Some(_)) => {
                self.step = Step::Confirm;
                self.note.question = None;
                return self.keep();
            }
        };
        let expect = match self.step {
            Step::Name => ExpectKind::Name,
            Step::Number => ExpectKind::Phone,
            Step::Text
            | Step::Open
            | Step::AnythingElse
            | Step::Which
            | Step::OfferPerson
            | Step::OfferMessage
            | Step::Confirm
            | Step::Change
            | Step::Booking => ExpectKind::Free,
        };
        Move::say(if self.note.correcting { again } else { first }, expect)
    }

    fn read_back(&self) -> Move {
        let text = self.note.text.as_deref().unwrap_or_default();
        // The caller's words last: braces in them are not filled in.
        let words = self.replies().read_back.replace("{question}", self.question()).replace("{text}", text);
        Move::say(&words, ExpectKind::YesNo)
    }

    /// The question comes last, since a yes counts for what it follows.
    fn confirm_again(&self) -> Move {
        Move::say(&format!("{} {}", self.replies().confirm_again, self.question()), ExpectKind::YesNo)
    }

    fn question(&self) -> &str {
        self.note.question.as_deref().unwrap_or_default()
    }

    fn take_name(&mut self, heard: Heard<'_>) -> Option<Move> {
        let words = &Lexicon::of(self.language).words;
        if self.only_sounds(heard.said) || words.no_name.found_in(heard.said) || refuses(heard.said, self.language) {
            return None;
        }
        self.note.name = Some(name(heard.text, self.language)?);
        Some(self.next())
    }

    fn take_number(&mut self, heard: Heard<'_>) -> Option<Move> {
        if Lexicon::of(self.language).words.same_number.found_in(heard.said) {
            self.note.number = Some(Number::Same);
            return Some(self.next());
        }
        let run = digits::longest(heard.text, self.language);
        let before = std::mem::take(&mut self.note.digits);
        let joined =
            if before.len() == 7 && run.len() == 3 { format!("{run}{before}") } else { format!("{before}{run}") };
        if let Some(number) = digits::telephone(&run).or_else(|| digits::telephone(&joined)) {
            self.note.number = Some(Number::Digits(number));
            return Some(self.next());
        }
        if run.is_empty() || joined.len() >= 10 {
            return None;
        }
        let so_far = if joined.len() == 7 {
            format!("{}, {}", spaced(&joined[..3]), spaced(&joined[3..]))
        } else {
            spaced(&joined)
        };
        let template = if joined.len() == 7 { &self.replies().ask_area_code } else { &self.replies().more_digits };
        self.note.digits = joined;
        Some(Move::say(&template.replace("{number}", &so_far), ExpectKind::Phone))
    }

    fn take_text(&mut self, heard: Heard<'_>) -> Option<Move> {
        if self.only_sounds(heard.said) {
            return None;
        }
        self.note.text = Some(heard.text.trim().trim_end_matches(['.', '。', '।']).to_owned());
        Some(self.next())
    }

    fn confirmed(&mut self, heard: Heard<'_>) -> Option<Move> {
        if let Some(number) = digits::telephone(&digits::longest(heard.text, self.language)) {
            self.note.number = Some(Number::Digits(number));
            return Some(self.next());
        }
        let words = &Phrases::of(self.language).words;
        let hesitations =
            heard.said.iter().take_while(|t| words.hesitations.prefix(std::slice::from_ref(t)).is_some()).count();
        let plain = &heard.said[hesitations..];
        if asks_back(heard.said, self.language) && words.no.prefix(plain).is_none() {
            return None;
        }
        let doubts = words.no.found_in(heard.said)
            || ["but", "except", "mais", "ਪਰ"].iter().any(|w| heard.said.iter().any(|t| t == w));
        if words.no.prefix(plain).is_some() || heard.understood.intent == Intent::No || doubts {
            return Some(
                self.change(heard)
                    .unwrap_or_else(|| self.go(Step::Change, &self.replies().what_to_change, ExpectKind::Free)),
            );
        }
        if words.yes.prefix(plain).is_some() || heard.understood.intent == Intent::Yes {
            return Some(self.keep());
        }
        None
    }

    /// The server asks first, and keeps it after a yes.
    fn keep(&self) -> Move {
        let Note { name, number, text, .. } = &self.note;
        let number = match number {
            Some(Number::Digits(digits)) => digits.as_str(),
            Some(Number::Same) | None => "caller",
        };
        Move::call("take_message", json!({ "name": name, "number": number, "text": text }))
    }

    /// Takes the part to be changed away, or changes it at once where its new value was said along.
    fn change(&mut self, heard: Heard<'_>) -> Option<Move> {
        let words = &Lexicon::of(self.language).words;
        self.note.correcting = true;
        let number = digits::telephone(&digits::longest(heard.text, self.language));
        if number.is_some() {
            self.note.number = number.map(Number::Digits);
        } else if words.everything.found_in(heard.said) {
            self.note = Note { correcting: true, ..Note::default() };
        } else if words.number_field.found_in(heard.said) {
            self.note.number = None;
        } else if words.name_field.found_in(heard.said) {
            self.note.name = new_name(heard.text, self.language);
        } else if words.text_field.found_in(heard.said) {
            self.note.text = None;
        } else {
            return None;
        }
        Some(self.next())
    }

    fn not_taken(&mut self) -> Move {
        self.misses += 1;
        if self.misses >= PATIENCE {
            self.misses = 0;
            return self.offer_person(&self.replies().offer_person);
        }
        let replies = self.replies();
        let (words, expect) = match self.step {
            Step::Name => (&replies.ask_name_again, ExpectKind::Name),
            Step::Number => (&replies.ask_number_again, ExpectKind::Phone),
            Step::Text => (&replies.text_again, ExpectKind::Free),
            Step::Confirm => return self.confirm_again(),
            Step::Change
            | Step::Open
            | Step::AnythingElse
            | Step::Which
            | Step::OfferPerson
            | Step::OfferMessage
            | Step::Booking => (&replies.what_to_change, ExpectKind::Free),
        };
        Move::say(words, expect)
    }
}

/// The name in "no, the name is John Doe"; none in "the name is wrong".
fn new_name(text: &str, language: Language) -> Option<String> {
    let lexicon = Lexicon::of(language);
    let found = name(text, language)?;
    let words = tokens(&found, language);
    let talk = ["wrong", "incorrect", "not", "change", "right", "spelled", "spelling", "faux", "错", "ਗਲਤ"];
    let is_talk = words.iter().any(|w| talk.contains(&w.as_str())) || lexicon.words.name_field.found_in(&words);
    (!is_talk).then_some(found)
}

fn refuses(said: &[String], language: Language) -> bool {
    let no = &Phrases::of(language).words.no;
    no.prefix(said) == Some(said.len())
}

/// English questions begin like questions; in the other languages the phrase found is evidence enough.
pub(super) fn is_question(said: &[String], language: Language) -> bool {
    const ASKING: &[&str] = &[
        "what", "whats", "when", "whens", "where", "wheres", "how", "which", "who", "do", "does", "are", "is", "can",
        "could", "will", "wait",
    ];
    language != Language::English || (said.len() >= 3 && said.iter().take(3).any(|t| ASKING.contains(&t.as_str())))
}

fn spaced(digits: &str) -> String {
    digits.chars().map(String::from).collect::<Vec<_>>().join(" ")
}
