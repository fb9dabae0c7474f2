//! Which number the clinic is to call back: one that the caller gave, or the one they are calling from, which only the server knows. Numbers kept for
//! films are nobody's, and taken only by a clinic that has one itself.

use super::{Outcome, Session};
use crate::agent::digits;
use crate::clinic::number::is_fictional;

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
        // A clinic for trying out has such numbers itself.
        if is_fictional(&number) && !session.clinic.config.is_made_up() {
            return Err(Outcome::refused(
                "invalid_number",
                "nobody can be called at that number, which is kept for films; ask for another",
            ));
        }
        Ok(if same { Self::CalledFrom(number) } else { Self::Given(number) })
    }

    pub(super) fn digits(&self) -> &str {
        match self {
            Self::CalledFrom(number) | Self::Given(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::session;
    use super::*;
    use crate::clinic::Clinic;

    #[test]
    fn numbers_that_nobody_has_are_taken_in_trials_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = session(folder.path(), &[]);
        let mut clinic = Clinic::sample();
        assert!(CallBack::of("604-555-0123", &session).is_ok() && CallBack::of("caller", &session).is_ok());
        clinic.config.phone = "+16042345678".to_owned();
        session.clinic = Arc::new(clinic);
        for asked in ["604-555-0123", "caller"] {
            let refused = CallBack::of(asked, &session).err().unwrap();
            assert_eq!(refused.result["code"], "invalid_number", "{asked}");
            assert!(!refused.result.to_string().contains("0123"), "{}", refused.result);
        }
        assert_eq!(CallBack::of("604-555-1234", &session).ok().unwrap().digits(), "6045551234");
    }
}
