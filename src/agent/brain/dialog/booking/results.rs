//! What the book's tools returned, and what is said and done next. Times, names and outcomes are told in the tools' own sentences.

use serde_json::{Value, json};

use super::super::super::appointment::Wish;
use super::super::super::choice::Offer;
use super::super::{Dialog, Move, Step};
use super::{Ask, Book, after, text_of};
use crate::agent::ExpectKind;
use crate::agent::tools::ToolName;
use crate::clinic::operator::Operator;
use crate::emr::VisitKind;

impl Dialog {
    /// `None`: not a tool of the book.
    pub(in crate::agent::brain::dialog) fn book_returned(&mut self, tool: &str, result: &Value) -> Option<Move> {
        let tool = ToolName::named(tool).filter(|tool| tool.needs_book())?;
        let book = self.book?;
        let say = text_of(&result["say"]);
        if self.visit.is_none() {
            // Another model asked, and failed since.
            let words = if say.is_empty() { &book.replies().not_understood } else { &say };
            return Some(Move::say(words, ExpectKind::Free));
        }
        let ok = result["ok"] == true;
        let code = result["code"].as_str().unwrap_or_default();
        Some(match tool {
            ToolName::SearchPatient | ToolName::VerifyIdentity if ok => self.identified(result, &say),
            ToolName::FindEarliestAppointment if ok => self.offered(result, &say),
            ToolName::CheckAppointments if ok => self.standing_told(&book, result, &say),
            ToolName::CreateAppointment | ToolName::UpdateAppointment | ToolName::CancelAppointment if ok => {
                self.done(&say)
            }
            ToolName::SearchPatientByPhone
            | ToolName::SearchPatient
            | ToolName::VerifyIdentity
            | ToolName::FindEarliestAppointment
            | ToolName::CheckAppointments
            | ToolName::CreateAppointment
            | ToolName::UpdateAppointment
            | ToolName::CancelAppointment
            | ToolName::ClinicInfo
            | ToolName::GetProviders
            | ToolName::TakeMessage
            | ToolName::ValidateHealthCard
            | ToolName::RegisterNewPatient
            | ToolName::AddToWaitlist
            | ToolName::TransferToPerson
            | ToolName::EndCall => self.refused(&book, code, &say, result),
        })
    }

    fn identified(&mut self, result: &Value, say: &str) -> Move {
        let verified = result["status"] == "verified";
        if let Some(visit) = self.visit.as_mut() {
            match result["patient"].as_str() {
                Some(handle) => visit.patient.found(handle.to_owned(), verified),
                None if verified => visit.patient.proved(),
                None => {}
            }
        }
        if verified { after(say, self.go_on()) } else { self.ask_visit(Ask::Factor, say, ExpectKind::Spelling) }
    }

    fn offered(&mut self, result: &Value, say: &str) -> Move {
        if let Some(visit) = self.visit.as_mut() {
            visit.offers = offers(&result["slots"], "slot").into_iter().map(|(offer, _)| offer).collect();
        }
        self.ask_visit(Ask::Slot, say, ExpectKind::Free)
    }

    fn standing_told(&mut self, book: &Book, result: &Value, say: &str) -> Move {
        let standing = offers(&result["appointments"], "appointment");
        let (none, single) = (standing.is_empty(), standing.len() == 1);
        let Some(visit) = self.visit.as_mut() else { return self.missed() };
        let (wish, first) = (visit.wish, visit.first.clone());
        visit.standing = Some(standing);
        if none || wish == Wish::Tell {
            return self.done(say);
        }
        if self.choose_standing(book, &first) {
            let next = self.go_on();
            // The question to cancel it tells which it is.
            return if wish == Wish::Move && single { after(say, next) } else { next };
        }
        after(say, self.ask_visit(Ask::Standing, &book.replies().which_appointment, ExpectKind::Free))
    }

    /// Told, and anything else?
    fn done(&mut self, say: &str) -> Move {
        self.end_visit();
        self.misses = 0;
        let question = &self.replies().anything_else;
        self.go(Step::AnythingElse, &format!("{say} {question}"), ExpectKind::YesNo)
    }

