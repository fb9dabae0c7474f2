//! What is answered: a status, a resource, and headers.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What was wrong with the request.
    pub(super) refused: Option<String>,
}

const FHIR: &str = "application/fhir+json; charset=utf-8";

impl Reply {
    pub(super) fn of(status: u16, resource: &Value) -> Self {
        Self { status, kind: FHIR, body: resource.to_string(), headers: Vec::new(), refused: None }
    }

    pub(super) fn json(status: u16, body: Value) -> Self {
        let refused = (status >= 400).then(|| body.to_string());
        Self { status, kind: "application/json", body: body.to_string(), headers: Vec::new(), refused }
    }

    pub(super) fn page(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>");
        Self { status, kind: "text/html", body, headers: Vec::new(), refused: None }
    }

    /// Refused, with one of the codes of issues and words for people.
    pub(super) fn no(status: u16, code: &str, words: &str) -> Self {
        let outcome = json!({
            "resourceType": "OperationOutcome",
            "issue": [{ "severity": "error", "code": code, "diagnostics": words }],
        });
        Self { refused: Some(format!("{status} {code}: {words}")), ..Self::of(status, &outcome) }
    }

    /// With the version and, if it is new, the place of a resource.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
