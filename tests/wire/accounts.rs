//! What carriers and we know of each other in tests: addresses, secrets, and how a carrier announces a call.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use attendant::clock;
use attendant::config::{Secret, SecretSource};
use attendant::transport::stream::config::TelnyxCodec;
use attendant::transport::stream::signature::twilio::sign;
use attendant::transport::stream::{PcmConfig, StreamConfig, TelnyxConfig, TwilioConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use wiremock::MockServer;

use crate::desk::in_time;

/// The server's address as carriers know it: behind a proxy, below a path.
pub const PUBLIC: &str = "https://calls.clinic.example/attendant";
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const SECRET: &str = "5b1f0c9d7e3a4826b1f0c9d7e3a48265";

/// One secret for everything, in a file, and Telnyx' signing key.
pub struct Secrets {
    file: PathBuf,
    pub key: SigningKey,
}

impl Secrets {
    pub fn in_folder(folder: &Path) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let file = folder.join("secret");
        std::fs::write(&file, SECRET).expect("the folder is writable");
        Self { file, key: SigningKey::from_bytes(&[5; 32]) }
    }

    pub fn secret() -> Secret {
        Secret::new(SECRET.into())
    }

    /// `[stream]` with every way in; the carriers' interfaces are at `carrier`.
    pub fn streams(&self, carrier: &str, codec: TelnyxCodec) -> StreamConfig {
        let secret = SecretSource { env: None, file: Some(self.file.clone()) };
        let twilio =
            TwilioConfig { account_sid: ACCOUNT.into(), auth_token: secret.clone(), api_url: carrier.to_owned() };
        let telnyx = TelnyxConfig {
            public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            api_key: secret.clone(),
            api_url: format!("{carrier}/v2"),
            codec,
        };
        let streams = StreamConfig {
            twilio: Some(twilio),
            telnyx: Some(telnyx),
            pcm: Some(PcmConfig { key: secret }),
            ..StreamConfig::default()
        };
        assert_eq!(streams.check(), Vec::<String>::new());
        streams
    }
}

/// Where Twilio asks what to do with a call.
pub const TWILIO: &str = "/webhooks/twilio/voice";

/// What Twilio says of a call.
pub fn twilio_form(call: &str, caller: &str, dialled: &str) -> Vec<(String, String)> {
    [("CallSid", call), ("AccountSid", ACCOUNT), ("Direction", "inbound"), ("From", caller), ("To", dialled)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Twilio's signature of it.
pub fn twilio_signature(form: &[(String, String)]) -> String {
    sign(&Secrets::secret(), &format!("{PUBLIC}{TWILIO}"), form)
}

/// Posts it; the status and the answer.
pub async fn twilio_webhook(server: SocketAddr, form: &[(String, String)], signature: &str) -> (u16, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let response = reqwest::Client::new()
        .post(format!("http://{server}{TWILIO}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(body)
        .send()
        .await
        .expect("the server answers");
    (response.status().as_u16(), response.text().await.expect("text"))
}

/// The path of the stream that the answer names, without what the proxy takes off.
pub fn twilio_stream(twiml: &str) -> String {
    let (_, rest) = twiml.split_once(" url=\"wss://calls.clinic.example/attendant").expect("the stream's URL");
    rest.split_once('"').expect("the URL ends").0.to_owned()
}

/// Posts an event as Telnyx does, signed at this Unix time.
pub async fn telnyx_webhook(server: SocketAddr, key: &SigningKey, body: &Value, at: i64) -> u16 {
    let (body, at) = (body.to_string(), at.to_string());
    let signature = key.sign(format!("{at}|{body}").as_bytes());
    let request = reqwest::Client::new()
        .post(format!("http://{server}/webhooks/telnyx"))
        .header("telnyx-timestamp", at)
        .header("telnyx-signature-ed25519", STANDARD.encode(signature.to_bytes()))
        .body(body);
    request.send().await.expect("the server answers").status().as_u16()
}

pub fn unix_now() -> i64 {
    clock::wall().unix_timestamp()
}

/// Telnyx announces a call.
pub fn telnyx_initiated(event: &str, call: &str, caller: &str, dialled: &str) -> Value {
    json!({"data": {"event_type": "call.initiated", "id": event, "occurred_at": "2026-11-21T00:00:00Z", "payload": {
        "call_control_id": call, "direction": "incoming", "from": caller, "to": dialled}}, "meta": {}})
}

/// Waits for a command about this call at Telnyx' interface.
pub async fn telnyx_commanded(carrier: &MockServer, call: &str, action: &str) -> Value {
    let place = format!("/v2/calls/{call}/actions/{action}");
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
    in_time(async {
        loop {
            looks.tick().await;
            let requests = carrier.received_requests().await.expect("recorded");
            if let Some(request) = requests.iter().find(|request| request.url.path() == place) {
                return serde_json::from_slice(&request.body).expect("JSON");
            }
        }
    })
    .await
}
