//! `/notices/{token}`: the link of a notice. GET asks, POST says that somebody sees to the message; once.
//!
//! GET changes nothing, since mail servers open links before people do. Nothing of a patient is on these pages, nor who saw to a message.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::clock;
use crate::notices::{NoLink, Notices};
use crate::store::acknowledged::Acknowledging;

/// What every answer says of itself: the token in its address is a secret.
fn headers() -> [(HeaderName, HeaderValue); 4] {
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ]
}

const BUTTON: &str = "<form method=\"post\"><button>I see to it</button></form>";

pub(super) async fn ask(State(shared): State<Shared>, Path(token): Path<String>) -> Response {
    let Some(notices) = whose(&shared, &token) else { return nowhere(&NoLink::Unknown) };
    let told = match notices.linked(&token, clock::now()).await {
        Ok(told) => told,
        Err(no) => return nowhere(&no),
    };
    let left = clock::stamp_of(jiff::Timestamp::from_millisecond(told.open.left_ms).unwrap_or_default());
    let message = format!("Message {} of {left}", told.open.message);
    match told.acknowledged {
        None => page(StatusCode::OK, &format!("{message} waits."), BUTTON),
        Some(_) => page(StatusCode::OK, &format!("{message}: somebody sees to it already."), ""),
    }
}

pub(super) async fn acknowledge(State(shared): State<Shared>, Path(token): Path<String>) -> Response {
    let Some(notices) = whose(&shared, &token) else { return nowhere(&NoLink::Unknown) };
    done(&notices, &token).await.unwrap_or_else(|no| nowhere(&no))
}

/// A link is signed for one clinic.
fn whose(shared: &Shared, token: &str) -> Option<Notices> {
    (shared.notices)().into_iter().find(|notices| notices.is_own(token))
}

async fn done(notices: &Notices, token: &str) -> Result<Response, NoLink> {
    Ok(match notices.acknowledge(token, clock::now()).await? {
        Acknowledging::Now => page(StatusCode::OK, "Thank you. Nobody else is told of this message.", ""),
        Acknowledging::Before(_) => page(StatusCode::GONE, "Somebody sees to this message already.", ""),
        Acknowledging::Unknown => nowhere(&NoLink::Unknown),
    })
}

fn nowhere(no: &NoLink) -> Response {
    match no {
        NoLink::Unknown => page(StatusCode::NOT_FOUND, "This is no link of a notice, or its message is gone.", ""),
        NoLink::Expired => page(StatusCode::GONE, "This link is too old.", ""),
        NoLink::Store(error) => {
            tracing::warn!(%error, "a message could not be acknowledged");
            page(StatusCode::SERVICE_UNAVAILABLE, "This cannot be done now. Try again in a minute.", "")
        }
    }
}

/// `says` holds ids and times alone.
fn page(status: StatusCode, says: &str, rest: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\"><title>attendant</title><p>{says}</p>{rest}</html>\n"
    );
    (status, headers(), html).into_response()
}
