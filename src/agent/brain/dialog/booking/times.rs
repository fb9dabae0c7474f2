//! When, and with whom: what is searched for, which of the times offered is taken, and the yes or no to it.

use jiff::civil::{Time, Weekday};
use serde_json::{Value, json};

use super::super::super::appointment::Wish;
use super::super::super::choice::{Offer, choose};
use super::super::{Dialog, Heard, Move};
use super::{Ask, Book, Visit};
use crate::agent::ExpectKind;
use crate::agent::calendar::{self, Part, When};
use crate::emr::VisitKind;

/// Arguments of `find_earliest_appointment`.
pub(super) fn search(visit: &Visit, when: &When) -> Value {
    let mut asked = json!({ "visit_kind": visit.kind.unwrap_or(VisitKind::Consultation).name() });
    let day = |weekday: &Weekday| match weekday {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    };
    let clock = |time: Time| time.strftime("%H:%M").to_string();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            asked[key] = value;
        }
    };
    put("provider", visit.provider.clone().flatten().map(Value::from));
    put("from_date", when.from.map(|day| day.to_string().into()));
    put("to_date", when.to.map(|day| day.to_string().into()));
    let weekdays: Vec<&str> = when.weekdays.iter().map(day).collect();
    put("weekdays", (!weekdays.is_empty()).then(|| weekdays.into()));
    put("part_of_day", when.part.map(|part| part_name(part).into()));
    put("time_after", when.after.map(|time| clock(time).into()));
    put("time_before", when.before.map(|time| clock(time).into()));
    put("exclude", (!visit.refused.is_empty()).then(|| visit.refused.clone().into()));
    asked
}

const fn part_name(part: Part) -> &'static str {
    match part {
        Part::Morning => "morning",
        Part::Afternoon => "afternoon",
        Part::Evening => "evening",
    }
}

impl Dialog {
    /// Takes what was said of days, hours and doctors, and looks again; `None` if nothing was.
    fn wish_anew(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let when = calendar::when(heard.text, self.language, book.today);
        let provider = book.appointments.provider(heard.said, self.language);
        if when.is_none() && provider.is_none() {
            return None;
        }
        let visit = self.visit.as_mut()?;
        visit.provider = provider.or_else(|| visit.provider.take());
        let before = visit.when.take().unwrap_or_default();
        visit.when = Some(when.map_or_else(|| before.clone(), |when| when.after_all(&before)));
        (visit.slot, visit.widened) = (None, false);
        visit.offers.clear();
        Some(self.go_on())
    }

    pub(super) fn take_when(&mut self, book: &Book, ask: Ask, heard: Heard<'_>) -> Option<Move> {
        if let Some(next) = self.wish_anew(book, heard) {
            return Some(next);
        }
        // Nothing instead.
        let dropped = ask == Ask::Change && self.verdict(heard) == Some(false);
        dropped.then(|| self.give_up(&book.replies().given_up))
    }

    pub(super) fn take_slot(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let words = &book.appointments.words;
        let language = self.language;
        let visit = self.visit.as_mut()?;
        let chosen = choose(&visit.offers, heard.text, words, language, book.today);
        if let Some(slot) = chosen.and_then(|at| visit.offers.get(at)) {
            visit.slot = Some(slot.clone());
            return Some(self.go_on());
        }
        if let Some(next) = self.wish_anew(book, heard) {
            return Some(next);
        }
        let verdict = self.verdict(heard);
        let visit = self.visit.as_mut()?;
        match (verdict, visit.offers.as_slice()) {
            (Some(true), [only]) => {
                visit.slot = Some(only.clone());
                Some(self.go_on())
            }
            (verdict, _) if verdict == Some(false) || words.other.found_in(heard.said) => {
                visit.refused.extend(visit.offers.drain(..).map(|offer| offer.handle));
                Some(self.ask_visit(Ask::When, &book.replies().choose_other, ExpectKind::Free))
            }
            (Some(_) | None, _) => None,
        }
    }

    /// Nothing was free: other days then, or what was said instead.
    pub(super) fn take_other_days(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        if let Some(next) = self.wish_anew(book, heard) {
            return Some(next);
        }
        match self.verdict(heard)? {
            true => {
                let visit = self.visit.as_mut()?;
                let from = visit.when.take().and_then(|when| when.from);
                visit.when = Some(When { from, soonest: true, ..When::default() });
                visit.widened = true;
                Some(self.go_on())
            }
            false => Some(self.give_up(&book.replies().given_up)),
        }
    }

    pub(super) fn take_standing(&mut self, book: &Book, text: &str) -> Option<Move> {
        self.choose_standing(book, text).then(|| self.go_on())
    }

    /// Whether these words tell which of the caller's appointments is meant.
    pub(super) fn choose_standing(&mut self, book: &Book, text: &str) -> bool {
        let language = self.language;
        let Some(visit) = self.visit.as_mut() else { return false };
        let standing = visit.standing.clone().unwrap_or_default();
        let offers: Vec<Offer> = standing.iter().map(|(offer, _)| offer.clone()).collect();
        let chosen = match offers.as_slice() {
            [_] => Some(0),
            [] | [_, _, ..] => choose(&offers, text, &book.appointments.words, language, book.today),
        };
        let Some((offer, kind)) = chosen.and_then(|at| standing.get(at)) else { return false };
        // Its own length and its own doctor, unless another was asked for.
        visit.kind = *kind;
        if visit.provider.is_none() && !offer.provider.is_empty() {
            visit.provider = Some(Some(offer.provider.clone()));
        }
        visit.appointment = Some(offer.clone());
        true
    }

    /// The answer to the server's question. The server judges it too: what is no clear yes writes nothing.
    pub(super) fn take_agreement(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let verdict = self.verdict(heard);
        let language = self.language;
        let visit = self.visit.as_mut()?;
        let same = visit.slot.as_ref().is_some_and(|slot| {
            let slot = std::slice::from_ref(slot);
            choose(slot, heard.text, &book.appointments.words, language, book.today).is_some()
        });
        let (wish, replies) = (visit.wish, book.replies());
        if wish != Wish::Cancel && !same {
            let refused = visit.slot.clone();
            if let Some(next) = self.wish_anew(book, heard) {
                return Some(next);
            }
            if verdict == Some(false) {
                let visit = self.visit.as_mut()?;
                visit.refused.extend(refused.map(|slot| slot.handle));
                visit.slot = None;
                visit.offers.clear();
                return Some(self.ask_visit(Ask::Change, &replies.change, ExpectKind::Free));
            }
        }
        match verdict {
            Some(true) => Some(self.go_on()),
            Some(false) if wish == Wish::Cancel => Some(self.give_up(&replies.kept)),
            Some(false) | None => same.then(|| self.go_on()),
        }
    }
}
