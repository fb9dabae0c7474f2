//! The course of a conversation: what is said next, given what was heard, what tools returned, and where it stands.
//!
//! Pure and replayable: the same words lead to the same place. Facts come from tools alone. It asks again differently once when
//! it did not understand, then offers a person, or a message where nobody would take the call.

mod booking;
mod message;

use serde_json::{Value, json};

use super::intent::{Intent, Understood, understand};
use super::lexicon::{Lexicon, Replies};
use crate::agent::ExpectKind;
use crate::agent::tools::{ToolName, agrees};
use crate::clinic::operator::Operator;
use crate::language::Language;
use crate::phrases::{Phrases, asks_back, emergency};
use crate::tokens::{made_of, tokens};

use booking::Visit;
use message::Note;

pub(super) use booking::Book;

/// What is done next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Move {
    pub say: String,
    pub expect: ExpectKind,
    /// Tools to call once it is said, with their arguments.
    pub calls: Vec<(&'static str, Value)>,
}

impl Move {
    fn say(words: &str, expect: ExpectKind) -> Self {
        Self { say: words.to_owned(), expect, calls: Vec::new() }
    }

    fn call(tool: &'static str, arguments: Value) -> Self {
        Self { say: String::new(), expect: ExpectKind::Nothing, calls: vec![(tool, arguments)] }
    }
}

/// What the caller said just now, as it is looked at.
#[derive(Clone, Copy)]
struct Heard<'a> {
    text: &'a str,
    /// Its tokens.
    said: &'a [String],
    understood: &'a Understood,
}

/// What was asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// What can I do for you?
    Open,
    AnythingElse,
    /// A message or a person?
    Which,
    OfferPerson,
    OfferMessage,
    Name,
    Number,
    Text,
    /// Is that right?
    Confirm,
    /// What should be changed?
    Change,
    /// A question of [`booking`].
    Booking,
}

/// So many misunderstandings in a row, then a person is offered.
const PATIENCE: u32 = 2;

pub(super) struct Dialog {
    language: Language,
    step: Step,
    /// Misunderstandings in a row.
    misses: u32,
    note: Note,
    /// To say again when asked.
    last: Move,
    /// Facts returned since the caller last spoke.
    facts: Vec<String>,
    /// The last fact told was opening times: a day by itself asks for them again.
    told_hours: bool,
    /// The clinic's book, where this brain may work it.
    book: Option<Book>,
    /// An appointment being made, moved or cancelled.
    visit: Option<Visit>,
    /// Who was made sure of earlier in the call.
    verified: Option<booking::Patient>,
    operator: Operator,
}

impl Dialog {
    /// `book`: where appointments are made. `operator`: the same in the whole call.
    pub(super) fn new(language: Language, book: Option<Book>, operator: Operator) -> Self {
        let hello = Move::say(&Lexicon::of(language).replies.hello, ExpectKind::Free);
        Self {
            language,
            step: Step::Open,
            misses: 0,
            note: Note::default(),
            last: hello,
            facts: Vec::new(),
            told_hours: false,
            book,
            visit: None,
            verified: None,
            operator,
        }
    }

    pub(super) fn hello(&self) -> Move {
        Move::say(&self.replies().hello, ExpectKind::Free)
    }

    /// The caller said this.
    pub(super) fn heard(&mut self, text: &str) -> Move {
        self.facts.clear();
        if let Some(danger) = emergency(text) {
            return Move::say(danger.words(self.language), ExpectKind::Free);
        }
        let (said, understood) = (tokens(text, self.language), understand(text, self.language));
        let heard = Heard { text, said: &said, understood: &understood };
        let answer = match self.step {
            Step::Open | Step::AnythingElse | Step::Which | Step::OfferPerson | Step::OfferMessage => self.open(heard),
            Step::Name | Step::Number | Step::Text | Step::Confirm | Step::Change => self.taking_message(heard),
            Step::Booking => self.booking(heard),
        };
        self.remember(answer)
    }

