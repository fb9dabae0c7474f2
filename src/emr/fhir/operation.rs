//! `$hold` and `$book` of the Argonaut scheduling guide, for servers that book by them.
//!
//! The server decides there whether the time is free, and holds it meanwhile. A hold is no booking: it ends by itself, so one whose answer is
//! lost costs nothing but its time. What `$find` proposed is booked at once and not held: a hold of a proposal names no patient, so that nobody
//! could tell whose it is.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::super::failure::Failure;
use super::super::{EmrError, Refusal};
use super::Inner;
use super::answer::{self, Said};
use super::bundle::Page;
use super::client::{Service, Written};
use super::offer::Books;
use super::reference;
use super::row::{Row, Status, Wanted};
use super::slots::{Slot, Source};

/// Left for a refusal to be told in.
const TELLING: Duration = Duration::from_millis(500);

impl Inner {
    /// Writes a new appointment in the way that the server offers, once.
    /// `held`: by an earlier attempt at the same. `until`: whoever asked does not wait longer.
    pub(super) async fn add(
        &self,
        books: Books,
        wanted: &Wanted<'_>,
        held: Option<&Row>,
        until: Instant,
    ) -> Result<Written, Failure> {
        let resource = || json!({ "name": "appt-resource", "resource": wanted.resource("proposed", &self.zone) });
        match (books, wanted.slots) {
            // As the guide has it: what was proposed is named by its id.
            (Books::Booked | Books::HeldThenBooked, [Slot { id, source: Source::Proposal(_), .. }]) => {
                let comment = format!("{}. {}", wanted.about, wanted.comment);
                let comment = json!({ "name": "comment", "valueString": comment });
                self.operate("$book", vec![named(id), patient(wanted), comment]).await
            }
            (Books::Created, _) => {
                let resource = wanted.resource("booked", &self.zone);
                self.client.create(Service::Appointment, &resource, &wanted.wish.search_attempt()).await
            }
            (Books::Booked, _) => self.operate("$book", vec![resource(), patient(wanted)]).await,
            (Books::HeldThenBooked, _) => {
                let held = match held {
                    Some(row) => Written::There(Some(row.id.clone())),
                    // Held or not, nothing is booked.
                    None => (self.operate("$hold", vec![resource()]).await)
                        .map_err(|failure| Failure::Refused(failure.of_read()))?,
                };
                let Written::There(Some(id)) = held else { return Ok(held) };
                let booked = self.operate("$book", vec![named(&id), patient(wanted)]).await;
                if is_refused(&booked) {
                    // The refusal is told in time, whatever becomes of the hold.
                    timeout_at(until - TELLING, self.give_back(&id)).await.ok();
                }
                booked
            }
        }
    }

    /// A hold that nothing came of: its time is free at once, and not only when the server ends it.
    async fn give_back(&self, id: &str) {
        let giving = async {
            match self.row(id).await?.filter(|row| row.status == Status::Pending) {
                Some(row) => self.put(id, row.cancelled(), row.version.as_deref()).await.map(drop),
                None => Ok(()),
            }
        };
        if let Err(failure) = giving.await {
            tracing::warn!(error = %failure.of_read(), "a hold was not given back; it ends by itself");
        }
    }

    async fn operate(&self, operation: &str, parameters: Vec<Value>) -> Result<Written, Failure> {
        let parameters = json!({ "resourceType": "Parameters", "parameter": parameters });
        let answer = self.client.operate(operation, &parameters).await?;
        match answer.said {
            Said::Done | Said::Created => self.returned(answer.body),
            Said::Conflict => Ok(Written::Conflict),
            Said::Stale => Ok(Written::Stale),
            Said::Missing => Ok(Written::Missing),
            Said::Token => Err(Failure::odd("a token was refused and not told of")),
        }
    }

    /// What came back: one appointment, or why there is none.
    fn returned(&self, body: Value) -> Result<Written, Failure> {
        if answer::is_conflict(&body) {
            return Ok(Written::Conflict);
        }
        let is_refused = |entry: &Value| entry.get("resource").is_some_and(answer::is_conflict);
        let entries = body.get("entry").and_then(Value::as_array);
        if entries.is_some_and(|entries| entries.iter().any(is_refused)) {
            return Ok(Written::Conflict);
        }
        let mut found = Page::read(body, "Appointment")?.resources.into_iter();
        let (Some(one), None) = (found.next(), found.next()) else {
            return Err(Failure::odd("an operation was not answered with one Appointment"));
        };
        let row = Row::read(one, &self.client.base, &self.zone)?;
        Ok(match row.status {
            Status::Pending | Status::Booked | Status::Begun => Written::There(Some(row.id)),
            Status::Wished | Status::Over => Written::Conflict,
        })
    }
}

/// Nothing was written, for sure.
const fn is_refused(booked: &Result<Written, Failure>) -> bool {
    match booked {
        Ok(Written::Conflict | Written::Stale | Written::Missing) | Err(Failure::Refused(_)) => true,
        Ok(Written::There(_) | Written::Before(_)) | Err(Failure::Faulted(_) | Failure::Lost(_)) => false,
    }
}

/// An appointment that was proposed or held.
fn named(id: &str) -> Value {
    json!({ "name": "appt-id", "valueUri": reference::to("Appointment", id) })
}

fn patient(wanted: &Wanted<'_>) -> Value {
    json!({ "name": "patient-id", "valueUri": reference::to("Patient", wanted.patient) })
}

/// What a refusal of a write means.
pub(super) fn refusal(written: &Written) -> Option<EmrError> {
    match written {
        Written::There(_) | Written::Before(_) | Written::Stale => None,
        Written::Conflict => Some(EmrError::Refused(Refusal::SlotTaken)),
        Written::Missing => Some(EmrError::Invalid(
            "the server does not know what it was to write to; see `attendant check --emr`".into(),
        )),
    }
}
