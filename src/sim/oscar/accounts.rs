//! Who may log in, and the token that stands for a password until Java starts again.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use sha1::{Digest, Sha1};

/// The right to read patients, without which `DemographicWs` refuses.
pub(super) const READS_PATIENTS: &str = "_demographic";
/// Open-O wants it for one operation; nobody else asks.
pub(super) const READS_APPOINTMENTS: &str = "_appointment";

/// A login of OSCAR.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    /// What the security header calls the user.
    pub(super) security_id: i64,
    pub(super) user: String,
    pub(super) password: String,
    /// The provider it belongs to.
    pub(super) provider: String,
    /// The last day it works.
    pub(super) expires: Date,
    pub(super) rights: Vec<String>,
}

impl Account {
    pub(super) fn may(&self, right: &str) -> bool {
        self.rights.iter().any(|own| own == right)
    }

    /// Guessable for whoever knows the password's hash, and the same until Java starts again: as in OSCAR.
    pub(super) fn token(&self, java_started: Timestamp) -> String {
        let hash = Sha1::digest(self.password.as_bytes());
        let mangled = hash.iter().fold(0_i64, |sum, byte| (sum * 31 + i64::from(*byte)) % 1_000_000_007);
        (java_started.as_millisecond() + mangled).to_string()
    }
}
