//! What became of a write whose answer was lost: looked for until a deadline, and never sent again.

use tokio::time::Instant;

use super::super::failure::Failure;
use super::super::looks::Looks;
use super::super::{EmrError, Place, Refusal, refused};
use super::Inner;
use super::row::Row;
use super::wish::Wish;

/// Who wrote an appointment that stands for our wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// This attempt: nobody has been told of it, and it may be taken back.
    Ours,
    /// An earlier attempt, another process, or the front desk: somebody may have been told of it.
    Another,
}

impl Inner {
    /// The id of what we added: found by its identifier, or by whose it is and when. Without the identifier it may be of a server that keeps
    /// none, and it may be the front desk's: it is not ours to take back.
    pub(super) async fn look_for(
        &self,
        wish: &Wish,
        patient: &str,
        place: &Place,
        otherwise: Option<EmrError>,
        until: Instant,
    ) -> Result<(String, Whose), EmrError> {
        let wished = |row: &&Row| row.is_settled() && row.is_of(patient) && row.is_at(&place.provider, place.start);
        let mut looks = Looks::until(until);
        while looks.again().await {
            let Some(rows) = looks.see(self.rows(wish.search_attempt())).await else { continue };
            if let Some(row) = rows.iter().filter(|row| row.has(wish.attempt())).find(wished) {
                return Ok((row.id.clone(), Whose::Ours));
            }
            let Some(day) = looks.see(self.day(&place.provider, place.start.date())).await else { continue };
            match (day.rows.iter().find(wished), &otherwise) {
                (Some(row), _) if row.has(wish.attempt()) => return Ok((row.id.clone(), Whose::Ours)),
                (Some(row), _) => return Ok((row.id.clone(), Whose::Another)),
                (None, Some(error)) => return Err(error.clone()),
                (None, None) => {}
            }
        }
        Err(EmrError::Unknown("a new appointment was sent and not answered, and it has not shown up".into()))
    }

    /// Until the appointment is as wanted. Once it is of another version than `sent` was written for, what was sent can no longer be done.
    /// `otherwise`: nothing was written, and this is why if nobody changed it.
    pub(super) async fn await_change(
        &self,
        id: &str,
        sent: &str,
        done: impl Fn(&Row) -> bool,
        otherwise: Option<EmrError>,
        until: Instant,
    ) -> Result<(), EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            let Some(row) = looks.see(self.row(id)).await else { continue };
            match row {
                Some(row) if done(&row) => return Ok(()),
                Some(row) if row.version.as_deref().is_some_and(|version| version != sent) => {
                    return refused(Refusal::Changed);
                }
                Some(_) => {
                    if let Some(error) = otherwise {
                        return Err(error);
                    }
                }
                None => return refused(Refusal::Changed),
            }
        }
        let lost =
            || EmrError::Unknown("a change of an appointment was sent and not answered, and it does not show".into());
        Err(otherwise.unwrap_or_else(lost))
    }

    /// The appointment is as was sent: an answer alone does not tell.
    pub(super) async fn as_sent(&self, id: &str, done: impl Fn(&Row) -> bool, until: Instant) -> Result<Row, EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            match looks.see(self.row(id)).await {
                Some(Some(row)) if done(&row) => return Ok(row),
                Some(Some(_) | None) => {
                    return Err(EmrError::Unknown("what stands in the EMR is not what was sent".into()));
                }
                None => {}
            }
        }
        Err(EmrError::Unknown("an appointment was written, and the EMR cannot be read to see whether it stands".into()))
    }
}

/// A write that is waited for no longer: it may be done, or be done yet.
pub(super) fn late<T>() -> Result<T, Failure> {
    Err(Failure::Lost(EmrError::Timeout("a write was not answered in time".into())))
}

/// Whether a lost answer leaves anything to look for.
pub(super) fn lost(failure: Failure) -> Result<Option<EmrError>, EmrError> {
    match failure {
        Failure::Refused(error) => Err(error),
        Failure::Faulted(error) => Ok(Some(error)),
        Failure::Lost(error) => {
            tracing::warn!(%error, "a write was sent and not answered; what became of it is looked for");
            Ok(None)
        }
    }
}
