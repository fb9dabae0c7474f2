//! Who is calling: full name and birth date, read back before they are looked up, and a further factor where the tool asks for one.
//!
//! The server decides whose chart it is; here nothing is known but what the caller said and the handle it was given for that.

use jiff::civil::Date;
use serde_json::json;

use super::super::super::factor::factor;
use super::super::super::name::name;
use super::super::{Dialog, Heard, Move};
use super::{Ask, Book};
use crate::agent::ExpectKind;
use crate::agent::calendar::{Item, birth_date, items, month};
use crate::agent::tools::ToolName;
use crate::clinic::spoken::appointment;
use crate::language::Language;

/// A caller as they say they are.
#[derive(Clone, Default)]
pub(in crate::agent::brain::dialog) struct Patient {
    name: Option<String>,
    born: Option<Date>,
    /// Words of a birth date that was not whole.
    part: String,
    /// Both were read back and right.
    agreed: bool,
    handle: Option<String>,
    verified: bool,
}

impl Patient {
    pub(super) fn is_verified(&self) -> bool {
        self.verified
    }

    pub(super) fn handle(&self) -> &str {
        self.handle.as_deref().unwrap_or_default()
    }

    /// `verified`: at once, by the number called from.
    pub(super) fn found(&mut self, handle: String, verified: bool) {
        self.handle = Some(handle);
        self.verified = verified;
    }

    pub(super) fn proved(&mut self) {
        self.verified = true;
    }

    pub(super) fn forget_name(&mut self) {
        self.name = None;
        self.agreed = false;
    }

    pub(super) fn forget_born(&mut self) {
        self.born = None;
        self.agreed = false;
    }

    /// First names, and the last word of the name.
    fn parts(&self) -> Option<(&str, &str)> {
        self.name.as_deref()?.rsplit_once(' ')
    }
}

