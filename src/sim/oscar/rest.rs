//! OSCAR's REST interface, as far as appointments need it: what each path answers, in JSON.
//!
//! Unlike SOAP it asks for rights, and refuses without them as Java does with an exception nobody catches: 500.

mod demographics;
pub(super) mod grants;
mod schedule;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::accounts::Account;
use super::fault::Fault;
use super::{Oscar, State};

/// Names of what can be asked, for faults.
pub(super) const OPERATIONS: [&str; 16] = [
    "oauth/initiate",
    "oauth/token",
    "schedule/day",
    "schedule/add",
    "schedule/getAppointment",
    "schedule/updateAppointment",
    "schedule/updateStatus",
    "schedule/statuses",
    "schedule/types",
    "schedule/codes",
    "demographics/get",
    "demographics/create",
    "demographics/update",
    "demographics/search",
    "providerService/providers_json",
    "providerService/provider/me",
];

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// One of [`OPERATIONS`].
    pub(super) operation: &'static str,
    /// What the path names, in its order.
    named: Vec<String>,
}

/// Why nothing is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

impl No {
    fn exception(why: &str) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, why: why.to_owned() }
    }

    fn bad(why: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, why: why.to_owned() }
    }

    pub(super) fn unauthorised(problem: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, why: format!("oauth_problem={problem}") }
    }
}

/// `path`: behind `/ws/services/`.
pub(super) fn question(method: &Method, path: &str) -> Option<Question> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (operation, named): (_, &[&str]) = match (method, parts.as_slice()) {
        (&Method::GET, ["schedule", provider, "day", day]) => ("schedule/day", &[*provider, *day]),
        (&Method::POST, ["schedule", "add"]) => ("schedule/add", &[]),
        (&Method::POST, ["schedule", "getAppointment"]) => ("schedule/getAppointment", &[]),
        (&Method::POST, ["schedule", "updateAppointment"]) => ("schedule/updateAppointment", &[]),
        (&Method::POST, ["schedule", "appointment", id, "updateStatus"]) => ("schedule/updateStatus", &[*id]),
        (&Method::GET, ["schedule", "statuses"]) => ("schedule/statuses", &[]),
        (&Method::GET, ["schedule", "types"]) => ("schedule/types", &[]),
        (&Method::GET, ["schedule", "codes"]) => ("schedule/codes", &[]),
        (&Method::POST, ["demographics", "search"]) => ("demographics/search", &[]),
        (&Method::GET, ["demographics", id]) => ("demographics/get", &[*id]),
        (&Method::POST, ["demographics"]) => ("demographics/create", &[]),
        (&Method::PUT, ["demographics"]) => ("demographics/update", &[]),
        (&Method::GET, ["providerService", "providers_json"]) => ("providerService/providers_json", &[]),
        (&Method::GET, ["providerService", "provider", "me"]) => ("providerService/provider/me", &[]),
        _ => return None,
    };
    Some(Question { operation, named: named.iter().map(|part| (*part).to_owned()).collect() })
}

/// One request of somebody whose signature was right.
struct Request<'a> {
    oscar: &'a Oscar,
    state: &'a mut State,
    account: &'a Account,
    question: &'a Question,
    body: &'a Value,
    struck: &'a [Fault],
}

impl Oscar {
    /// `body`: empty where none is wanted.
    pub(super) fn rest(
        &self,
        question: &Question,
        body: &str,
        account: &Account,
        struck: &[Fault],
    ) -> Result<Value, No> {
        if struck.contains(&Fault::Server) {
            return Err(No::exception(""));
        }
        let body: Value = match body.trim() {
            "" => Value::Null,
            text => serde_json::from_str(text).map_err(|_| No::bad("the body is no JSON"))?,
        };
        let mut account = account.clone();
        if struck.contains(&Fault::Role) {
            account.rights.clear();
        }
        let mut state = self.0.state.lock();
        let (state, account, body) = (&mut *state, &account, &body);
        let mut request = Request { oscar: self, state, account, question, body, struck };
        match question.operation.split_once('/') {
            Some(("schedule", operation)) => request.schedule(operation),
            Some(("demographics", operation)) => request.demographics(operation),
            Some(("providerService", operation)) => Ok(request.providers(operation)),
            _ => Err(No { status: StatusCode::NOT_FOUND, why: String::new() }),
        }
    }
}

impl Request<'_> {
    fn requires(&self, right: &str) -> Result<(), No> {
        if self.account.may(right) { Ok(()) } else { Err(No::exception("Access Denied")) }
    }

    fn named(&self, place: usize) -> &str {
        self.question.named.get(place).map_or("", String::as_str)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    fn int(&self, name: &str) -> Option<i64> {
        let value = self.body.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn providers(&self, operation: &str) -> Value {
        let mine = |number: &str| operation == "providers_json" || number == self.account.provider;
        let providers = self.state.store.providers.iter().filter(|one| one.is_active() && mine(&one.number));
        let mut rows: Vec<Value> = providers
            .map(|provider| {
                let mut row = json!(provider.texts);
                row["providerNo"] = json!(provider.number);
                row
            })
            .collect();
        if operation == "providers_json" { Value::Array(rows) } else { rows.pop().unwrap_or_default() }
    }
}
