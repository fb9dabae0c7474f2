//! `GET /metrics`: Prometheus' text. Only for this machine and its private networks, and not through a proxy, for a proxy shows carriers
//! what is meant for them: others are told that there is nothing (404).

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::telemetry::metrics;
use crate::transport::sip::allow::is_private;

/// By these a proxy says for whom it asks.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

pub(super) async fn text(ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap) -> Response {
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    match metrics::text() {
        Some(text) if is_private(peer.ip()) && !forwarded => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Some(_) | None => StatusCode::NOT_FOUND.into_response(),
    }
}
