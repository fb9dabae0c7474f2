//! What an agent can do besides talking: look up a fact, work the book of appointments, take a message, pass the caller on, end the call.
//!
//! The model proposes, the server decides: arguments are checked here, the clinic and the caller come from the session, and the
//! number callers are passed on to is never shown. A tool never fails silently: what it could not do is said to the model in words.

mod appointments;
mod by_phone;
mod call_back;
mod clinic_info;
mod consent;
mod dealings;
mod for_staff;
mod get_providers;
mod health_card;
mod identity;
mod interrupted;
mod ledger;
mod left_behind;
mod limits;
pub mod messages;
mod once;
mod provider_name;
mod register;
mod repeated;
mod schema;
mod take_message;
mod trace;
mod untold;
mod waiting_list;
mod weekday;
mod write_up;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::llm::ToolSpec;
use super::{CallFacts, Line, Who};
use crate::clinic::Clinic;
use crate::clinic::operator::Operator;
use crate::clinic::spoken::refusal;
use crate::emr::Emr;
use crate::language::Language;
use crate::phrases::{Parting, emergency};
use crate::privacy::Pii;
use crate::state::Shared;

pub use dealings::Dealings;
pub(crate) use dealings::OUTCOME_UNKNOWN;
pub(super) use identity::calling_number;
pub use interrupted::deliver;
pub use ledger::{LEDGER, Ledger, State, Step};
pub use left_behind::LeftBehind;
pub use messages::{MESSAGES, Message, MessageKind, Messages};
pub(super) use once::run_once;
pub(super) use repeated::agrees;
pub use trace::{Found, SealedChart, Trace};
pub(super) use untold::leave as leave_untold;
pub(super) use write_up::write_up;

/// The tools by the names models and agents' files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    ClinicInfo,
    GetProviders,
    SearchPatientByPhone,
    SearchPatient,
    VerifyIdentity,
    FindEarliestAppointment,
    CheckAppointments,
    CreateAppointment,
    UpdateAppointment,
    CancelAppointment,
    TakeMessage,
    ValidateHealthCard,
    RegisterNewPatient,
    AddToWaitlist,
    TransferToPerson,
    EndCall,
}

