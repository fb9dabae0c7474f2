//! Whether a person at the clinic would take a call now: who is not there is offered to nobody.

use jiff::civil::DateTime;

use super::ClinicConfig;
use super::calendar::is_open;

/// Whoever callers are passed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    There,
    Away,
}

impl Operator {
    /// Of this moment at the clinic.
    pub fn at(now: DateTime, clinic: &ClinicConfig) -> Self {
        let is_taken = clinic.transfer_to.is_some() && (clinic.transfer_always || is_open(clinic, now));
        if is_taken { Self::There } else { Self::Away }
    }
}
