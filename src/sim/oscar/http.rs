//! The simulator over HTTP: services under `/{context}/ws/`, what people look at under `/_sim/`.

mod exchange;
mod inspection;
mod rest;
mod soap;

use std::io;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::Oscar;
use super::refusal::NOT_FOUND_PAGE;
use crate::sim::connection::Line;

pub(super) async fn serve(
    oscar: Oscar,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router(oscar).into_make_service_with_connect_info::<Line>();
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

fn router(oscar: Oscar) -> Router {
    let base = oscar.base_path();
    let services = if oscar.0.settings.dialect.serves_soap() { Router::new() } else { rest::router(&base) };
    services
        .route(&base, get(soap::list))
        .route(&format!("{base}/"), get(soap::list))
        .route(&format!("{base}/{{service}}"), get(soap::describe).post(soap::call))
        .merge(inspection::router())
        .fallback(not_found)
        .with_state(oscar)
}

async fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, NOT_FOUND_PAGE)
}

fn page(status: StatusCode, html: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}
