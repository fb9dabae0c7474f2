//! An answer with an error status: what kind it is, when to come again, and which of our parameters it refuses. Of its text only the error's
//! code is kept: it may quote the caller.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::{CONNECT, NAMELESS};
use crate::provider::{ErrorKind, ProviderError, code, comes_again, kind_of_status, status_in_words};

/// Named as a parameter where a model's chat template refuses the order in which the messages are: see `openai::turns`.
pub const ORDER: &str = "order of the messages";

/// An answer that is no stream: enough of it to read the error.
const MOST_ERROR: usize = 16 * 1024;

pub(super) struct Refusal {
    pub(super) error: ProviderError,
    /// As the request named it.
    pub(super) parameter: Option<String>,
}

pub(super) async fn read(mut response: Response) -> Refusal {
    let status = response.status().as_u16();
    let retry_after = comes_again(response.headers());
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MOST_ERROR {
                break;
            }
        }
    };
    let is_read = timeout(CONNECT, read).await.is_ok();
    let order = refuses_order(&body).then(|| ORDER.to_owned());
    let body = serde_json::from_slice::<Value>(&body).ok().filter(|_| is_read);
    let told = body.as_ref().and_then(|body| body.get("error"));
    let kind = kind_of_status(status);
    let parameter = order.or_else(|| told.filter(|_| kind == ErrorKind::Request).and_then(parameter_of));
    let told = told.and_then(code_of).map(|told| format!(", {told}")).unwrap_or_default();
    let what = status_in_words(status) + &told;
    Refusal { error: ProviderError { provider: NAMELESS, kind, what, retry_after }, parameter }
}

/// Whether a template refused the conversation, in its own words: a server passes them on in whichever field, some with status 500.
fn refuses_order(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_lowercase();
    ["system message must be at the beginning", "roles must alternate"].iter().any(|words| text.contains(words))
}

/// Which parameter is refused: OpenAI names it in a field of its own, though not always; others only in the sentence, as the first word in
/// quotes. A value that is only too large is no refusal of its parameter.
fn parameter_of(error: &Value) -> Option<String> {
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    if !refuses(error.get("code").and_then(Value::as_str), message) {
        return None;
    }
    if let Some(named) = error.get("param").and_then(Value::as_str) {
        return Some(named.to_owned());
    }
    let quoted = message.split(['\'', '`', '"']).nth(1).or_else(|| message.rsplit(": ").next())?;
    Some(quoted.trim_end_matches('.').to_owned()).filter(|quoted| !quoted.is_empty())
}

/// Whether it is taken by this model at all.
fn refuses(code: Option<&str>, message: &str) -> bool {
    let words = ["unsupported", "not supported", "unrecognized", "not permitted", "unknown"];
    let lower = message.to_lowercase();
    matches!(code, Some("unsupported_parameter" | "unsupported_value")) || words.iter().any(|word| lower.contains(word))
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
            let Refusal { error, .. } = read(response.into()).await;
            assert_eq!((error.kind, error.retry_after), (kind, Some(Duration::from_secs(20))), "{status}");
        }
    }

    #[test]
    fn a_template_that_refuses_the_order_is_known_by_its_words_wherever_they_stand() {
        for body in [
            r#"{"error":{"code":500,"message":"Jinja Exception: System message must be at the beginning.","type":"server_error"}}"#,
            r#"{"error":"Conversation roles must alternate user/assistant/user/assistant/..."}"#,
            "System message must be at the beginning.",
        ] {
            assert!(refuses_order(body.as_bytes()), "{body}");
        }
        assert!(!refuses_order(br#"{"error":{"message":"the system message is too long"}}"#));
    }

    #[test]
    fn a_refused_parameter_is_found_in_its_field_or_in_the_sentence() {
        let found = |error: &str| parameter_of(&serde_json::from_str(error).unwrap());
        let sentence = |text: &str| found(&serde_json::json!({"message": text, "param": null}).to_string());
        let field = r#"{"message": "Unsupported value: 'temperature' does not support 0.3 with this model.", "param": "temperature"}"#;
        assert_eq!(found(field).as_deref(), Some("temperature"));
        for (text, parameter) in [
            ("Unsupported parameter: 'reasoning_effort' is not supported with this model.", Some("reasoning_effort")),
            ("Unrecognized request argument supplied: max_completion_tokens", Some("max_completion_tokens")),
            ("`stream_options` is not supported.", Some("stream_options")),
            ("This model's maximum context length is 8192 tokens, 'temperature'.", None),
        ] {
            assert_eq!(sentence(text).as_deref(), parameter, "{text}");
        }
        let named = |message: &str, code: Option<&str>| {
            let error = serde_json::json!({"message": message, "param": "max_completion_tokens", "code": code});
            parameter_of(&error)
        };
        let large = "max_completion_tokens is too large: 100000. This model supports at most 16384 completion tokens.";
        assert_eq!(named(large, Some("invalid_value")), None);
        assert_eq!(named(large, None), None);
        assert_eq!(named("", Some("unsupported_parameter")).as_deref(), Some("max_completion_tokens"));
    }
}
