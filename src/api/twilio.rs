//! `POST /webhooks/twilio/voice`: Twilio asks what to do with a call; the answer (TwiML) connects it to a stream, passes it on or declines.
//!
//! Only what Twilio has signed is answered. Twilio signs no time, so a webhook that comes again gets the same answer, whose token opens once,
//! and nothing once that token is used or has expired, nor from a process that has not given the answer itself.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::call::registry::{Arriving, Refusal, Transport};
use crate::transport::stream::carrier::{dial, escape};
use crate::transport::stream::entrance::{Answered, Invitation, Opens};
use crate::transport::stream::signature::twilio::{Body, verify};
use crate::transport::stream::wire::Wire;

/// This handler's place below the public address.
pub(super) const PATH: &str = "/webhooks/twilio/voice";

const DECLINE: &str = "<Response><Reject reason=\"busy\"/></Response>";

/// The caller hears that the number is not in service.
const NOBODY: &str = "<Response><Reject reason=\"rejected\"/></Response>";

pub(super) async fn voice(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let entrance = &shared.entrance;
    let (Some(door), Some(mut public)) = (&entrance.twilio, entrance.public(PATH)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    public.set_query(uri.query());
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let is_form = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let signature = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = if is_form { Body::Form(&form) } else { Body::Raw(&body) };
    if !verify(&door.token, &public, signed, signature) {
        return refused("forged");
    }
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(call), Some(account)) = (field("CallSid"), field("AccountSid")) else {
        return (StatusCode::BAD_REQUEST, "CallSid or AccountSid is missing\n").into_response();
    };
    if account != door.account {
        return refused("foreign_account");
    }
    if entrance.is_over_elsewhere(call).await {
        return refused("replayed");
    }
    let (answer, opens) = {
        let mut given = door.answered.lock();
        if let Some(answered) = given.get(&call.to_owned()) {
            return if entrance.is_open(answered) { twiml(answered.answer.clone()) } else { refused("replayed") };
        }
        if !entrance.is_new(Wire::Twilio, call) {
            return refused("replayed");
        }
        let arriving = Arriving {
            dialled: field("To").unwrap_or_default().to_owned(),
            addressed: None,
            caller: field("From").unwrap_or_default().to_owned().into(),
            transport: Transport::Twilio,
        };
        let (answer, opens) = match entrance.invite(Wire::Twilio, call, &arriving) {
            Ok(Invitation { nonce, expires, url }) => {
                // Nothing follows the stream: a call whose stream is closed is over, API or not.
                let answer = format!(
                    "<Response><Connect><Stream url=\"{}\"><Parameter name=\"caller\" value=\"{}\"/><Parameter name=\"dialled\" value=\"{}\"/></Stream></Connect></Response>",
                    escape(&url),
                    escape(arriving.caller.reveal()),
                    escape(&arriving.dialled),
                );
                (answer, Opens::Stream { nonce, expires })
            }
            Err(Refusal::Busy { .. }) => (DECLINE.to_owned(), Opens::Nothing),
            Err(Refusal::Nobody) => (NOBODY.to_owned(), Opens::Nothing),
            Err(Refusal::Divert { to }) => (format!("<Response>{}</Response>", dial(to.reveal())), Opens::Nothing),
        };
        given.insert(call.to_owned(), Answered { opens, answer: answer.clone() });
        (answer, opens)
    };
    if let Opens::Stream { nonce, expires } = opens {
        entrance.tell_answered(call, &nonce, expires).await;
    }
    twiml(answer)
}

fn twiml(answer: String) -> Response {
    ([(CONTENT_TYPE, "text/xml")], format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{answer}")).into_response()
}

fn refused(why: &'static str) -> Response {
    metrics::counter!("webhooks_refused_total", "carrier" => "twilio", "why" => why).increment(1);
    tracing::warn!(carrier = "twilio", why, "a webhook is refused");
    StatusCode::FORBIDDEN.into_response()
}
