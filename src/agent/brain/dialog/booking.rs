//! Booking, moving, cancelling and telling appointments: the same tools in the same order as a language model is told to.
//!
//! What the visit is for, who is calling, when and with whom, which of the times offered, read back, yes. Nothing is written without the
//! server's own question and a yes to it, so hanging up leaves nothing. What is not understood twice leads to a message or a person.

mod patient;
mod results;
mod times;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::appointment::{Appointments, Replies, Wish};
use super::super::choice::Offer;
use super::message::is_question;
use super::{Dialog, Heard, Intent, Move, Step};
use crate::agent::calendar::{self, When};
use crate::agent::tools::ToolName;
use crate::agent::{ExpectKind, digits};
use crate::emr::VisitKind;
use crate::language::Language;
use crate::phrases::{Phrases, asks_back};

pub(super) use patient::Patient;

/// What the clinic lets this brain do in its book.
#[derive(Clone, Copy)]
pub(in crate::agent::brain) struct Book {
    /// The clinic's own date.
    pub today: Date,
    appointments: &'static Appointments,
    grants: Grants,
}

/// Tools there are, or were earlier in the call.
#[derive(Clone, Copy)]
struct Grants {
    book: bool,
    shift: bool,
    cancel: bool,
    tell: bool,
}

impl Book {
    /// `None`: nobody is booked in this language, or here.
    pub(in crate::agent::brain) fn new(
        language: Language,
        today: Option<Date>,
        has: impl Fn(ToolName) -> bool,
    ) -> Option<Self> {
        use ToolName::{
            CancelAppointment, CheckAppointments, CreateAppointment, FindEarliestAppointment, SearchPatient,
            UpdateAppointment, VerifyIdentity,
        };
        let appointments = Appointments::of(language).filter(|_| calendar::knows(language))?;
        let all = |tools: &[ToolName]| tools.iter().all(|tool| has(*tool));
        let known = all(&[SearchPatient, VerifyIdentity]);
        let tell = known && has(CheckAppointments);
        let grants = Grants {
            book: known && all(&[FindEarliestAppointment, CreateAppointment]),
            shift: tell && all(&[FindEarliestAppointment, UpdateAppointment]),
            cancel: tell && has(CancelAppointment),
            tell,
        };
        grants.book.then_some(())?;
        Some(Self { today: today?, appointments, grants })
    }

    fn allows(&self, wish: Wish) -> bool {
        self.grants.allow(wish)
    }

    pub(super) const fn replies(&self) -> &'static Replies {
        &self.appointments.replies
    }
}

impl Grants {
    const fn allow(&self, wish: Wish) -> bool {
        match wish {
            Wish::Book | Wish::ForAnother => self.book,
            Wish::Move => self.shift,
            Wish::Cancel => self.cancel,
            Wish::Tell => self.tell,
        }
    }
}

/// What was asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Kind,
    Name,
    LastName,
    Born,
    /// Name and birth date read back.
    Identity,
    IdentityChange,
    /// A postal code, or the end of a card number.
    Factor,
    /// Which of the appointments that stand?
    Standing,
    When,
    Slot,
    /// Nothing was free: other days?
    OtherDays,
    /// The server's own question: shall it be done?
    Agree,
    /// After a no to it.
    Change,
}

/// An appointment being made, moved or cancelled.
pub(super) struct Visit {
    wish: Wish,
    ask: Ask,
    /// In other words than a tool's.
    question: Move,
    patient: Patient,
    kind: Option<VisitKind>,
    /// Whom to see, once said; anyone: `Some(None)`.
    provider: Option<Option<String>>,
    when: Option<When>,
    /// The first words of the wish: they may tell which appointment.
    first: String,
    offers: Vec<Offer>,
    /// Handles of times that were turned down.
    refused: Vec<String>,
    slot: Option<Offer>,
    /// Appointments of the caller, once looked up, each with the kind of visit that is as long.
    standing: Option<Vec<(Offer, Option<VisitKind>)>>,
    appointment: Option<Offer>,
    /// Days and hours were given up already.
    widened: bool,
    /// Times that the server took for no answer what was taken for one here.
    unclear: u32,
}