impl Dialog {
    /// Asks for what is missing of name and birth date, reads them back, looks them up.
    pub(super) fn identify(&mut self, book: &Book) -> Move {
        let replies = book.replies();
        let Some(patient) = self.visit.as_ref().map(|visit| visit.patient.clone()) else { return self.missed() };
        if patient.name.is_none() {
            return self.ask_visit(Ask::Name, &replies.ask_name, ExpectKind::Name);
        }
        let Some((first, last)) = patient.parts() else {
            return self.ask_visit(Ask::LastName, &replies.ask_last_name, ExpectKind::Name);
        };
        let Some(born) = patient.born else {
            return self.ask_visit(Ask::Born, &replies.ask_born, ExpectKind::BirthDate);
        };
        if !patient.agreed {
            let letters = last.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase);
            let spelled: Vec<String> = letters.map(String::from).collect();
            let words = replies
                .identity
                .replace("{born}", &appointment::birth_date(born, self.language))
                .replace("{spelled}", &spelled.join(" "))
                .replace("{name}", &format!("{first} {last}"));
            return self.ask_visit(Ask::Identity, &words, ExpectKind::YesNo);
        }
        if patient.handle.is_some() {
            return self.ask_visit(Ask::Factor, &replies.factor_again, ExpectKind::Spelling);
        }
        let arguments = json!({ "first_name": first, "last_name": last, "birth_date": born.to_string() });
        Move::call(ToolName::SearchPatient.name(), arguments)
    }

    pub(super) fn take_patient_name(&mut self, book: &Book, ask: Ask, heard: Heard<'_>) -> Option<Move> {
        if self.only_sounds(heard.said) {
            return None;
        }
        // "Jane Roe, born March ninth 1984."
        let born = birth_date(heard.text, self.language, book.today);
        let told = match born {
            Some(_) => name(before_date(heard.text, self.language), self.language),
            None => Some(name(heard.text, self.language)?),
        };
        let patient = &mut self.visit.as_mut()?.patient;
        patient.born = born.or(patient.born);
        let Some(told) = told else { return Some(self.go_on()) };
        let patient = &mut self.visit.as_mut()?.patient;
        patient.name = match patient.name.take() {
            // Unless it was said whole after all.
            Some(first) if ask == Ask::LastName && !told.contains(' ') => Some(format!("{first} {told}")),
            Some(_) | None => Some(told),
        };
        Some(self.go_on())
    }

    pub(super) fn take_born(&mut self, book: &Book, text: &str) -> Option<Move> {
        let language = self.language;
        let patient = &mut self.visit.as_mut()?.patient;
        let joined = format!("{} {text}", patient.part);
        let born = birth_date(text, language, book.today).or_else(|| birth_date(&joined, language, book.today));
        let Some(born) = born else {
            text.clone_into(&mut patient.part);
            return None;
        };
        patient.born = Some(born);
        patient.part.clear();
        Some(self.go_on())
    }

    pub(super) fn identity_agreed(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let corrected = self.correct(book, heard);
        match (corrected, self.verdict(heard)) {
            (Some(next), _) => Some(next),
            (None, Some(true)) => {
                self.visit.as_mut()?.patient.agreed = true;
                Some(self.go_on())
            }
            (None, Some(false)) => {
                Some(self.ask_visit(Ask::IdentityChange, &book.replies().identity_change, ExpectKind::Free))
            }
            (None, None) => None,
        }
    }

    pub(super) fn identity_changed(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        if let Some(next) = self.correct(book, heard) {
            return Some(next);
        }
        let told = name(heard.text, self.language).filter(|name| name.contains(' '))?;
        self.visit.as_mut()?.patient.name = Some(told);
        Some(self.go_on())
    }

    /// "No, the nineteenth of March 1984", "the name is wrong", "no, Rowe, R O W E".
    fn correct(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let words = &book.appointments.words;
        let born = birth_date(heard.text, self.language, book.today);
        let letters = heard.said.iter().filter(|token| token.chars().count() == 1 && token.as_str() != "a").count();
        let spelled = (letters >= 2).then(|| name(heard.text, self.language)).flatten();
        let patient = &mut self.visit.as_mut()?.patient;
        match (born, spelled) {
            (Some(born), _) => {
                // Said again and the same: agreed.
                patient.agreed = patient.born == Some(born) && patient.agreed;
                patient.born = Some(born);
            }
            (None, Some(told)) => {
                let first = patient.parts().map(|(first, _)| first.to_owned()).unwrap_or_default();
                patient.name =
                    Some(if told.contains(' ') || first.is_empty() { told } else { format!("{first} {told}") });
            }
            (None, None) if words.born_field.found_in(heard.said) => patient.forget_born(),
            (None, None) if words.name_field.found_in(heard.said) => patient.forget_name(),
            (None, None) => return None,
        }
        Some(self.go_on())
    }

    pub(super) fn take_factor(&mut self, text: &str) -> Option<Move> {
        let (factor, value) = factor(text, self.language)?;
        let patient = &self.visit.as_ref()?.patient;
        let arguments = json!({ "patient": patient.handle(), "factor": factor, "value": value });
        Some(Move::call(ToolName::VerifyIdentity.name(), arguments))
    }
}

/// What stands before a birth date and the words that lead to it.
fn before_date(text: &str, language: Language) -> &str {
    const LEADS: [&str; 9] = ["born", "birth", "date", "and", "on", "ne", "nee", "le", "et"];
    let is_date = |item: &Item| match item {
        Item::Number(_) => true,
        Item::Word(word) => month(word, language).is_some() || LEADS.contains(&word.as_str()),
    };
    let begins = text.split_whitespace().find(|word| items(word, language).iter().any(is_date));
    let at = begins.map_or(text.len(), |word| word.as_ptr() as usize - text.as_ptr() as usize);
    let before = text[..at].trim_end_matches([' ', ',', '.']);
    before.strip_suffix(" my").or_else(|| before.strip_suffix(" the")).unwrap_or(before)
}
