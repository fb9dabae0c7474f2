//! The account at OSCAR: its name and password, and the token that a login gives.
//!
//! A token lives until Tomcat starts again or the password changes, so it is kept and asked for anew only when it is refused. It can be worked
//! out from the password's hash: it is kept as a secret.

use super::super::token::Tokens;
use crate::config::Secret;

/// What stands in the security header.
pub(super) struct Token {
    /// `securityId`: a number, never the account's name.
    pub id: u64,
    pub key: Secret,
}

pub(super) struct Account {
    pub(super) user: Secret,
    pub(super) password: Secret,
    pub(super) tokens: Tokens<Token>,
}

impl Account {
    pub(super) fn new(user: Secret, password: Secret) -> Self {
        Self { user, password, tokens: Tokens::default() }
    }
}