impl ToolName {
    pub const ALL: [Self; 16] = [
        Self::ClinicInfo,
        Self::GetProviders,
        Self::SearchPatientByPhone,
        Self::SearchPatient,
        Self::VerifyIdentity,
        Self::FindEarliestAppointment,
        Self::CheckAppointments,
        Self::CreateAppointment,
        Self::UpdateAppointment,
        Self::CancelAppointment,
        Self::TakeMessage,
        Self::ValidateHealthCard,
        Self::RegisterNewPatient,
        Self::AddToWaitlist,
        Self::TransferToPerson,
        Self::EndCall,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ClinicInfo => "clinic_info",
            Self::GetProviders => "get_providers",
            Self::SearchPatientByPhone => "search_patient_by_phone",
            Self::SearchPatient => "search_patient",
            Self::VerifyIdentity => "verify_identity",
            Self::FindEarliestAppointment => "find_earliest_appointment",
            Self::CheckAppointments => "check_appointments",
            Self::CreateAppointment => "create_appointment",
            Self::UpdateAppointment => "update_appointment",
            Self::CancelAppointment => "cancel_appointment",
            Self::TakeMessage => "take_message",
            Self::ValidateHealthCard => "validate_health_card",
            Self::RegisterNewPatient => "register_new_patient",
            Self::AddToWaitlist => "add_to_waitlist",
            Self::TransferToPerson => "transfer_to_person",
            Self::EndCall => "end_call",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Of no use where no book is kept.
    pub const fn needs_book(self) -> bool {
        match self {
            Self::SearchPatientByPhone
            | Self::SearchPatient
            | Self::VerifyIdentity
            | Self::FindEarliestAppointment
            | Self::CheckAppointments
            | Self::CreateAppointment
            | Self::UpdateAppointment
            | Self::CancelAppointment => true,
            Self::ClinicInfo
            | Self::GetProviders
            | Self::TakeMessage
            | Self::ValidateHealthCard
            | Self::RegisterNewPatient
            | Self::AddToWaitlist
            | Self::TransferToPerson
            | Self::EndCall => false,
        }
    }

    /// What must not be done twice.
    pub const fn writes_in_book(self) -> bool {
        match self {
            Self::CreateAppointment | Self::UpdateAppointment | Self::CancelAppointment => true,
            Self::SearchPatientByPhone
            | Self::SearchPatient
            | Self::VerifyIdentity
            | Self::FindEarliestAppointment
            | Self::CheckAppointments
            | Self::ClinicInfo
            | Self::GetProviders
            | Self::TakeMessage
            | Self::ValidateHealthCard
            | Self::RegisterNewPatient
            | Self::AddToWaitlist
            | Self::TransferToPerson
            | Self::EndCall => false,
        }
    }

    /// What comes of it the caller hears before the call ends: perhaps nothing was kept or written yet.
    pub const fn is_told_of(self) -> bool {
        self.writes_in_book() || matches!(self, Self::TakeMessage | Self::RegisterNewPatient | Self::AddToWaitlist)
    }

    /// After it the agent says nothing more.
    pub const fn ends_call(self) -> bool {
        match self {
            Self::TransferToPerson | Self::EndCall => true,
            Self::SearchPatientByPhone
            | Self::SearchPatient
            | Self::VerifyIdentity
            | Self::FindEarliestAppointment
            | Self::CheckAppointments
            | Self::CreateAppointment
            | Self::UpdateAppointment
            | Self::CancelAppointment
            | Self::ClinicInfo
            | Self::GetProviders
            | Self::TakeMessage
            | Self::ValidateHealthCard
            | Self::RegisterNewPatient
            | Self::AddToWaitlist => false,
        }
    }

    /// What a model is told of it.
    pub fn spec(self) -> ToolSpec {
        match self {
            Self::ClinicInfo => clinic_info::spec(),
            Self::GetProviders => get_providers::spec(),
            Self::SearchPatientByPhone => by_phone::spec(),
            Self::SearchPatient => identity::search_spec(),
            Self::VerifyIdentity => identity::verify_spec(),
            Self::FindEarliestAppointment => appointments::find_spec(),
            Self::CheckAppointments => appointments::check_spec(),
            Self::CreateAppointment => appointments::create_spec(),
            Self::UpdateAppointment => appointments::update_spec(),
            Self::CancelAppointment => appointments::cancel_spec(),
            Self::TakeMessage => take_message::spec(),
            Self::ValidateHealthCard => health_card::spec(),
            Self::RegisterNewPatient => register::spec(),
            Self::AddToWaitlist => waiting_list::spec(),
            Self::TransferToPerson => ToolSpec {
                name: self.name(),
                description: "Pass the caller to a person at the clinic, when they ask for one, are upset, or you cannot help. \
                              Say nothing with it: they are told once it is certain, and outside the hours it is refused. \
                              The server knows the number.",
                parameters: object(
                    json!({ "reason": { "type": "string", "description": "why, in a few words" } }),
                    &["reason"],
                ),
            },
            Self::EndCall => ToolSpec {
                name: self.name(),
                description: "Hang up, once you have said goodbye and the caller wants nothing more.",
                parameters: object(json!({}), &[]),
            },
        }
    }
}

/// JSON Schema of an object without other properties.
pub(super) fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// What the server knows while a tool runs.
#[derive(Clone, Debug)]
pub struct Session {
    pub clinic: Arc<Clinic>,
    pub call: CallFacts,
    pub language: Language,
    /// Wall clock.
    pub now: jiff::Timestamp,
    /// Everything said and heard, as heard.
    pub said: Arc<[Line]>,
    pub messages: Arc<Messages>,
    /// The clinic's book, if it has one.
    pub emr: Option<Arc<dyn Emr>>,
    pub dealings: Arc<Dealings>,
    pub shared: Shared,
}

/// What came of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// For the model: `ok`, and `say` or `code` and `what`.
    pub result: Value,
    /// What happens to the call once the words so far were heard.
    pub ending: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    HangUp,
    Transfer { to: Pii<String> },
}

impl Ending {
    /// The words before it, if the agent has none of its own.
    pub(crate) const fn parting(&self) -> Parting {
        match self {
            Self::HangUp => Parting::Farewell,
            Self::Transfer { .. } => Parting::Transfer,
        }
    }
}

impl Outcome {
    fn ok(mut result: Value) -> Self {
        result["ok"] = true.into();
        Self { result, ending: None }
    }

    /// `code` for the model to act on, `what` to understand it by. Neither holds a caller's words.
    pub(super) fn refused(code: &str, what: impl Into<String>) -> Self {
        Self { result: json!({ "ok": false, "code": code, "what": what.into() }), ending: None }
    }

    /// Not done, and what to tell the caller.
    pub(super) fn told(code: &str, say: &str) -> Self {
        Self { result: json!({ "ok": false, "code": code, "say": say }), ending: None }
    }

    pub fn is_ok(&self) -> bool {
        self.result["ok"] == true
    }
}