impl Visit {
    fn new(wish: Wish, patient: Patient, first: &str) -> Self {
        Self {
            wish,
            ask: Ask::Kind,
            question: Move::say("", ExpectKind::Free),
            patient,
            kind: None,
            provider: None,
            when: None,
            first: first.to_owned(),
            offers: Vec::new(),
            refused: Vec::new(),
            slot: None,
            standing: None,
            appointment: None,
            widened: false,
            unclear: 0,
        }
    }
}

/// Misunderstandings in a row before a message or a person is offered.
const PATIENCE: u32 = 2;

/// Answers that the server finds unclear before a message or a person is offered.
const MOST_UNCLEAR: u32 = 3;

/// Tokens of an utterance that can be a command in the middle of an answer.
const SHORT: usize = 6;

impl Dialog {
    /// A wish for the book, if it is one that is served here.
    pub(super) fn wish(&mut self, heard: Heard<'_>) -> Option<Move> {
        let book = self.book?;
        if matches!(heard.understood.intent, Intent::Message | Intent::Person) {
            return None;
        }
        let wish = book.appointments.wish(heard.said).filter(|wish| book.allows(*wish))?;
        Some(self.begin_visit(&book, wish, heard))
    }

    fn begin_visit(&mut self, book: &Book, wish: Wish, heard: Heard<'_>) -> Move {
        self.misses = 0;
        if wish == Wish::ForAnother {
            self.visit = None;
            // Whether anybody would take the call, these rules do not know.
            return self.go(Step::OfferMessage, &book.replies().for_another, ExpectKind::YesNo);
        }
        // Whoever was made sure of stays so.
        let patient = self.visit.take().map(|visit| visit.patient).or_else(|| self.verified.clone());
        let mut visit = Visit::new(wish, patient.filter(Patient::is_verified).unwrap_or_default(), heard.text);
        if wish == Wish::Book {
            visit.kind = book.appointments.kind(heard.said);
        }
        if matches!(wish, Wish::Book | Wish::Move) {
            visit.provider = book.appointments.provider(heard.said, self.language);
            // "Move my Tuesday appointment to Thursday": the day that it is moved to.
            let wished = if wish == Wish::Move { after_to(heard.text, self.language) } else { Some(heard.text) };
            visit.when = wished.and_then(|text| calendar::when(text, self.language, book.today));
        }
        self.visit = Some(visit);
        self.go_on()
    }

    pub(super) fn booking(&mut self, heard: Heard<'_>) -> Move {
        let (Some(book), Some(ask)) = (self.book, self.visit.as_ref().map(|visit| visit.ask)) else {
            return self.missed();
        };
        let short = heard.said.len() <= SHORT && !heard.said.iter().any(|t| digits::digit(t, self.language).is_some());
        if short && book.appointments.words.give_up.found_in(heard.said) {
            return self.give_up(&book.replies().given_up);
        }
        // What names a wish names no patient and no time.
        let wish = book.appointments.wish(heard.said).filter(|wish| book.allows(*wish));
        let same = self.visit.as_ref().map(|visit| visit.wish);
        if let Some(wish) = wish.filter(|wish| Some(*wish) != same && !matches!(ask, Ask::Agree | Ask::Kind)) {
            return self.begin_visit(&book, wish, heard);
        }
        if matches!(ask, Ask::Kind | Ask::Name) && book.appointments.words.for_another.found_in(heard.said) {
            return self.begin_visit(&book, Wish::ForAnother, heard);
        }
        // Almost anything could be a name.
        let open = matches!(ask, Ask::Name | Ask::LastName);
        if open && let Some(aside) = self.aside(short, heard) {
            return aside;
        }
        let answer = match ask {
            Ask::Kind => self.take_kind(&book, heard),
            Ask::Name | Ask::LastName => self.take_patient_name(&book, ask, heard),
            Ask::Born => self.take_born(&book, heard.text),
            Ask::Identity => self.identity_agreed(&book, heard),
            Ask::IdentityChange => self.identity_changed(&book, heard),
            Ask::Factor => self.take_factor(heard.text),
            Ask::Standing => self.take_standing(&book, heard.text),
            Ask::When | Ask::Change => self.take_when(&book, ask, heard),
            Ask::Slot => self.take_slot(&book, heard),
            Ask::OtherDays => self.take_other_days(&book, heard),
            Ask::Agree => self.take_agreement(&book, heard),
        };
        match answer {
            Some(next) => {
                self.misses = 0;
                next
            }
            None => match self.aside(short, heard).filter(|_| !open) {
                Some(aside) => aside,
                None => self.not_answered(&book, ask),
            },
        }
    }

