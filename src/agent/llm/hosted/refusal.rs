//! An answer with an error status: what kind it is, and when to come again. Of its text only the error's code is kept: it may quote the
//! caller.

use reqwest::{Response, header};
use serde_json::Value;
use tokio::time::timeout;

use super::{CONNECT, NAMELESS};
use crate::provider::{ProviderError, code, kind_of_status, retry_after};

/// An answer that is no stream: enough of it to read the error.
const MOST_ERROR: usize = 16 * 1024;

pub(super) async fn read(mut response: Response) -> ProviderError {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()));
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MOST_ERROR {
                break;
            }
        }
    };
    let told = match timeout(CONNECT, read).await {
        Ok(()) => serde_json::from_slice::<Value>(&body).ok().and_then(|body| code_of(body.get("error")?)),
        Err(_) => None,
    };
    let told = told.map(|told| format!(", {told}")).unwrap_or_default();
    let what = format!("HTTP status {status}{told}");
    ProviderError { provider: NAMELESS, kind: kind_of_status(status), what, retry_after }
}

/// The code of an error object, if it is one.
pub fn code_of(error: &Value) -> Option<String> {
    let told = ["code", "type"].iter().find_map(|key| match error.get(key) {
        Some(Value::String(code)) => Some(code.clone()),
        Some(Value::Number(code)) => Some(code.to_string()),
        Some(_) | None => None,
    })?;
    code(&told).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::provider::ErrorKind;

    #[tokio::test]
    async fn a_status_means_what_it_means_of_every_vendor_and_a_used_up_quota_is_a_limit() {
        for (status, kind) in [
            (402_u16, ErrorKind::Limited),
            (403, ErrorKind::Unauthorised),
            (408, ErrorKind::Timeout),
            (422, ErrorKind::Request),
            (503, ErrorKind::Server),
        ] {
            let response = axum::http::Response::builder().status(status).header("retry-after", "20").body("").unwrap();
            let error = read(response.into()).await;
            assert_eq!((error.kind, error.retry_after), (kind, Some(Duration::from_secs(20))), "{status}");
        }
    }
}
