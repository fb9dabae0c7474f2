//! The SOAP endpoints: a POST is a call, a GET with `?wsdl` describes the service.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::super::refusal::FORBIDDEN_PAGE;
use super::super::{Oscar, processing, wsdl};
use super::exchange::{Arrival, Done, exchange, takes_gzip};
use super::{not_found, page};
use crate::sim::connection::Line;

const XML: &str = "text/xml;charset=UTF-8";

/// CXF's list of services.
pub(super) async fn list(State(oscar): State<Oscar>, headers: HeaderMap) -> Response {
    let base = location(&oscar, &headers);
    let rows: String = oscar
        .0
        .contract
        .services
        .values()
        .map(|service| {
            let (name, port) = (&service.name, &service.port);
            format!("<tr><td>{port}</td><td><a href=\"{base}/{name}?wsdl\">{base}/{name}</a></td></tr>\n")
        })
        .collect();
    Html(format!(
        "<html><head><title>CXF - Service list</title></head><body><h2>Available SOAP services:</h2>\n<table>\n{rows}\
         </table></body></html>"
    ))
    .into_response()
}

pub(super) async fn describe(
    State(oscar): State<Oscar>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let dialect = oscar.0.settings.dialect;
    if !dialect.serves_soap() {
        return page(StatusCode::FORBIDDEN, FORBIDDEN_PAGE);
    }
    let wants_wsdl = query.is_some_and(|query| query.eq_ignore_ascii_case("wsdl"));
    let Some(service) = oscar.0.contract.services.get(&name).filter(|_| wants_wsdl) else { return not_found().await };
    let location = format!("{}/{name}", location(&oscar, &headers));
    ([(header::CONTENT_TYPE, XML)], wsdl::render(&oscar.0.contract, service, dialect, &location)).into_response()
}

fn location(oscar: &Oscar, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{}", oscar.base_path())
}

pub(super) async fn call(
    State(oscar): State<Oscar>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !oscar.0.settings.dialect.serves_soap() {
        return page(StatusCode::FORBIDDEN, FORBIDDEN_PAGE);
    }
    if !oscar.0.contract.services.contains_key(&name) {
        return not_found().await;
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("content-type").split(';').next().is_none_or(|kind| kind.trim() != "text/xml") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let action = header("soapaction").trim_matches('"').to_owned();
    let text = String::from_utf8_lossy(&body).into_owned();
    let read = processing::read(&text);
    let arrival = Arrival { service: name.clone(), operation: read.operation.clone(), text };
    exchange(oscar, line, arrival, takes_gzip(&headers), move |oscar, struck| {
        let answered = oscar.process(&name, &read, &action, struck);
        let refused = answered.refusal.as_ref();
        Done {
            status: if refused.is_some() { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK },
            kind: XML,
            refused: refused.map(|refusal| refusal.summary(oscar.0.settings.dialect)),
            security_id: answered.security_id,
            is_late: answered.is_late(),
            text: answered.xml,
        }
    })
    .await
}