    /// No answer: a person, goodbye, once more please, or a question about the clinic on the way.
    fn aside(&mut self, short: bool, heard: Heard<'_>) -> Option<Move> {
        match heard.understood.intent {
            Intent::Repeat if short => Some(self.last.clone()),
            Intent::Person if short => Some(self.transfer()),
            Intent::Goodbye if short => Some(self.farewell()),
            intent => {
                let has_digits = heard.said.iter().any(|t| digits::digit(t, self.language).is_some());
                let asks = intent.topic().is_some() && is_question(heard.said, self.language);
                (asks && !has_digits).then(|| self.fact(&[Some(intent)], heard.understood.day.as_deref()))
            }
        }
    }

    fn not_answered(&mut self, book: &Book, ask: Ask) -> Move {
        self.misses += 1;
        if self.misses >= PATIENCE {
            return self.stuck(book);
        }
        let replies = book.replies();
        let (words, expect) = match ask {
            Ask::Kind => (&replies.ask_kind_again, ExpectKind::Free),
            Ask::Name | Ask::LastName => (&replies.ask_name_again, ExpectKind::Name),
            Ask::Born => (&replies.ask_born_again, ExpectKind::BirthDate),
            Ask::Identity => (&replies.identity_again, ExpectKind::YesNo),
            Ask::IdentityChange => (&replies.identity_change, ExpectKind::Free),
            Ask::Factor => (&replies.factor_again, ExpectKind::Spelling),
            Ask::Standing => (&replies.which_again, ExpectKind::Free),
            Ask::When | Ask::Change => (&replies.ask_when_again, ExpectKind::Free),
            Ask::Slot => (&replies.choose_again, ExpectKind::Free),
            // The server's own words: a yes to others is none.
            Ask::OtherDays | Ask::Agree => return self.visit_question(),
        };
        self.ask_visit(ask, words, expect)
    }

    /// The open question.
    pub(super) fn visit_question(&self) -> Move {
        self.visit.as_ref().map_or_else(|| self.hello(), |visit| visit.question.clone())
    }

