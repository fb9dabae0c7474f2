//! `/ws/oauth/*` and `/ws/services/*`: the REST interface over HTTP, for the dialect that has nothing else.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use serde::Deserialize;

use super::super::fault::Fault;
use super::super::oauth::{decoded_pairs, encode, parameters};
use super::super::rest::grants::Signed;
use super::super::rest::{self, No};
use super::super::{Oscar, State as Rows};
use super::exchange::{Arrival, Done, exchange};
use super::not_found;
use crate::sim::connection::Line;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

pub(super) fn router(base: &str) -> Router<Oscar> {
    Router::new()
        .route(&format!("{base}/oauth/authorize"), get(authorize))
        .route(&format!("{base}/oauth/{{step}}"), any(call))
        .route(&format!("{base}/services/{{*path}}"), any(call))
}

#[derive(Deserialize)]
struct Wish {
    oauth_token: String,
}

/// A user who is logged in and agrees at once.
async fn authorize(State(oscar): State<Oscar>, Query(wish): Query<Wish>) -> Response {
    let agreed = oscar.0.state.lock().grants.agree(&wish.oauth_token);
    match agreed {
        None => not_found().await,
        Some((callback, verifier)) if callback == "oob" => {
            Html(format!("<html><body>Verifier: <code>{verifier}</code></body></html>")).into_response()
        }
        Some((callback, verifier)) => {
            let (joint, token) = (if callback.contains('?') { '&' } else { '?' }, encode(&wish.oauth_token));
            Redirect::to(&format!("{callback}{joint}oauth_token={token}&oauth_verifier={verifier}")).into_response()
        }
    }
}

async fn call(
    State(oscar): State<Oscar>,
    ConnectInfo(line): ConnectInfo<Line>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().strip_prefix(oscar.base_path().as_str()).unwrap_or_default().to_owned();
    let question = path.strip_prefix("/services/").and_then(|path| rest::question(&method, path));
    let operation = match (path.as_str(), &question) {
        ("/oauth/initiate", _) => "oauth/initiate",
        ("/oauth/token", _) => "oauth/token",
        (_, Some(question)) => question.operation,
        (_, None) => return not_found().await,
    };
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body).into_owned();
    let mut all = parameters(header(header::AUTHORIZATION)).unwrap_or_default();
    all.extend(decoded_pairs(uri.query().unwrap_or_default()));
    if header(header::CONTENT_TYPE).starts_with(FORM) {
        all.extend(decoded_pairs(&text));
    }
    let url = format!("http://{}{}", header(header::HOST), uri.path());
    let signed = Signed { method: method.to_string(), url, parameters: all };
    let arrival = Arrival { service: "REST".to_owned(), operation: operation.to_owned(), text: text.clone() };
    exchange(oscar, line, arrival, false, move |oscar, struck| {
        let expired = struck.contains(&Fault::Expired);
        let answer = if expired {
            Err(No::unauthorised("token_expired"))
        } else {
            answer(oscar, &signed, question, &text, struck, operation)
        };
        done(answer)
    })
    .await
}

/// The kind of an answer and its text.
fn answer(
    oscar: &Oscar,
    signed: &Signed,
    question: Option<rest::Question>,
    text: &str,
    struck: &[Fault],
    operation: &str,
) -> Result<(&'static str, String), No> {
    let form = |(token, secret): (String, String)| (FORM, format!("oauth_token={token}&oauth_token_secret={secret}"));
    let Some(question) = question else {
        let mut state = oscar.0.state.lock();
        let Rows { grants, .. } = &mut *state;
        return match operation {
            "oauth/initiate" => {
                grants.initiate(signed).map(form).map(|(kind, text)| (kind, text + "&oauth_callback_confirmed=true"))
            }
            _ => grants.exchange(signed).map(form),
        };
    };
    let account = {
        let state = oscar.0.state.lock();
        state.grants.permit(signed)?;
        state.accounts.first().cloned().ok_or_else(|| No::unauthorised("user_unknown"))?
    };
    let json = oscar.rest(&question, text, &account, struck)?;
    Ok((JSON, json.to_string()))
}

fn done(answer: Result<(&'static str, String), No>) -> Done {
    match answer {
        Ok((kind, text)) => {
            Done { status: StatusCode::OK, kind, text, refused: None, security_id: None, is_late: false }
        }
        Err(no) => Done {
            status: no.status,
            kind: TEXT,
            refused: Some(no.why.clone()),
            text: no.why,
            security_id: None,
            is_late: false,
        },
    }
}