    fn refused(&mut self, book: &Book, code: &str, say: &str, result: &Value) -> Move {
        let replies = book.replies();
        let Some(visit) = self.visit.as_mut() else { return self.missed() };
        match code {
            "not_confirmed" => {
                visit.unclear += u32::from(visit.ask == Ask::Agree);
                if visit.unclear >= super::MOST_UNCLEAR {
                    return self.stuck(book);
                }
                self.ask_visit(Ask::Agree, say, ExpectKind::YesNo)
            }
            "slot_taken" | "slot_expired" => {
                visit.refused.extend(visit.slot.take().map(|slot| slot.handle));
                visit.offers.clear();
                let next = self.go_on();
                if say.is_empty() { next } else { after(say, next) }
            }
            "changed" => {
                (visit.standing, visit.appointment) = (None, None);
                after(say, self.go_on())
            }
            "no_availability" if visit.widened => {
                self.end_visit();
                self.go(Step::OfferMessage, &replies.none_at_all, ExpectKind::YesNo)
            }
            "no_availability" => self.ask_visit(Ask::OtherDays, say, ExpectKind::YesNo),
            "unknown_provider" => {
                visit.provider = Some(None);
                visit.unclear += 1;
                if visit.unclear >= super::MOST_UNCLEAR {
                    return self.stuck(book);
                }
                let names = names(&result["providers"], &replies.and);
                let words = replies.no_doctor.replace("{names}", &names);
                self.ask_visit(Ask::When, &words, ExpectKind::Free)
            }
            "out_of_range" => {
                visit.when = None;
                self.ask_visit(Ask::When, &replies.too_far, ExpectKind::Free)
            }
            // Which of the two is meant, the sentence asks.
            "weekday_mismatch" => {
                visit.when = None;
                self.ask_visit(Ask::When, say, ExpectKind::Free)
            }
            "not_bookable" => {
                self.end_visit();
                self.offer_both(&replies.not_bookable)
            }
            "no_match" => self.ask_visit(Ask::Factor, say, ExpectKind::Spelling),
            "invalid_value" => self.ask_visit(Ask::Factor, &replies.factor_again, ExpectKind::Spelling),
            "invalid_name" => {
                visit.patient.forget_name();
                self.ask_visit(Ask::Name, &replies.ask_name_again, ExpectKind::Name)
            }
            "invalid_birth_date" => {
                visit.patient.forget_born();
                self.ask_visit(Ask::Born, &replies.ask_born_again, ExpectKind::BirthDate)
            }
            // The sentence offers a message.
            "too_many_failures" if result["passed_on"] == false => {
                self.end_visit();
                self.go(Step::OfferMessage, say, ExpectKind::YesNo)
            }
            "too_many_failures" => {
                self.end_visit();
                self.step = Step::Open;
                let reason = json!({ "reason": "the caller could not be identified" });
                Move { say: say.to_owned(), ..Move::call(ToolName::TransferToPerson.name(), reason) }
            }
            // The sentence offers what there is instead.
            "not_allowed" | "rate_limited" => {
                self.end_visit();
                let takes_message = result["next"][0] == ToolName::TakeMessage.name();
                let step = if takes_message { Step::OfferMessage } else { Step::OfferPerson };
                self.go(step, say, ExpectKind::YesNo)
            }
            // Never tried again: the staff look.
            "outcome_unknown" => self.done(say),
            // The sentence offers a message, and a person if one would take the call.
            "emr_unavailable" => {
                self.end_visit();
                match self.operator {
                    Operator::There => self.go(Step::Which, say, ExpectKind::Free),
                    Operator::Away => self.go(Step::OfferMessage, say, ExpectKind::YesNo),
                }
            }
            _ => self.stuck(book),
        }
    }
}

/// What a tool listed, each with the kind of visit it is where that is told.
fn offers(list: &Value, handle: &str) -> Vec<(Offer, Option<VisitKind>)> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|each| {
            let start = each["start"].as_str()?.parse().ok()?;
            let kind = serde_json::from_value(each["visit_kind"].clone()).ok();
            Some((Offer { handle: text_of(&each[handle]), start, provider: text_of(&each["provider"]) }, kind))
        })
        .collect()
}

fn names(list: &Value, and: &str) -> String {
    let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} {and} {last}", before.join(", ")),
    }
}
