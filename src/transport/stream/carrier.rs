//! What a carrier is told outside the stream, over its HTTP interface: answer, refuse, hang up, transfer.
//!
//! Every request has a deadline and is made at most twice; a command that was carried out already counts as done. Failures are told as SIP
//! statuses, as [`crate::call::event::Signal::Transferred`] wants them. Numbers never reach an error.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use super::config::{TelnyxCodec, TelnyxConfig, TwilioConfig};
use super::telnyx::ClientState;
use crate::config::Secret;
use crate::privacy::Pii;

/// A caller hears nothing while a carrier is asked: longer is worse than a failure said aloud.
const DEADLINE: Duration = Duration::from_secs(4);

/// Why a carrier did not do it, as a SIP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the carrier did not do it: status {status}")]
pub struct Failed {
    pub status: u16,
}

/// Why a call is not taken, for its caller to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Busy,
    /// The number dialled is nobody's.
    Nobody,
}

/// One carrier's HTTP interface.
#[derive(Debug)]
pub enum Carrier {
    Twilio(Twilio),
    Telnyx(Arc<Telnyx>),
}

impl Carrier {
    /// A call that is over already counts as hung up.
    pub async fn hang_up(&self, call: &str) -> Result<(), Failed> {
        match self {
            Self::Twilio(twilio) => twilio.update(call, ("Status", "completed")).await,
            Self::Telnyx(telnyx) => telnyx.command(call, "hangup", json!({})).await,
        }
    }

    /// Passes the caller on to a number or SIP URI.
    pub async fn transfer(&self, call: &str, to: &Pii<String>) -> Result<(), Failed> {
        match self {
            Self::Twilio(twilio) => {
                twilio.update(call, ("Twiml", &format!("<Response>{}</Response>", dial(to.reveal())))).await
            }
            Self::Telnyx(telnyx) => telnyx.transfer(call, to).await,
        }
    }
}

/// Twilio's calls (twilio.com/docs/voice/api/call-resource).
#[derive(Debug)]
pub struct Twilio {
    http: Client,
    calls: Url,
    account: String,
    token: Secret,
}

impl Twilio {
    pub fn new(http: Client, config: &TwilioConfig, token: Secret) -> Result<Self, String> {
        let calls = below(&config.api_url, &["2010-04-01", "Accounts", &config.account_sid, "Calls"])?;
        Ok(Self { http, calls, account: config.account_sid.clone(), token })
    }

    async fn update(&self, call: &str, field: (&str, &str)) -> Result<(), Failed> {
        let url = under(&self.calls, &[&format!("{call}.json")]);
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair(field.0, field.1).finish();
        let request = || {
            self.http
                .post(url.clone())
                .basic_auth(&self.account, Some(self.token.expose()))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone())
        };
        twice("twilio", request).await
    }
}

/// Telnyx's call commands (developers.telnyx.com, Call Control).
#[derive(Debug)]
pub struct Telnyx {
    http: Client,
    calls: Url,
    key: Secret,
    codec: TelnyxCodec,
}

impl Telnyx {
    pub fn new(http: Client, config: &TelnyxConfig, key: Secret) -> Result<Self, String> {
        Ok(Self { http, calls: below(&config.api_url, &["calls"])?, key, codec: config.codec })
    }

    /// What we send; what arrives is named in the stream's `start`.
    pub const fn outbound(&self) -> TelnyxCodec {
        self.codec
    }

    /// Takes the call and has its audio brought to `stream_url`, both ways, as RTP payloads.
    pub async fn answer(&self, call: &str, stream_url: &str, state: &ClientState) -> Result<(), Failed> {
        let body = json!({
            "client_state": state.encode(),
            "stream_url": stream_url,
            "stream_track": "inbound_track",
            "stream_codec": self.codec.name(),
            // The default, mp3, drops our audio without a word.
            "stream_bidirectional_mode": "rtp",
            "stream_bidirectional_codec": self.codec.name(),
            "stream_bidirectional_sampling_rate": self.codec.sampling_rate(),
            // The default, opposite, would play to a leg that does not exist.
            "stream_bidirectional_target_legs": "self",
        });
        self.command(call, "answer", body).await
    }

