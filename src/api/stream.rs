//! The upgrades: `/stream/{carrier}/{token}` for carriers, `/stream/pcm` for whoever holds the key. Without: 401, before a socket is kept.
//!
//! The token stands in the path because Twilio drops the query of a stream's URL.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::Shared;
use crate::transport::stream::token::Admission;
use crate::transport::stream::wire::Wire;
use crate::transport::stream::{session, socket};

pub(super) async fn twilio(state: State<Shared>, token: Path<String>, request: WebSocketUpgrade) -> Response {
    carrier(&state.0, Wire::Twilio, &token.0, request).await
}

pub(super) async fn telnyx(state: State<Shared>, token: Path<String>, request: WebSocketUpgrade) -> Response {
    carrier(&state.0, Wire::Telnyx, &token.0, request).await
}

/// Without a token.
pub(super) async fn twilio_without(state: State<Shared>) -> Response {
    without(&state.0, Wire::Twilio)
}

/// Without a token.
pub(super) async fn telnyx_without(state: State<Shared>) -> Response {
    without(&state.0, Wire::Telnyx)
}

async fn carrier(shared: &Shared, wire: Wire, token: &str, request: WebSocketUpgrade) -> Response {
    if shared.entrance.carrier(wire).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    match shared.entrance.redeem(wire, token).await {
        Ok(admission) => upgrade(shared, wire, Some(admission), request),
        Err(refused) => unauthorised(wire, &refused.to_string()),
    }
}

fn without(shared: &Shared, wire: Wire) -> Response {
    if shared.entrance.carrier(wire).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    unauthorised(wire, "it names no token")
}

fn unauthorised(wire: Wire, why: &str) -> Response {
    metrics::counter!("stream_upgrades_refused_total", "carrier" => wire.label()).increment(1);
    tracing::warn!(carrier = wire.label(), why, "a stream is refused");
    StatusCode::UNAUTHORIZED.into_response()
}

pub(super) async fn pcm(State(shared): State<Shared>, headers: HeaderMap, request: WebSocketUpgrade) -> Response {
    let Some(key) = &shared.entrance.pcm else { return StatusCode::NOT_FOUND.into_response() };
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    if !sent.is_some_and(|sent| sent.as_bytes().ct_eq(key.expose().as_bytes()).into()) {
        metrics::counter!("stream_upgrades_refused_total", "carrier" => "pcm").increment(1);
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    upgrade(&shared, Wire::Pcm, None, request)
}

/// The scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn upgrade(shared: &Shared, wire: Wire, admission: Option<Admission>, request: WebSocketUpgrade) -> Response {
    let entrance = shared.entrance.clone();
    let Some(place) = entrance.place().filter(|_| !entrance.stop.is_cancelled()) else {
        if let Some(admission) = &admission {
            entrance.withdraw(&admission.nonce);
        }
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response();
    };
    let tasks = entrance.tasks.clone();
    socket::upgrade(request, move |socket| {
        // A stream counts as going on, so that a server that stops waits for its goodbye.
        tasks.track_future(session::serve(entrance, wire, admission, socket, place))
    })
}
