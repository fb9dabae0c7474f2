//! How a booking, a move and a cancellation are written.
//!
//! Decides the order: hold the day, look, write on the condition that nothing changed meanwhile, look again, and take ours back where anybody
//! else stands there too: not every server refuses that. A write without an answer is looked for and never sent again; what is not found in time
//! is unknown, and its time is given to nobody for a while.

use futures_util::future::{TryFutureExt as _, try_join, try_join3};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::super::days::Hold;
use super::super::failure::Failure;
use super::super::looks::Looks;
use super::super::ready::{in_time, ready_by};
use super::super::{Appointment, BY_TELEPHONE, EmrError, Held, NewAppointment, Place, ProviderRef, Refusal, refused};
use super::Inner;
use super::chart::Chart;
use super::client::{Service, Written};
use super::day::patient_id;
use super::operation::refusal;
use super::row::{Row, Status, Wanted};
use super::unanswered::{Whose, late, lost};
use super::wish::Wish;

impl Inner {
    pub(super) async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        self.check_provider(&wanted.place.provider)?;
        let ready = ready_by();
        let days = self.days.hold(vec![(wanted.place.provider.clone(), wanted.place.start.date())]).await?;
        let booked = self.book_on(&days, &wanted, ready).await;
        days.release().await;
        booked
    }

    async fn book_on(&self, days: &Hold, wanted: &NewAppointment, ready: Instant) -> Result<Appointment, EmrError> {
        let (patient, place) = (patient_id(&wanted.patient)?, &wanted.place);
        let name = self.unsettled.name(&wanted.key);
        let known = try_join3(
            self.client.chart(patient),
            self.rows_of_wish(&wanted.key),
            self.day(&place.provider, place.start.date()),
        );
        let first = try_join(self.unsettled.notes(), self.offer().map_err(Failure::of_read));
        let ((notes, offer), (chart, before, day)) =
            in_time(ready, try_join(first, known.map_err(Failure::of_read))).await?;
        let ours = |row: &&Row| row.is_of(patient) && row.is_at(&place.provider, place.start);
        if let Some(row) = before.iter().chain(&day.rows).filter(ours).find(|row| row.is_settled()) {
            if notes.has(&name) {
                self.unsettled.settle(&name).await;
            }
            return self.told(row);
        }
        if notes.has(&name) {
            return Err(EmrError::Unknown("this was sent before, and whether it was written is not known yet".into()));
        }
        if !chart.as_ref().is_some_and(Chart::takes_bookings) {
            return refused(Refusal::NotFound);
        }
        // Held before, and never booked.
        let held = before.iter().filter(ours).find(|row| row.status == Status::Pending);
        let slots = day.open(place, held, self.rank_for(wanted.kind))?;
        if !self.is_open(place) || notes.may_take(place, &name) {
            return refused(Refusal::SlotTaken);
        }
        let wish = Wish::new(&wanted.key, before.len());
        let about = wanted.about();
        let new = Wanted { patient, place, slots: &slots, about: &about, comment: BY_TELEPHONE, wish: &wish };
        self.unsettled.begin_on(days, &name, Some(place), &notes).await?;
        let until = self.until();
        let added = match timeout_at(until, self.add(offer.books, &new, held, until)).await.unwrap_or_else(|_| late()) {
            Ok(Written::There(Some(id))) => Ok((id, Whose::Ours)),
            Ok(Written::Before(Some(id))) => Ok((id, Whose::Another)),
            Ok(written) => match refusal(&written) {
                Some(error) => Err(error),
                // It is there, and where was not told.
                None => {
                    let found = self.look_for(&wish, patient, place, None, until).await;
                    let is_new = matches!(written, Written::There(_));
                    found.map(|(id, whose)| (id, if is_new { whose } else { Whose::Another }))
                }
            },
            Err(failure) => match lost(failure) {
                Ok(otherwise) => self.look_for(&wish, patient, place, otherwise, until).await,
                Err(error) => Err(error),
            },
        };
        let booked = match added {
            Ok((id, whose)) => self.confirm(&id, whose, patient, place, until).await,
            Err(error) => Err(error),
        };
        self.unsettled.conclude(&name, &booked).await;
        booked
    }

    /// It stands as it was sent, and alone. Where anybody else stands, ours is taken back: whoever comes second sees the first, and of two who see
    /// each other neither was told yes.
    async fn confirm(
        &self,
        id: &str,
        whose: Whose,
        patient: &str,
        place: &Place,
        until: Instant,
    ) -> Result<Appointment, EmrError> {
        let as_sent = |row: &Row| row.is_settled() && row.is_of(patient) && row.is_at(&place.provider, place.start);
        let row = self.as_sent(id, as_sent, until).await?;
        if self.is_alone(&row, place, until).await? {
            return self.told(&row);
        }
        if whose == Whose::Another {
            return Err(EmrError::Unknown("an appointment that is not of this attempt does not stand alone".into()));
        }
        metrics::counter!("emr_withdrawn_total").increment(1);
        let mut looks = Looks::until(self.until());
        while looks.again().await {
            match self.row(id).await {
                Ok(Some(row)) if !row.is_active() => return refused(Refusal::SlotTaken),
                Ok(Some(row)) if as_sent(&row) => {
                    let change = (row.cancelled(), row.version.clone());
                    if let Err(failure) = self.put(id, change.0, change.1.as_deref()).await {
                        tracing::warn!(error = %failure.of_read(), "an appointment that came second is not cancelled yet");
                    }
                }
                // Somebody at the clinic has taken it in hand.
                Ok(Some(_) | None) => break,
                Err(_) => {}
            }
        }
        Err(EmrError::Unknown("an appointment that came second could not be cancelled".into()))
    }

    /// Whether nobody else stands where this one does.
    async fn is_alone(&self, row: &Row, place: &Place, until: Instant) -> Result<bool, EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            if let Some(day) = looks.see(self.day(&place.provider, place.start.date())).await {
                return Ok(!day
                    .rows
                    .iter()
                    .any(|other| other.id != row.id && other.is_active() && other.overlaps(place)));
            }
        }
        Err(EmrError::Unknown(
            "an appointment was written, and the EMR cannot be read to see whether it stands alone".into(),
        ))
    }

    pub(super) async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        self.check_provider(&held.provider)?;
        self.check_provider(&to.provider)?;
        let ready = ready_by();
        let places = [(&held.provider, held.start), (&to.provider, to.start)];
        let days = self.days.hold(places.map(|(provider, at)| (provider.clone(), at.date())).to_vec()).await?;
        let moved = self.reschedule_on(&days, &held, &to, ready).await;
        days.release().await;
        moved
    }

    async fn reschedule_on(
        &self,
        days: &Hold,
        held: &Held,
        to: &Place,
        ready: Instant,
    ) -> Result<Appointment, EmrError> {
        let (row, notes) = in_time(ready, try_join(self.owned(held), self.unsettled.notes())).await?;
        let name = self.unsettled.name(&row_key(&row.id));
        let is_there = |row: &Row| row.is_active() && row.is_at(&to.provider, to.start);
        if is_there(&row) {
            if notes.has(&name) {
                self.unsettled.settle(&name).await;
            }
            return self.told(&row);
        }
        check_movable(&row, held, notes.has(&name))?;
        let day = in_time(ready, self.day(&to.provider, to.start.date()).map_err(Failure::of_read)).await?;
        let slots = day.open(to, Some(&row), self.rank_like(&row))?;
        if !self.is_open(to) || notes.may_take(to, &name) {
            return refused(Refusal::SlotTaken);
        }
        let moved = row.moved(&held.provider, to, &slots, &self.client.base, &self.zone);
        self.unsettled.begin_on(days, &name, Some(to), &notes).await?;
        let moved = self.move_to(&row, moved, is_there, to).await;
        self.unsettled.conclude(&name, &moved).await;
        moved
    }

    async fn move_to(
        &self,
        before: &Row,
        moved: Value,
        is_there: impl Fn(&Row) -> bool,
        to: &Place,
    ) -> Result<Appointment, EmrError> {
        let until = self.until();
        self.change(before, moved, &is_there, taken(), until).await?;
        let row = self.as_sent(&before.id, &is_there, until).await?;
        if self.is_alone(&row, to, until).await? {
            return self.told(&row);
        }
        metrics::counter!("emr_withdrawn_total").increment(1);
        let (is_back, until) = (|row: &Row| row.stands_as(before), self.until());
        let back = match self.change(&row, before.whole().clone(), is_back, taken(), until).await {
            Ok(()) => self.as_sent(&before.id, is_back, until).await,
            Err(error) => Err(error),
        };
        match back {
            Ok(_) => Err(taken()),
            Err(error) => Err(EmrError::Unknown(format!("an appointment could not be moved back: {error}"))),
        }
    }

    pub(super) async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        self.check_provider(&held.provider)?;
        let ready = ready_by();
        let days = self.days.hold(vec![(held.provider.clone(), held.start.date())]).await?;
        let cancelled = self.cancel_on(&days, &held, ready).await;
        days.release().await;
        cancelled
    }

    async fn cancel_on(&self, days: &Hold, held: &Held, ready: Instant) -> Result<(), EmrError> {
        let (row, notes) = in_time(ready, try_join(self.owned(held), self.unsettled.notes())).await?;
        let name = self.unsettled.name(&row_key(&row.id));
        let is_cancelled = |row: &Row| !row.is_active();
        if is_cancelled(&row) {
            if notes.has(&name) {
                self.unsettled.settle(&name).await;
            }
            return Ok(());
        }
        check_movable(&row, held, notes.has(&name))?;
        self.unsettled.begin_on(days, &name, None, &notes).await?;
        let until = self.until();
        let against = EmrError::Invalid("the server refuses a cancellation as a conflict; its log tells why".into());
        let cancelled = match self.change(&row, row.cancelled(), is_cancelled, against, until).await {
            Ok(()) => self.as_sent(&row.id, is_cancelled, until).await.map(drop),
            Err(error) => Err(error),
        };
        self.unsettled.conclude(&name, &cancelled).await;
        cancelled
    }

    /// Writes all of an appointment if it is still of its version; without an answer, looks for what was to become of it. `against`: what it
    /// means that it stands against something else.
    async fn change(
        &self,
        row: &Row,
        whole: Value,
        done: impl Fn(&Row) -> bool,
        against: EmrError,
        until: Instant,
    ) -> Result<(), EmrError> {
        let version = row.version.as_deref();
        let sent = version.unwrap_or_default();
        match timeout_at(until, self.put(&row.id, whole, version)).await.unwrap_or_else(|_| late()) {
            Ok(Written::There(_) | Written::Before(_)) => Ok(()),
            // Another version: nothing of ours was written, and perhaps somebody wrote the same.
            Ok(Written::Stale) => self.await_change(&row.id, sent, done, None, until).await,
            // Of another version as well, as some servers say it.
            Ok(Written::Conflict) => self.await_change(&row.id, sent, done, Some(against), until).await,
            Ok(Written::Missing) => refused(Refusal::Changed),
            Err(failure) => {
                lost(failure)?;
                self.await_change(&row.id, sent, done, None, until).await
            }
        }
    }

    pub(super) async fn put(&self, id: &str, whole: Value, version: Option<&str>) -> Result<Written, Failure> {
        // Without a version nobody could tell what the front desk did meanwhile.
        let unversioned = || {
            Failure::Refused(EmrError::Invalid(
                "the server tells no version of an Appointment; have its operator switch versioning on".into(),
            ))
        };
        self.client.update(Service::Appointment, id, &whole, version.ok_or_else(unversioned)?).await
    }

    /// What is sent now is looked for until then.
    pub(super) fn until(&self) -> Instant {
        Instant::now() + self.settle
    }

    fn check_provider(&self, provider: &ProviderRef) -> Result<(), EmrError> {
        if self.providers.contains_key(provider) { Ok(()) } else { refused(Refusal::NotFound) }
    }

    fn told(&self, row: &Row) -> Result<Appointment, EmrError> {
        let told = row.appointment(|id| self.providers.contains_key(id));
        told.ok_or_else(|| EmrError::Invalid("an appointment has no provider of the clinic's list, or no time".into()))
    }

    /// The appointment as it stands, if it is that patient's.
    async fn owned(&self, held: &Held) -> Result<Row, EmrError> {
        let patient = patient_id(&held.patient)?;
        if !super::reference::is_id(&held.id.0) {
            return refused(Refusal::NotFound);
        }
        let row = self.row(&held.id.0).await.map_err(Failure::of_read)?;
        row.filter(|row| row.is_of(patient)).ok_or(EmrError::Refused(Refusal::NotFound))
    }
}

fn check_movable(row: &Row, held: &Held, is_unsettled: bool) -> Result<(), EmrError> {
    if is_unsettled {
        return Err(EmrError::Unknown("an earlier change of this appointment may still come".into()));
    }
    if row.is_movable() && row.is_at(&held.provider, held.start) { Ok(()) } else { refused(Refusal::Changed) }
}

const fn taken() -> EmrError {
    EmrError::Refused(Refusal::SlotTaken)
}

fn row_key(id: &str) -> String {
    format!("appointment {id}")
}