/// Runs one tool to its end. `arguments` is what the model wrote; the numbers of cards, which it never saw, are put in here.
pub async fn run(tool: ToolName, arguments: &Pii<String>, session: &Session) -> Outcome {
    let arguments = &session.dealings.cards().filled(arguments, &session.said, session.language);
    match tool {
        ToolName::ClinicInfo => match parse(arguments) {
            Ok(asked) => clinic_info::run(&asked, session),
            Err(outcome) => outcome,
        },
        ToolName::GetProviders => match parse(arguments) {
            Ok(asked) => get_providers::run(&asked, session).await,
            Err(outcome) => outcome,
        },
        ToolName::SearchPatientByPhone
        | ToolName::SearchPatient
        | ToolName::VerifyIdentity
        | ToolName::FindEarliestAppointment
        | ToolName::CheckAppointments
        | ToolName::CreateAppointment
        | ToolName::UpdateAppointment
        | ToolName::CancelAppointment => match &session.emr {
            Some(emr) => with_book(tool, arguments, emr.as_ref(), session).await.unwrap_or_else(|refused| refused),
            None => no_book(),
        },
        ToolName::TakeMessage => match parse(arguments) {
            Ok(asked) => take_message::run(asked, session).await,
            Err(outcome) => outcome,
        },
        ToolName::ValidateHealthCard => match parse(arguments) {
            Ok(asked) => health_card::run(&asked, session),
            Err(outcome) => outcome,
        },
        ToolName::RegisterNewPatient => match parse(arguments) {
            Ok(asked) => register::run(asked, session).await,
            Err(outcome) => outcome,
        },
        ToolName::AddToWaitlist => match parse(arguments) {
            Ok(asked) => waiting_list::run(&asked, session).await,
            Err(outcome) => outcome,
        },
        ToolName::TransferToPerson => match parse::<Transfer>(arguments) {
            Ok(Transfer { reason }) => transfer(&reason, session),
            Err(outcome) => outcome,
        },
        ToolName::EndCall => match parse::<Nothing>(arguments) {
            Ok(Nothing {}) => Outcome { ending: Some(Ending::HangUp), ..Outcome::ok(json!({})) },
            Err(outcome) => outcome,
        },
    }
}

async fn with_book(
    tool: ToolName,
    arguments: &Pii<String>,
    emr: &dyn Emr,
    session: &Session,
) -> Result<Outcome, Outcome> {
    Ok(match tool {
        ToolName::SearchPatientByPhone => {
            let Nothing {} = parse(arguments)?;
            by_phone::run(emr, session).await
        }
        ToolName::SearchPatient => identity::search(parse(arguments)?, emr, session).await,
        ToolName::VerifyIdentity => identity::verify(&parse(arguments)?, session).await,
        ToolName::FindEarliestAppointment => appointments::find(parse(arguments)?, emr, session).await,
        ToolName::CheckAppointments => appointments::check(&parse(arguments)?, emr, session).await,
        ToolName::CreateAppointment => appointments::create(&parse(arguments)?, emr, session).await,
        ToolName::UpdateAppointment => appointments::update(&parse(arguments)?, emr, session).await,
        ToolName::CancelAppointment => appointments::cancel(&parse(arguments)?, emr, session).await,
        ToolName::ClinicInfo
        | ToolName::GetProviders
        | ToolName::TakeMessage
        | ToolName::ValidateHealthCard
        | ToolName::RegisterNewPatient
        | ToolName::AddToWaitlist
        | ToolName::TransferToPerson
        | ToolName::EndCall => no_book(),
    })
}

/// Nobody books here.
fn no_book() -> Outcome {
    Outcome::refused("no_book", "no appointments are booked here; offer to take a message or to pass the caller on")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn transfer(reason: &str, session: &Session) -> Outcome {
    match &session.clinic.config.transfer_to {
        Some(to) if is_passed_on(reason, session) => {
            Outcome { ending: Some(Ending::Transfer { to: Pii::new(to.clone()) }), ..Outcome::ok(json!({})) }
        }
        Some(_) => Outcome::told("closed", refusal::closed(session.language)),
        None => Outcome::refused("nobody_there", "nobody can take the call; offer to take a message instead"),
    }
}

/// Whether there is a person who takes the call now. `reason`: why it is to be passed on.
fn is_passed_on(reason: &str, session: &Session) -> bool {
    operator(session) == Operator::There || (session.clinic.config.transfer_to.is_some() && is_urgent(reason, session))
}

fn operator(session: &Session) -> Operator {
    Operator::at(session.clinic.local(session.now).datetime(), &session.clinic.config)
}

/// The caller, or whoever passes them on, spoke of an emergency.
fn is_urgent(reason: &str, session: &Session) -> bool {
    let heard = session.said.iter().filter(|line| line.who == Who::Caller).map(|line| line.text.reveal().as_str());
    heard.chain([reason]).any(|words| emergency(words).is_some())
}

fn parse<T: DeserializeOwned>(arguments: &Pii<String>) -> Result<T, Outcome> {
    // Serde's words name fields and types; the values in them are cut off, since they may be a caller's.
    serde_json::from_str(arguments.reveal()).map_err(|e| {
        let what = e.to_string();
        let what = what.split(": string").next().unwrap_or_default();
        let what = if what.contains("invalid") { "an argument has the wrong type or value" } else { what };
        Outcome::refused("invalid", format!("{what}; call again with the arguments of the schema"))
    })
}

#[cfg(test)]
pub(in crate::agent) mod tests;
