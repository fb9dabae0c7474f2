//! What an HTTP status of a server of FHIR means, told by whether something may have been carried out.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::super::EmrError;
use super::super::failure::Failure;
use super::super::http::{Broken, Gate};
use crate::provider::{ErrorKind, retry_after};

/// An answer that says what became of the request.
pub(super) struct Answer {
    pub(super) said: Said,
    /// The version of the resource, as `If-Match` wants it.
    pub(super) version: Option<String>,
    /// Where the new resource is.
    pub(super) location: Option<String>,
    /// Null where nothing came.
    pub(super) body: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Done,
    /// There is a new resource.
    Created,
    /// No such resource.
    Missing,
    /// It stands against something else: nothing was written.
    Conflict,
    /// It is another version by now, or what was not to exist does: nothing was written.
    Stale,
    /// The token is not taken: nothing ran.
    Token,
}

/// What comes before the body.
pub(super) struct Head {
    status: u16,
    is_json: bool,
    version: Option<String>,
    location: Option<String>,
}

pub(super) fn head(gate: &Gate, response: &Response) -> Result<Head, Broken> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status().as_u16();
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let what = |mend: &str| format!("{} answered with HTTP {status}{mend}", gate.name());
    let broken = |failure| Err(Broken::new(ErrorKind::Server, failure));
    match status {
        200 | 201 | 204 | 400 | 401 | 404..=406 | 409 | 410 | 412 | 415 | 422 => Ok(Head {
            status,
            is_json: matches!(essence.as_str(), "application/fhir+json" | "application/json" | "application/json+fhir"),
            version: text(ETAG).filter(|tag| tag.len() <= 128).map(str::to_owned),
            location: text(LOCATION).map(str::to_owned),
        }),
        300..=399 => broken(Failure::Refused(EmrError::Unavailable(what("; is emr.fhir.base_url the service base?")))),
        403 | 407 => broken(Failure::Refused(EmrError::Forbidden(what(
            "; give the client or the token the scopes of docs/fhir.md, and have this machine's address allowed",
        )))),
        429 => Err(Broken::limited(
            Failure::Refused(EmrError::Unavailable(what("; it is asked too often"))),
            retry_after(text(RETRY_AFTER)),
        )),
        // Whoever stands before the server, or the server in the middle of its work.
        _ => broken(Failure::Lost(EmrError::Unavailable(what("")))),
    }
}

pub(super) fn whole(gate: &Gate, head: Head, body: &[u8]) -> Result<Answer, Broken> {
    let Head { status, is_json, version, location } = head;
    let parsed = if is_json { serde_json::from_slice(body).ok() } else { None };
    let what = |mend: &str| format!("{} answered with HTTP {status}{mend}", gate.name());
    let refused = |mend| Err(Broken::new(ErrorKind::Request, Failure::Refused(EmrError::Invalid(what(mend)))));
    let said = match status {
        201 if parsed.is_some() || body.is_empty() => Said::Created,
        200 | 204 if parsed.is_some() || body.is_empty() => Said::Done,
        200 | 201 | 204 => {
            let lost = Failure::Lost(EmrError::Invalid(what(" and nothing of FHIR in JSON that can be read")));
            return Err(Broken::new(ErrorKind::Server, lost));
        }
        401 => Said::Token,
        404 | 410 => Said::Missing,
        409 => Said::Conflict,
        412 => Said::Stale,
        // Not understood, or against a rule of the server's: its own code tells which.
        422 if parsed.as_ref().is_some_and(is_conflict) => Said::Conflict,
        422 => return refused(": against a rule of the server; its log tells which"),
        _ => return refused(": the server does not offer this; see `attendant check --emr`"),
    };
    Ok(Answer { said, version, location, body: parsed.unwrap_or(Value::Null) })
}

/// Of an OperationOutcome, its codes alone: its words may quote a patient.
pub(super) fn is_conflict(outcome: &Value) -> bool {
    let issues = outcome.get("issue").and_then(Value::as_array).into_iter().flatten();
    outcome["resourceType"] == "OperationOutcome"
        && issues
            .filter_map(|issue| issue.get("code").and_then(Value::as_str))
            .any(|code| matches!(code, "conflict" | "duplicate" | "business-rule" | "lock-error" | "multiple-matches"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outcome_is_judged_by_its_codes_alone() {
        let outcome = |code: &str| json!({ "resourceType": "OperationOutcome", "issue": [{ "code": code, "diagnostics": "conflict" }] });
        assert!(is_conflict(&outcome("conflict")) && is_conflict(&outcome("duplicate")));
        assert!(
            !is_conflict(&outcome("invalid")) && !is_conflict(&json!({ "issue": 1 })) && !is_conflict(&Value::Null)
        );
    }
}