    /// A tool returned this.
    pub(super) fn returned(&mut self, tool: &str, result: &Value) -> Move {
        let ok = result["ok"] == true;
        let code = result["code"].as_str().unwrap_or_default();
        if let Some(answer) = self.book_returned(tool, result) {
            return self.remember(answer);
        }
        let Some(tool) = ToolName::named(tool) else { return Move::say("", ExpectKind::Nothing) };
        let answer = match (tool, ok) {
            (ToolName::ClinicInfo, true) => {
                self.facts.extend(result["say"].as_str().map(str::to_owned));
                let (question, expect) = self.after_fact();
                Move::say(&format!("{} {question}", self.facts.join(" ")), expect)
            }
            (ToolName::ClinicInfo, false) if code == "unknown_day" => {
                let mut week = Move::call("clinic_info", json!({ "topic": "hours" }));
                week.say = self.replies().unknown_day.clone();
                return week;
            }
            (ToolName::ClinicInfo, false) => self.offer_person(&self.replies().fact_failed),
            (ToolName::TakeMessage, true | false) => self.message_returned(ok, code, result),
            (ToolName::TransferToPerson, false) => {
                let offer = result["say"].as_str().unwrap_or(&self.replies().nobody_there);
                self.go(Step::OfferMessage, offer, ExpectKind::YesNo)
            }
            // Passed on, or hung up: nothing is left to say.
            (ToolName::TransferToPerson, true) | (ToolName::EndCall, true | false) => {
                return Move::say("", ExpectKind::Nothing);
            }
            // Of a book that is not there, and what these rules never call.
            (
                ToolName::GetProviders
                | ToolName::SearchPatientByPhone
                | ToolName::SearchPatient
                | ToolName::VerifyIdentity
                | ToolName::FindEarliestAppointment
                | ToolName::CheckAppointments
                | ToolName::CreateAppointment
                | ToolName::UpdateAppointment
                | ToolName::CancelAppointment
                | ToolName::ValidateHealthCard
                | ToolName::RegisterNewPatient
                | ToolName::AddToWaitlist,
                true | false,
            ) => return Move::say("", ExpectKind::Nothing),
        };
        self.remember(answer)
    }

    /// A note of the call machine.
    pub(super) fn noted(&mut self, note: &str) -> Option<Move> {
        let note = note.to_lowercase();
        if note.contains("transfer") && note.contains("fail") {
            let answer = self.go(Step::OfferMessage, Phrases::of(self.language).transfer_failed(), ExpectKind::YesNo);
            return Some(self.remember(answer));
        }
        None
    }

    fn open(&mut self, heard: Heard<'_>) -> Move {
        if let Some(begun) = self.wish(heard) {
            return begun;
        }
        let intent = self.in_place(heard.understood.intent, heard.said);
        if !matches!(intent, Intent::Unclear) {
            self.misses = 0;
        }
        match intent {
            Intent::Hours
            | Intent::Address
            | Intent::Parking
            | Intent::Directions
            | Intent::Phone
            | Intent::Providers
            | Intent::Languages => {
                let day = heard
                    .understood
                    .day
                    .clone()
                    .or_else(|| Lexicon::of(self.language).day(heard.said).map(str::to_owned));
                if heard.understood.also == Some(Intent::Message) {
                    // Its first question follows the fact.
                    self.begin_message();
                }
                self.fact(&[Some(intent), heard.understood.also], day.as_deref())
            }
            Intent::Message => self.begin_message(),
            Intent::Person => self.transfer(),
            Intent::Goodbye => self.farewell(),
            Intent::Greeting => self.go(Step::Open, &self.replies().hello, ExpectKind::Free),
            Intent::Repeat => self.last.clone(),
            Intent::Yes => self.yes(),
            Intent::No => self.no(),
            Intent::Thanks => self.go(Step::AnythingElse, &self.replies().welcome, ExpectKind::YesNo),
            Intent::Robot => {
                let who = self.book.map_or_else(|| &self.replies().who, |book| &book.replies().who);
                self.go(Step::Open, who, ExpectKind::Free)
            }
            Intent::Foreign => self.offer_both(&self.replies().decline),
            Intent::Unclear => self.missed(),
        }
    }

    /// The intent, in the light of what was asked: "the message" chooses, "and Saturday?" asks for hours, "no that's all" ends.
    fn in_place(&self, intent: Intent, said: &[String]) -> Intent {
        let lexicon = Lexicon::of(self.language);
        let short = said.len() <= 5;
        if self.step == Step::Which && short && lexicon.words.text_field.found_in(said) {
            return Intent::Message;
        }
        let names_day = lexicon.day(said).is_some();
        if self.told_hours
            && short
            && names_day
            && matches!(intent, Intent::Unclear | Intent::Foreign | Intent::Greeting)
        {
            return Intent::Hours;
        }
        // "Yes, thank you" takes what is offered.
        if matches!(self.step, Step::OfferPerson | Step::OfferMessage) && agrees(said, "", self.language) {
            return Intent::Yes;
        }
        let words = &Phrases::of(self.language).words;
        if self.step != Step::Open && matches!(intent, Intent::Unclear | Intent::Thanks) && short {
            if words.no.prefix(said).is_some() {
                return Intent::No;
            }
            let says_yes = words.yes.prefix(said).is_some() && !asks_back(said, self.language);
            if says_yes && matches!(intent, Intent::Unclear) {
                return Intent::Yes;
            }
        }
        intent
    }

