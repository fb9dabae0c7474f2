//! The simulator over HTTP: the service base under `/fhir`, tokens at `/token`, what people look at under `/_sim/`.

use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::exchange::{Request, exchange};
use super::{Exchange, Fhir, Knob};
use crate::sim::connection::Line;

pub(super) async fn serve(
    fhir: Fhir,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/_sim/", get(index))
        .route("/_sim/appointments", get(appointments))
        .route("/_sim/overlaps", get(overlaps))
        .route("/_sim/exchanges", get(exchanges))
        .route("/_sim/faults", delete(mend))
        .route("/_sim/faults/{knob}", post(turn))
        .fallback(anything)
        .with_state(fhir);
    let service = router.into_make_service_with_connect_info::<Line>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

async fn anything(
    State(fhir): State<Fhir>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    exchange(fhir, line, Request::new(method, &uri, headers, &body)).await
}

async fn index() -> Json<Value> {
    Json(json!({
        "GET /_sim/appointments": "appointments as they stand, whatever their status",
        "GET /_sim/overlaps": "double bookings: pairs of appointments that hold one time",
        "GET /_sim/exchanges": "every request and what was answered",
        "POST /_sim/faults/Appointment.create=drop-reply": "turns a knob, as --fault does",
        "DELETE /_sim/faults": "everything works again",
    }))
}

async fn appointments(State(fhir): State<Fhir>) -> Json<Vec<super::Booked>> {
    Json(fhir.appointments())
}

async fn overlaps(State(fhir): State<Fhir>) -> Json<Vec<(String, String)>> {
    Json(fhir.overlaps())
}

async fn exchanges(State(fhir): State<Fhir>) -> Json<Vec<Exchange>> {
    Json(fhir.exchanges())
}

async fn turn(State(fhir): State<Fhir>, Path(knob): Path<String>) -> Response {
    match knob.parse::<Knob>().and_then(|knob| fhir.turn(knob)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

async fn mend(State(fhir): State<Fhir>) -> StatusCode {
    fhir.mend();
    StatusCode::NO_CONTENT
}