    /// Asks for what is missing, or calls the tool that can be called.
    fn go_on(&mut self) -> Move {
        let (Some(book), Some(visit)) = (self.book, self.visit.as_ref()) else { return self.missed() };
        let replies = book.replies();
        if visit.wish == Wish::Book && visit.kind.is_none() {
            return self.ask_visit(Ask::Kind, &replies.ask_kind, ExpectKind::Free);
        }
        if !visit.patient.is_verified() {
            return self.identify(&book);
        }
        if visit.wish != Wish::Book {
            let handle = json!({ "patient": visit.patient.handle() });
            match (&visit.standing, &visit.appointment) {
                (None, _) => return Move::call(ToolName::CheckAppointments.name(), handle),
                (Some(_), None) => {
                    return self.ask_visit(Ask::Standing, &replies.which_appointment, ExpectKind::Free);
                }
                (Some(_), Some(appointment)) if visit.wish == Wish::Cancel => {
                    let arguments = json!({ "appointment": appointment.handle });
                    return Move::call(ToolName::CancelAppointment.name(), arguments);
                }
                (Some(_), Some(_)) => {}
            }
        }
        match (&visit.when, &visit.slot) {
            (None, _) => self.ask_visit(Ask::When, &replies.ask_when, ExpectKind::Free),
            (Some(when), None) => Move::call(ToolName::FindEarliestAppointment.name(), times::search(visit, when)),
            (Some(_), Some(slot)) => match &visit.appointment {
                Some(appointment) => Move::call(
                    ToolName::UpdateAppointment.name(),
                    json!({ "appointment": appointment.handle, "slot": slot.handle }),
                ),
                None => Move::call(
                    ToolName::CreateAppointment.name(),
                    json!({ "patient": visit.patient.handle(), "slot": slot.handle }),
                ),
            },
        }
    }

    fn ask_visit(&mut self, ask: Ask, words: &str, expect: ExpectKind) -> Move {
        let question = Move::say(words, expect);
        if let Some(visit) = &mut self.visit {
            visit.ask = ask;
            visit.question = question.clone();
        }
        self.step = Step::Booking;
        question
    }

    fn take_kind(&mut self, book: &Book, heard: Heard<'_>) -> Option<Move> {
        let kind = book.appointments.kind(heard.said)?;
        let when = calendar::when(heard.text, self.language, book.today);
        let provider = book.appointments.provider(heard.said, self.language);
        let visit = self.visit.as_mut()?;
        visit.kind = Some(kind);
        visit.when = when.or_else(|| visit.when.take());
        visit.provider = provider.or_else(|| visit.provider.take());
        Some(self.go_on())
    }

    /// A yes or a no, with whatever else was said; a yes with a doubt is a no, and a question back neither.
    fn verdict(&self, heard: Heard<'_>) -> Option<bool> {
        let words = &Phrases::of(self.language).words;
        let hesitations =
            heard.said.iter().take_while(|t| words.hesitations.prefix(std::slice::from_ref(t)).is_some()).count();
        let plain = &heard.said[hesitations..];
        if asks_back(heard.said, self.language) {
            return words.no.prefix(plain).is_some().then_some(false);
        }
        let doubts = ["but", "except", "mais", "sauf"].iter().any(|w| heard.said.iter().any(|t| t == w));
        if words.no.found_in(heard.said) || heard.understood.intent == Intent::No || doubts {
            return Some(false);
        }
        (words.yes.prefix(plain).is_some() || heard.understood.intent == Intent::Yes).then_some(true)
    }

    fn give_up(&mut self, words: &str) -> Move {
        self.end_visit();
        self.go(Step::AnythingElse, words, ExpectKind::YesNo)
    }

    /// A message or a person.
    fn stuck(&mut self, book: &Book) -> Move {
        self.misses = 0;
        self.end_visit();
        self.offer_both(&book.replies().stuck)
    }

    /// Only who is calling is kept.
    fn end_visit(&mut self) {
        let patient = self.visit.take().map(|visit| visit.patient);
        if let Some(patient) = patient.filter(Patient::is_verified) {
            self.verified = Some(patient);
        }
    }
}

/// A tool's sentence, then what follows it.
fn after(say: &str, next: Move) -> Move {
    let say = if next.say.is_empty() { say.to_owned() } else { format!("{say} {}", next.say) };
    Move { say, ..next }
}

/// What follows "to" in "move it to Thursday".
fn after_to(text: &str, language: Language) -> Option<&str> {
    let to: &[&str] = if language == Language::French { &[" à ", " au ", " pour "] } else { &[" to ", " for "] };
    to.iter().filter_map(|to| text.rfind(to).map(|at| at + to.len())).max().map(|at| &text[at..])
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
