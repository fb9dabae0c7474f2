//! The account at OSCAR: its name and password, and the token that a login gives.
//!
//! A token lives until Tomcat starts again or the password changes, so it is kept and asked for anew only when it is refused, by one
//! request at a time. It can be worked out from the password's hash: it is kept as a secret.

use std::sync::Arc;

use parking_lot::Mutex;

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
    token: Mutex<Option<Arc<Token>>>,
    door: tokio::sync::Mutex<()>,
}

impl Account {
    pub(super) fn new(user: Secret, password: Secret) -> Self {
        Self { user, password, token: Mutex::default(), door: tokio::sync::Mutex::default() }
    }

    /// The token, unless it is the one that was refused.
    pub(super) fn token(&self, refused: Option<&Arc<Token>>) -> Option<Arc<Token>> {
        self.token.lock().clone().filter(|token| refused.is_none_or(|refused| !Arc::ptr_eq(token, refused)))
    }

    /// Whoever holds this logs in; the others wait and find the token there.
    pub(super) async fn door(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.door.lock().await
    }

    pub(super) fn keep(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        *self.token.lock() = Some(token.clone());
        token
    }
}
