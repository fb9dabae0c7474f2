//! `GET /health`: the process answers. `GET /health/ready`: it takes calls. For probes and balancers; no detail, no numbers.

use axum::extract::State;
use axum::http::StatusCode;

use super::Shared;

pub(super) async fn live() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if (shared.ready)() && !shared.entrance.stop.is_cancelled() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
