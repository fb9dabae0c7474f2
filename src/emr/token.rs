//! What a login to an EMR gives: kept until it is refused, and asked for anew by one request at a time.

use std::sync::Arc;

use parking_lot::Mutex;

pub(super) struct Tokens<T> {
    kept: Mutex<Option<Arc<T>>>,
    door: tokio::sync::Mutex<()>,
}

impl<T> Default for Tokens<T> {
    fn default() -> Self {
        Self { kept: Mutex::default(), door: tokio::sync::Mutex::default() }
    }
}

impl<T> Tokens<T> {
    /// The token, unless it is the one that was refused.
    pub(super) fn present(&self, refused: Option<&Arc<T>>) -> Option<Arc<T>> {
        self.kept.lock().clone().filter(|token| refused.is_none_or(|refused| !Arc::ptr_eq(token, refused)))
    }

    /// Whoever holds this logs in; the others wait and find the token there.
    pub(super) async fn door(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.door.lock().await
    }

    pub(super) fn keep(&self, token: T) -> Arc<T> {
        let token = Arc::new(token);
        *self.kept.lock() = Some(token.clone());
        token
    }
}