    pub async fn reject(&self, call: &str, cause: Cause) -> Result<(), Failed> {
        let cause = match cause {
            Cause::Busy => "USER_BUSY",
            Cause::Nobody => "CALL_REJECTED",
        };
        self.command(call, "reject", json!({ "cause": cause })).await
    }

    pub async fn transfer(&self, call: &str, to: &Pii<String>) -> Result<(), Failed> {
        self.command(call, "transfer", json!({"to": number(to.reveal())})).await
    }

    async fn command(&self, call: &str, action: &'static str, mut body: Value) -> Result<(), Failed> {
        // The same id for both attempts: Telnyx carries a command out once.
        body["command_id"] = uuid::Uuid::new_v4().to_string().into();
        let url = under(&self.calls, &[call, "actions", action]);
        twice("telnyx", || self.http.post(url.clone()).bearer_auth(self.key.expose()).json(&body)).await
    }
}

/// Asks, and once more if the carrier was not reached or had a fault of its own.
async fn twice(carrier: &'static str, request: impl Fn() -> reqwest::RequestBuilder) -> Result<(), Failed> {
    let mut failed = Failed { status: 503 };
    for _ in 0..2 {
        match request().timeout(DEADLINE / 2).send().await.map(|response| response.status()) {
            Ok(status) if status.is_success() => return Ok(()),
            // Ended already: Telnyx says 422 (code 90018), Twilio 404.
            Ok(StatusCode::UNPROCESSABLE_ENTITY | StatusCode::NOT_FOUND | StatusCode::GONE) => {
                return Err(Failed { status: 481 });
            }
            Ok(status) if status.is_client_error() => {
                failed.status = status.as_u16();
                break;
            }
            Ok(_) => failed.status = 503,
            Err(error) => failed.status = if error.is_timeout() { 504 } else { 503 },
        }
    }
    metrics::counter!("stream_carrier_commands_failed_total", "carrier" => carrier).increment(1);
    tracing::warn!(carrier, status = failed.status, "the carrier did not carry out a command");
    Err(failed)
}

/// TwiML that passes a caller on.
pub fn dial(to: &str) -> String {
    let to = escape(number(to));
    if to.starts_with("sip:") || to.starts_with("sips:") {
        format!("<Dial><Sip>{to}</Sip></Dial>")
    } else {
        format!("<Dial>{to}</Dial>")
    }
}

/// Carriers write numbers without a scheme.
fn number(to: &str) -> &str {
    let to = to.trim();
    to.strip_prefix("tel:").unwrap_or(to)
}

/// Text within XML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

fn below(base: &str, path: &[&str]) -> Result<Url, String> {
    let url = Url::parse(base).ok().filter(Url::has_host);
    url.map(|url| under(&url, path)).ok_or_else(|| format!("`{base}` is no address of an HTTP interface"))
}

/// Ids come from outside: as path segments they cannot leave their place.
fn under(url: &Url, path: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sip_addresses_are_dialled_each_in_its_way() {
        assert_eq!(dial("tel:+16045550100"), "<Dial>+16045550100</Dial>");
        assert_eq!(dial("sip:a@b;x=\"1\"&y"), "<Dial><Sip>sip:a@b;x=&quot;1&quot;&amp;y</Sip></Dial>");
        assert_eq!(dial("</Dial><Play>"), "<Dial>&lt;/Dial&gt;&lt;Play&gt;</Dial>");
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        let calls = below("https://api.telnyx.com/v2/", &["calls"]).unwrap();
        let url = under(&calls, &["v3:a/../../x?y", "actions", "hangup"]);
        assert_eq!(url.as_str(), "https://api.telnyx.com/v2/calls/v3:a%2F..%2F..%2Fx%3Fy/actions/hangup");
    }
}
