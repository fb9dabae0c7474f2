//! A notice as a webhook: a POST of JSON, signed, with an id by which a second one is known.
//!
//! `attendant-signature: v1=<hex>` is HMAC-SHA256 under `notices.secret` over `<attendant-timestamp>.<body>`. Any 2xx has taken it. A redirect is not
//! followed: what is signed for one address goes to no other. What the other side answers is never read.

use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::timeout;
use url::Url;

use super::notice::{Notice, Trouble, Wait};
use crate::clock;
use crate::config::Secret;
use crate::provider::{retry_after, tls};
use crate::store::notices::Stage;

/// The body. What a caller left comes last, and is there only if the clinic's file says so.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    event: &'static str,
    clinic: &'a str,
    message: &'a str,
    kind: &'static str,
    urgency: &'static str,
    left_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledge: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Left<'a>>,
}

#[derive(Serialize)]
struct Left<'a> {
    name: &'a str,
    number: &'a str,
    caller: &'a str,
    text: &'a str,
}

pub(super) fn body(notice: &Notice<'_>) -> Vec<u8> {
    let left = notice.whole.map(|message| Left {
        name: message.name.reveal(),
        number: message.number.reveal(),
        caller: message.caller.reveal(),
        text: message.text.reveal(),
    });
    let body = Body {
        id: notice.id,
        event: match notice.stage {
            Stage::First => "message.waiting",
            Stage::Escalation => "message.escalated",
        },
        clinic: notice.clinic,
        message: notice.message,
        kind: notice.kind.word(),
        urgency: notice.urgency().word(),
        left_at: clock::stamp_of(notice.left),
        acknowledge: notice.acknowledge.as_deref(),
        left,
    };
    serde_json::to_vec(&body).expect("texts have a JSON form")
}

pub(super) fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let code: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={code}")
}

/// Posts webhooks of one clinic.
#[derive(Debug)]
pub(super) struct Webhooks {
    client: Client,
    secret: Secret,
    /// Of a whole try.
    deadline: Duration,
}

impl Webhooks {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(secret: Secret, ca: Option<&tls::Authority>, deadline: Duration) -> Result<Self, String> {
        let builder = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0);
        let client = tls::http(builder, ca)
            .map_err(|what| format!("notices.ca: {what}"))?
            .build()
            .map_err(|error| format!("notices: no HTTP client: {error}; see to the certificates of this machine"))?;
        Ok(Self { client, secret, deadline })
    }

    pub(super) async fn post(&self, to: &Url, notice: &Notice<'_>, now: Timestamp) -> Result<(), Trouble> {
        let (body, timestamp) = (body(notice), now.as_second().to_string());
        let post = self
            .client
            .post(to.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("attendant-notice", notice.id)
            .header("attendant-signature", signature(&self.secret, &timestamp, &body))
            .header("attendant-timestamp", timestamp)
            .body(body);
        match timeout(self.deadline, post.send()).await {
            Err(_) => Err(Trouble::passing(format!("no answer within {} s", self.deadline.as_secs_f32()))),
            Ok(Err(error)) => Err(unsent(&error)),
            Ok(Ok(response)) => taken(&response),
        }
    }
}

fn unsent(error: &reqwest::Error) -> Trouble {
    if let Some(why) = tls::refusal(error) {
        return Trouble::lasting(why);
    }
    Trouble::passing(if error.is_connect() {
        "it cannot be connected to"
    } else {
        "the connection broke before an answer came"
    })
}

/// Whether this answer means that it was taken.
fn taken(response: &Response) -> Result<(), Trouble> {
    let status = response.status().as_u16();
    match status {
        200..=299 => Ok(()),
        300..=399 => Err(Trouble::lasting(format!("HTTP {status}: a redirect, which is not followed"))),
        408 | 425 | 429 | 500..=599 => {
            let told = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let told = retry_after(told).and_then(|wait| SignedDuration::try_from(wait).ok());
            Err(Trouble { what: format!("HTTP {status}"), wait: told.map_or(Wait::Usual, Wait::AtLeast) })
        }
        _ => Err(Trouble::lasting(format!("HTTP {status}"))),
    }
}
