//! What a call came to, as the server knows it at hang-up: what was done in it, and what the caller wanted, by the tools that were asked for.
//!
//! No model says it. What was written in the book counts before anything else, and of several writes the last. A message for the staff is none of
//! these: messages have rows of their own. Pure.

use serde::{Deserialize, Serialize};

use super::tools::ToolName;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    #[default]
    NoAction,
    Transferred,
    Waitlisted,
    Registered,
    Booked,
    Rescheduled,
    Cancelled,
}

/// What the caller wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Nothing that a tool was asked for.
    #[default]
    Other,
    Inquiry,
    Register,
    Book,
    Reschedule,
    Cancel,
}

/// Both, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    pub outcome: CallOutcome,
    pub intent: Intent,
}

/// How sure a tool makes it what is wanted.
enum Wish {
    /// It does nothing else.
    Sure(Intent),
    /// It may be on the way to something else.
    Likely(Intent),
    /// A question, if nothing is wanted besides.
    Question,
    Unknown,
}

impl Conclusion {
    /// This tool was asked for, whatever comes of it.
    pub fn tried(&mut self, tool: ToolName) {
        self.intent = match (wish(tool), self.intent) {
            (Wish::Sure(wanted), _) | (Wish::Likely(wanted), Intent::Other | Intent::Inquiry) => wanted,
            (Wish::Question, Intent::Other) => Intent::Inquiry,
            (Wish::Likely(_) | Wish::Question | Wish::Unknown, known) => known,
        };
    }

    /// It did what it is for.
    pub fn done(&mut self, tool: ToolName) {
        let Some(outcome) = outcome(tool) else { return };
        // Of two writes in the book the last counts; else the one that is more.
        if outcome >= CallOutcome::Booked || outcome > self.outcome {
            self.outcome = outcome;
        }
    }

    /// The caller was passed on to a person.
    #[must_use]
    pub fn transferred(self) -> Self {
        Self { outcome: self.outcome.max(CallOutcome::Transferred), ..self }
    }
}

const fn wish(tool: ToolName) -> Wish {
    match tool {
        ToolName::CreateAppointment => Wish::Sure(Intent::Book),
        ToolName::UpdateAppointment => Wish::Sure(Intent::Reschedule),
        ToolName::CancelAppointment => Wish::Sure(Intent::Cancel),
        ToolName::RegisterNewPatient => Wish::Sure(Intent::Register),
        ToolName::FindEarliestAppointment | ToolName::AddToWaitlist => Wish::Likely(Intent::Book),
        ToolName::ValidateHealthCard => Wish::Likely(Intent::Register),
        ToolName::ClinicInfo | ToolName::GetProviders | ToolName::CheckAppointments => Wish::Question,
        ToolName::SearchPatientByPhone
        | ToolName::SearchPatient
        | ToolName::VerifyIdentity
        | ToolName::TakeMessage
        | ToolName::TransferToPerson
        | ToolName::EndCall => Wish::Unknown,
    }
}

/// What it means that this tool did what it is for. Whether a transfer came about, its end tells.
pub const fn outcome(tool: ToolName) -> Option<CallOutcome> {
    match tool {
        ToolName::CreateAppointment => Some(CallOutcome::Booked),
        ToolName::UpdateAppointment => Some(CallOutcome::Rescheduled),
        ToolName::CancelAppointment => Some(CallOutcome::Cancelled),
        ToolName::RegisterNewPatient => Some(CallOutcome::Registered),
        ToolName::AddToWaitlist => Some(CallOutcome::Waitlisted),
        ToolName::ClinicInfo
        | ToolName::GetProviders
        | ToolName::SearchPatientByPhone
        | ToolName::SearchPatient
        | ToolName::VerifyIdentity
        | ToolName::FindEarliestAppointment
        | ToolName::CheckAppointments
        | ToolName::TakeMessage
        | ToolName::ValidateHealthCard
        | ToolName::TransferToPerson
        | ToolName::EndCall => None,
    }
}

impl CallOutcome {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoAction => "nothing booked",
            Self::Transferred => "transferred",
            Self::Waitlisted => "waiting list",
            Self::Registered => "registered",
            Self::Booked => "booked",
            Self::Rescheduled => "moved",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Intent {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Other => "nothing that a tool does",
            Self::Inquiry => "to ask",
            Self::Register => "to register",
            Self::Book => "to book",
            Self::Reschedule => "to move an appointment",
            Self::Cancel => "to cancel",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ToolName as Tool;

    fn of(tools: &[(Tool, bool)]) -> (CallOutcome, Intent) {
        let mut concluded = Conclusion::default();
        for (tool, is_done) in tools {
            concluded.tried(*tool);
            if *is_done {
                concluded.done(*tool);
            }
        }
        (concluded.outcome, concluded.intent)
    }

    #[test]
    fn what_was_done_last_in_the_book_counts_and_else_what_is_more() {
        assert_eq!(of(&[]), (CallOutcome::NoAction, Intent::Other));
        let asks = [(Tool::ClinicInfo, true), (Tool::SearchPatient, true), (Tool::TakeMessage, true)];
        assert_eq!(of(&asks), (CallOutcome::NoAction, Intent::Inquiry));
        let booked =
            [(Tool::FindEarliestAppointment, true), (Tool::CreateAppointment, false), (Tool::CreateAppointment, true)];
        assert_eq!(of(&booked), (CallOutcome::Booked, Intent::Book));
        assert_eq!(of(&booked[..2]), (CallOutcome::NoAction, Intent::Book), "the question before it is none");
        let moved =
            [(Tool::CheckAppointments, true), (Tool::FindEarliestAppointment, true), (Tool::UpdateAppointment, true)];
        assert_eq!(of(&moved), (CallOutcome::Rescheduled, Intent::Reschedule));
        let (waits, registers) =
            ([(Tool::AddToWaitlist, true)], [(Tool::ValidateHealthCard, true), (Tool::RegisterNewPatient, true)]);
        assert_eq!(of(&[&waits[..], &registers].concat()), (CallOutcome::Registered, Intent::Register));
        assert_eq!(of(&[&registers[..], &waits].concat()), (CallOutcome::Registered, Intent::Register));
        assert_eq!(of(&[&booked[..], &waits, &registers].concat()).0, CallOutcome::Booked);
        let regretted = [&booked[..], &[(Tool::CancelAppointment, true)]].concat();
        assert_eq!(of(&regretted), (CallOutcome::Cancelled, Intent::Cancel));
        assert_eq!(of(&[&regretted[..], &booked].concat()), (CallOutcome::Booked, Intent::Book));
    }

    #[test]
    fn who_was_passed_on_was_served_if_something_was_done_before() {
        let mut concluded = Conclusion::default();
        assert_eq!(concluded.transferred().outcome, CallOutcome::Transferred);
        concluded.done(Tool::CancelAppointment);
        assert_eq!(concluded.transferred().outcome, CallOutcome::Cancelled);
    }
}
