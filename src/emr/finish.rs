//! A write runs to its end whatever becomes of whoever asked for it.

use super::EmrError;

pub(super) async fn finish<T: Send + 'static>(
    change: impl Future<Output = Result<T, EmrError>> + Send + 'static,
) -> Result<T, EmrError> {
    tokio::spawn(change)
        .await
        .map_err(|_| EmrError::Unknown("the writer of appointments broke down; see the log".into()))?
}
