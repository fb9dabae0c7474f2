//! `/_sim/`: what the simulator knows, as JSON for people, and its knobs. The same as [`Oscar`]'s methods.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fault::Knob;
use super::super::{Appointment, Envelope, Oscar};

pub(super) fn router() -> Router<Oscar> {
    Router::new()
        .route("/_sim/", get(index))
        .route("/_sim/appointments", get(appointments))
        .route("/_sim/overlaps", get(overlaps))
        .route("/_sim/archive", get(archive))
        .route("/_sim/envelopes", get(envelopes))
        .route("/_sim/faults", delete(mend))
        .route("/_sim/faults/{knob}", post(turn))
        .route("/_sim/restart", post(restart))
}

async fn index() -> Json<Value> {
    Json(json!({
        "GET /_sim/appointments?provider=101&day=2026-11-23": "rows of a day, whatever their status",
        "GET /_sim/overlaps": "double bookings: pairs of active rows that overlap",
        "GET /_sim/archive": "rows as they were before each time they were overwritten",
        "GET /_sim/envelopes": "every request and what was answered",
        "POST /_sim/faults/addAppointment=drop-reply": "turns a knob, as --fault does",
        "DELETE /_sim/faults": "everything works again",
        "POST /_sim/restart": "Java starts again: every token is another one",
    }))
}

#[derive(Deserialize)]
struct Wanted {
    provider: String,
    day: Date,
}

async fn appointments(State(oscar): State<Oscar>, Query(wanted): Query<Wanted>) -> Json<Vec<Appointment>> {
    Json(oscar.appointments(&wanted.provider, wanted.day))
}

async fn overlaps(State(oscar): State<Oscar>) -> Json<Vec<(u32, u32)>> {
    Json(oscar.active_overlaps())
}

async fn archive(State(oscar): State<Oscar>) -> Json<Vec<Appointment>> {
    Json(oscar.archive())
}

async fn envelopes(State(oscar): State<Oscar>) -> Json<Vec<Envelope>> {
    Json(oscar.envelopes())
}

async fn turn(State(oscar): State<Oscar>, Path(knob): Path<String>) -> Response {
    let turned = knob.parse::<Knob>().and_then(|knob| oscar.turn(knob));
    match turned {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

async fn mend(State(oscar): State<Oscar>) -> StatusCode {
    oscar.mend();
    StatusCode::NO_CONTENT
}

async fn restart(State(oscar): State<Oscar>) -> StatusCode {
    oscar.restart();
    StatusCode::NO_CONTENT
}
