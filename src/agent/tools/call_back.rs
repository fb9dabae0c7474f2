//! Which number the clinic is to call back: one that the caller gave, or the one they are calling from, which only the server knows.

use super::{Outcome, Session};
use crate::agent::digits;

/// Stands for the number the caller is calling from, in a tool's arguments.
const CALLER: &str = "caller";

/// Ten digits.
pub(super) enum CallBack {
    CalledFrom(String),
    Given(String),
}

impl CallBack {
    /// `asked`: as the model wrote it.
    pub(super) fn of(asked: &str, session: &Session) -> Result<Self, Outcome> {
        let same = asked.trim().eq_ignore_ascii_case(CALLER);
        let wanted = if same { session.call.caller.reveal().as_str() } else { asked };
        let given: String = wanted.chars().filter(char::is_ascii_digit).collect();
        let number = digits::telephone(&given).ok_or_else(|| {
            Outcome::refused("invalid_number", "that is no telephone number of ten digits; ask for it again")
        })?;
        Ok(if same { Self::CalledFrom(number) } else { Self::Given(number) })
    }

    pub(super) fn digits(&self) -> &str {
        match self {
            Self::CalledFrom(number) | Self::Given(number) => number,
        }
    }
}