    fn yes(&mut self) -> Move {
        match self.step {
            Step::OfferPerson => self.transfer(),
            Step::OfferMessage => self.begin_message(),
            Step::Which => self.offer_both(&self.replies().which),
            Step::Open
            | Step::AnythingElse
            | Step::Name
            | Step::Number
            | Step::Text
            | Step::Confirm
            | Step::Change
            | Step::Booking => self.go(Step::Open, &self.replies().go_ahead, ExpectKind::Free),
        }
    }

    fn no(&mut self) -> Move {
        match self.step {
            Step::AnythingElse => self.farewell(),
            Step::Open
            | Step::Which
            | Step::OfferPerson
            | Step::OfferMessage
            | Step::Name
            | Step::Number
            | Step::Text
            | Step::Confirm
            | Step::Change
            | Step::Booking => self.go(Step::AnythingElse, &self.replies().anything_else, ExpectKind::YesNo),
        }
    }

    /// Asks the tool for facts; their words come back in [`Dialog::returned`].
    fn fact(&mut self, intents: &[Option<Intent>], day: Option<&str>) -> Move {
        let topics = intents.iter().flatten().filter_map(|intent| intent.topic());
        let calls = topics.map(|topic| match day.filter(|_| topic == "hours") {
            Some(day) => ("clinic_info", json!({ "topic": topic, "day": day })),
            None => ("clinic_info", json!({ "topic": topic })),
        });
        self.told_hours = intents.contains(&Some(Intent::Hours));
        Move { say: String::new(), expect: ExpectKind::Nothing, calls: calls.collect() }
    }

    /// What follows a fact: the question that was open, or whether there is anything else.
    fn after_fact(&mut self) -> (String, ExpectKind) {
        match self.step {
            Step::Open | Step::AnythingElse | Step::Which | Step::OfferPerson | Step::OfferMessage => {
                self.step = Step::AnythingElse;
                (self.replies().anything_else.clone(), ExpectKind::YesNo)
            }
            Step::Name | Step::Number | Step::Text | Step::Confirm | Step::Change => {
                let question = self.question_again();
                (question.say, question.expect)
            }
            Step::Booking => {
                let question = self.visit_question();
                (question.say, question.expect)
            }
        }
    }

    fn transfer(&mut self) -> Move {
        self.step = Step::Open;
        let reason = json!({ "reason": "the caller asked for a person" });
        // Who is passed on is told so once that is certain: outside the hours nobody is.
        Move::call("transfer_to_person", reason)
    }

    fn farewell(&mut self) -> Move {
        self.step = Step::AnythingElse;
        Move { say: Phrases::of(self.language).farewell().to_owned(), ..Move::call("end_call", json!({})) }
    }

    fn missed(&mut self) -> Move {
        self.misses += 1;
        if self.misses >= PATIENCE {
            self.offer_person(&self.replies().not_understood_again)
        } else {
            let words = self.book.map_or_else(|| &self.replies().not_understood, |book| &book.replies().not_understood);
            self.go(Step::Open, words, ExpectKind::Free)
        }
    }

    /// In these words, if one would take the call.
    fn offer_person(&mut self, words: &str) -> Move {
        match self.operator {
            Operator::There => self.go(Step::OfferPerson, words, ExpectKind::YesNo),
            Operator::Away => self.offer_message(),
        }
    }

    /// A message or a person, in these words, if one would take the call.
    fn offer_both(&mut self, words: &str) -> Move {
        match self.operator {
            Operator::There => self.go(Step::Which, words, ExpectKind::Free),
            Operator::Away => self.offer_message(),
        }
    }

    fn offer_message(&mut self) -> Move {
        self.go(Step::OfferMessage, &self.replies().offer_message, ExpectKind::YesNo)
    }

    fn go(&mut self, step: Step, words: &str, expect: ExpectKind) -> Move {
        self.step = step;
        Move::say(words, expect)
    }

    fn remember(&mut self, answer: Move) -> Move {
        if !answer.say.is_empty() && answer.calls.is_empty() {
            self.last = answer.clone();
        }
        answer
    }

    /// Nothing but "um", "okay" and the like.
    fn only_sounds(&self, said: &[String]) -> bool {
        let words = &Phrases::of(self.language).words;
        said.is_empty() || made_of(said, &[&words.hesitations, &words.backchannels, &words.yes])
    }

    fn replies(&self) -> &'static Replies {
        &Lexicon::of(self.language).replies
    }
}
