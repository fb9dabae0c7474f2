//! New appointments that show up when nobody waits for them any more: a server that was only slow did what a process sent that has ended, or had given it up.
//!
//! Decides which stays where such a one shares its time with another. Nobody was told yes of it, so it goes: unless all that stand there came after it, and
//! were made by somebody else than us or were told of to nobody either. What a process before on this folder sent is looked for too. One that was moved
//! late is left to the staff: where it was is not known.

use super::super::failure::Failure;
use super::super::unsettled::{Notes, Sent};
use super::super::{Appointment, EmrError, Refusal};
use super::Inner;
use super::row::Row;
use super::write::chart_key;

impl Inner {
    /// One look for each, also where one cannot be looked for; how many were taken back.
    pub(super) async fn settle_late(&self) -> Result<usize, EmrError> {
        let (mut taken_back, mut failed) = (0, None);
        for sent in self.unsettled.own().await? {
            match self.settle_one(&sent).await {
                Ok(is_taken_back) => taken_back += usize::from(is_taken_back),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(taken_back), Err)
    }

    /// Whether it was taken back.
    async fn settle_one(&self, sent: &Sent) -> Result<bool, EmrError> {
        if !self.providers.contains_key(&sent.place.provider) || !self.is_there(sent).await? {
            return Ok(false);
        }
        // Whoever writes in the day is let finish first. One that is busy is looked at again.
        let day = (sent.place.provider.clone(), sent.place.start.date());
        let Ok(held) = self.days.hold(vec![day]).await else { return Ok(false) };
        let outcome = self.settle_held(sent).await;
        held.release().await;
        outcome
    }

    async fn is_there(&self, sent: &Sent) -> Result<bool, EmrError> {
        Ok(self.rows_of(sent).await?.iter().any(|row| self.is_late(row, sent)))
    }

    async fn rows_of(&self, sent: &Sent) -> Result<Vec<Row>, EmrError> {
        let read = self.soap.day_rows(&sent.place.provider, sent.place.start.date());
        read.await.map_err(Failure::of_read)
    }

    fn is_late(&self, row: &Row, sent: &Sent) -> bool {
        let is_theirs = |patient| self.unsettled.name(&chart_key(patient)) == sent.whose;
        self.is_ours(row)
            && row.is_active()
            && row.is_at(&sent.place.provider, sent.place.start)
            && row.patient.is_some_and(is_theirs)
    }

    /// Whether it was taken back.
    async fn settle_held(&self, sent: &Sent) -> Result<bool, EmrError> {
        let notes = self.unsettled.notes().await?;
        // It was under way, and is no more.
        if !notes.has(&sent.name) {
            return Ok(false);
        }
        let rows = self.rows_of(sent).await?;
        let Some(row) = rows.iter().find(|row| self.is_late(row, sent)) else { return Ok(false) };
        match self.judge_late(row, &rows, &notes, &sent.name).await {
            Ok(_) => Ok(false),
            Err(EmrError::Refused(Refusal::SlotTaken)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// What stands for a wish that is asked again.
    pub(super) async fn asked_again(
        &self,
        row: &Row,
        rows: &[Row],
        notes: &Notes,
        name: &str,
    ) -> Result<Appointment, EmrError> {
        if notes.has(name) {
            if self.is_ours(row) {
                return self.judge_late(row, rows, notes, name).await;
            }
            self.unsettled.settle(name).await;
        } else if rivals(row, rows).any(|other| self.is_ours(other) && !self.is_untold(other, notes)) {
            // One of the two came late, from an instance that is lost with what it knew.
            return Err(EmrError::Unknown(
                "two appointments of ours stand in this time; see which one is to stay".into(),
            ));
        }
        Ok(row.appointment())
    }

    /// Of one that nobody was told of. To be asked while the day is held.
    async fn judge_late(&self, row: &Row, rows: &[Row], notes: &Notes, name: &str) -> Result<Appointment, EmrError> {
        let goes = |other: &Row| other.id < row.id || (self.is_ours(other) && !self.is_untold(other, notes));
        if !rivals(row, rows).any(goes) {
            self.unsettled.settle(name).await;
            return Ok(row.appointment());
        }
        let outcome = self.withdraw(row.id, &row.place()).await;
        if matches!(outcome, Err(EmrError::Refused(_))) {
            metrics::counter!("emr_withdrawn_total").increment(1);
            tracing::warn!(
                "an appointment that nobody was told of came late onto another's time and was taken back; the staff have a message about it"
            );
            self.unsettled.settle(name).await;
        }
        outcome
    }

    /// Sent by one of ours, who told nobody of it.
    fn is_untold(&self, row: &Row, notes: &Notes) -> bool {
        let is_noted = |patient| notes.has_new(&self.unsettled.name(&chart_key(patient)), &row.place());
        row.patient.is_some_and(is_noted)
    }
}

fn rivals<'a>(row: &'a Row, rows: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(|other| other.id != row.id && other.is_active() && other.overlaps(&row.place()))
}
