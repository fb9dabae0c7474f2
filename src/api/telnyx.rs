//! `POST /webhooks/telnyx`: Telnyx reports a call's events. A new call is answered, with its stream, by a command of ours; everything
//! else is acknowledged.
//!
//! Events come more than once and in any order: each `data.id` is acted on once, over restarts too. The acknowledgement does not wait for the command.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use crate::call::registry::{Arriving, Refusal, Transport};
use crate::transport::stream::carrier::Cause;
use crate::transport::stream::entrance::now;
use crate::transport::stream::signature::telnyx::{Delivery, Refused};
use crate::transport::stream::telnyx::ClientState;
use crate::transport::stream::wire::Wire;

#[derive(Deserialize)]
struct Webhook {
    data: Event,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: String,
    #[serde(default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    call_control_id: Option<String>,
    direction: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

pub(super) async fn event(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(door) = &shared.entrance.telnyx else { return StatusCode::NOT_FOUND.into_response() };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let verified = door.verifier.verify(header("telnyx-timestamp"), header("telnyx-signature-ed25519"), &body, now());
    if let Err(refused) = verified {
        let why = match refused {
            Refused::Forged => "forged",
            Refused::Stale => "stale",
            Refused::Replayed => "replayed",
        };
        metrics::counter!("webhooks_refused_total", "carrier" => "telnyx", "why" => why).increment(1);
        tracing::warn!(carrier = "telnyx", why, "a webhook is refused");
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(Webhook { data }) = serde_json::from_slice::<Webhook>(&body) else {
        return (StatusCode::BAD_REQUEST, "not a call event\n").into_response();
    };
    let is_first = door.verifier.delivery(&data.id) == Delivery::First && data.event_type == "call.initiated";
    // Telnyx may deliver it again, to this process, to one after it, or to another instance.
    let is_first = is_first && shared.entrance.is_new(Wire::Telnyx, &data.id);
    if is_first && shared.entrance.is_new_event(&data.id).await {
        return initiated(&shared, data.payload);
    }
    StatusCode::OK.into_response()
}

fn initiated(shared: &Shared, payload: Payload) -> Response {
    let Some(call) = payload.call_control_id else {
        return (StatusCode::BAD_REQUEST, "call_control_id is missing\n").into_response();
    };
    // Calls that we or a transfer began are announced here too.
    if payload.direction.as_deref().is_some_and(|direction| direction != "incoming") {
        return StatusCode::OK.into_response();
    }
    let (caller, dialled) = (payload.from.unwrap_or_default(), payload.to.unwrap_or_default());
    let arriving = Arriving {
        dialled: dialled.clone(),
        addressed: None,
        caller: caller.clone().into(),
        transport: Transport::Telnyx,
    };
    let invited = shared.entrance.invite(Wire::Telnyx, &call, &arriving);
    let entrance = shared.entrance.clone();
    shared.entrance.tasks.spawn(async move {
        let Some(door) = &entrance.telnyx else { return };
        let done = match &invited {
            Ok(invitation) => door.telnyx.answer(&call, &invitation.url, &ClientState { caller, dialled }).await,
            Err(Refusal::Busy { .. }) => door.telnyx.reject(&call, Cause::Busy).await,
            Err(Refusal::Nobody) => door.telnyx.reject(&call, Cause::Nobody).await,
            Err(Refusal::Divert { to }) => door.telnyx.transfer(&call, to).await,
        };
        let Err(failed) = done else { return };
        if let Ok(invitation) = &invited {
            entrance.withdraw(&invitation.nonce);
        }
        // The number's own failover, or a busy tone, is better than ringing that nobody answers.
        let refused = match invited {
            Ok(_) | Err(Refusal::Divert { .. }) => door.telnyx.reject(&call, Cause::Busy).await,
            Err(Refusal::Busy { .. } | Refusal::Nobody) => Err(failed),
        };
        tracing::warn!(
            status = failed.status,
            refused = refused.is_ok(),
            "a Telnyx call could not be answered, passed on or refused"
        );
    });
    StatusCode::OK.into_response()
}
