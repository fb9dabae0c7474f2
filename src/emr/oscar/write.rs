//! How a booking, a move and a cancellation are written in a book that refuses nothing.
//!
//! Decides the order: hold the day, look, write, look again, and take ours back where somebody else was first. A write without an answer
//! is looked for and never sent again; what is not found in time is unknown, and its time is given to nobody for a while.

use futures_util::future::{TryFutureExt as _, try_join, try_join3};
use tokio::time::Instant;

use super::super::days::Hold;
use super::super::failure::Failure;
use super::super::looks::Looks;
use super::super::ready::{in_time, ready_by};
use super::super::unsettled::Sent;
use super::super::{
    Appointment, BY_TELEPHONE, DaySchedule, EmrError, Held, NewAppointment, PatientRef, Place, ProviderRef, Refusal,
    refused,
};
use super::Inner;
use super::chart::Chart;
use super::envelope::Field;
use super::row::{Row, Wanted};

/// Looks, within two seconds, for a later appointment of another process to be taken back.
const YIELDS: u32 = 4;

pub(super) fn chart_number(patient: &PatientRef) -> Result<u64, EmrError> {
    patient.0.reveal().parse().or(refused(Refusal::NotFound))
}

impl Inner {
    pub(super) async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        let patient = chart_number(&wanted.patient)?;
        self.check_provider(&wanted.place.provider)?;
        let ready = ready_by();
        let held = self.days.hold(vec![(wanted.place.provider.clone(), wanted.place.start.date())]).await?;
        let booked = self.book_held(&held, patient, wanted, ready).await;
        held.release().await;
        booked
    }

    async fn book_held(
        &self,
        held: &Hold,
        patient: u64,
        wanted: NewAppointment,
        ready: Instant,
    ) -> Result<Appointment, EmrError> {
        let (place, day) = (&wanted.place, wanted.place.start.date());
        let new = Sent {
            name: self.unsettled.name(&wanted.key),
            place: place.clone(),
            whose: self.unsettled.name(&chart_key(patient)),
        };
        let name = &new.name;
        let known = try_join3(
            self.soap.chart(patient),
            self.soap.day_rows(&place.provider, day),
            self.templates.of(&self.soap, &place.provider, day),
        );
        let known = try_join(self.unsettled.notes(), known.map_err(Failure::of_read));
        let (notes, (chart, rows, schedule)) = in_time(ready, known).await?;
        let standing =
            |row: &&Row| row.is_active() && row.patient == Some(patient) && row.is_at(&place.provider, place.start);
        if let Some(row) = rows.iter().find(standing) {
            return self.asked_again(row, &rows, &notes, name).await;
        }
        if notes.has(name) {
            return Err(EmrError::Unknown("this was sent before, and whether it was written is not known yet".into()));
        }
        let Some(chart) = chart.filter(Chart::takes_bookings) else { return refused(Refusal::NotFound) };
        check_place(place, schedule.as_ref(), &rows, None)?;
        if notes.may_take(place, name) {
            return refused(Refusal::SlotTaken);
        }
        let called = chart.name();
        let (kind, reason) = (wanted.kind.title(), &wanted.about());
        let fields = Wanted { patient, name: &called, place, kind, reason, notes: BY_TELEPHONE }.fields();
        self.unsettled.begin_new_on(held, &new, &notes).await?;
        let until = self.until();
        let added = match self.soap.add(fields).await {
            Ok(id) => Ok(id),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Faulted(error)) => self.look_for(patient, place, Some(error), until).await,
            Err(Failure::Lost(error)) => {
                tracing::warn!(%error, "an appointment was sent and not answered; it is looked for");
                self.look_for(patient, place, None, until).await
            }
        };
        let booked = match added {
            Ok(id) => self.confirm(id, patient, place, until).await,
            Err(error) => Err(error),
        };
        self.unsettled.conclude(name, &booked).await;
        booked
    }

    pub(super) async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        self.check_provider(&held.provider)?;
        self.check_provider(&to.provider)?;
        let ready = ready_by();
        let days = [(&held.provider, held.start), (&to.provider, to.start)];
        let days = self.days.hold(days.map(|(provider, at)| (provider.clone(), at.date())).to_vec()).await?;
        let moved = self.reschedule_held(&days, &held, to, ready).await;
        days.release().await;
        moved
    }

    async fn reschedule_held(
        &self,
        days: &Hold,
        held: &Held,
        to: Place,
        ready: Instant,
    ) -> Result<Appointment, EmrError> {
        let (row, notes) = in_time(ready, try_join(self.owned(held), self.unsettled.notes())).await?;
        let name = self.unsettled.name(&row_key(row.id));
        if row.is_active() && row.is_at(&to.provider, to.start) {
            if notes.has(&name) {
                self.unsettled.settle(&name).await;
            }
            return Ok(row.appointment());
        }
        check_movable(&row, held, notes.has(&name))?;
        let known = try_join(
            self.soap.day_rows(&to.provider, to.start.date()),
            self.templates.of(&self.soap, &to.provider, to.start.date()),
        );
        let (rows, schedule) = in_time(ready, known.map_err(Failure::of_read)).await?;
        check_place(&to, schedule.as_ref(), &rows, Some(row.id))?;
        if notes.may_take(&to, &name) {
            return refused(Refusal::SlotTaken);
        }
        self.unsettled.begin_on(days, &name, Some(&to), &notes).await?;
        let until = self.until();
        let moved = match self.overwrite(row.id, row.at(&to), |row| row.is_at(&to.provider, to.start), until).await {
            Ok(()) => self.confirm_move(&row, &to, until).await,
            Err(error) => Err(error),
        };
        self.unsettled.conclude(&name, &moved).await;
        moved
    }

    pub(super) async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        self.check_provider(&held.provider)?;
        let ready = ready_by();
        let days = self.days.hold(vec![(held.provider.clone(), held.start.date())]).await?;
        let cancelled = self.cancel_held(&days, &held, ready).await;
        days.release().await;
        cancelled
    }

    async fn cancel_held(&self, days: &Hold, held: &Held, ready: Instant) -> Result<(), EmrError> {
        let (row, notes) = in_time(ready, try_join(self.owned(held), self.unsettled.notes())).await?;
        let name = self.unsettled.name(&row_key(row.id));
        if !row.is_active() {
            if notes.has(&name) {
                self.unsettled.settle(&name).await;
            }
            return Ok(());
        }
        check_movable(&row, held, notes.has(&name))?;
        let is_cancelled = |row: &Row| !row.is_active();
        self.unsettled.begin_on(days, &name, None, &notes).await?;
        let until = self.until();
        let cancelled = match self.overwrite(row.id, row.cancelled(), is_cancelled, until).await {
            // What was answered with success is looked at all the same: an update says nothing.
            Ok(()) => self.await_row(row.id, is_cancelled, Some(unlike_sent()), until).await,
            Err(error) => Err(error),
        };
        self.unsettled.conclude(&name, &cancelled).await;
        cancelled
    }

    /// What is sent now is looked for until then.
    fn until(&self) -> Instant {
        Instant::now() + self.settle
    }

    fn check_provider(&self, provider: &ProviderRef) -> Result<(), EmrError> {
        if self.providers.contains_key(provider) { Ok(()) } else { refused(Refusal::NotFound) }
    }

    /// The appointment as it stands, if it is that patient's.
    async fn owned(&self, held: &Held) -> Result<Row, EmrError> {
        let patient = chart_number(&held.patient)?;
        let id = held.id.0.parse().or(refused(Refusal::NotFound))?;
        let row = self.soap.row(id).await.map_err(Failure::of_read)?;
        row.filter(|row| row.id == id && row.patient == Some(patient)).ok_or(EmrError::Refused(Refusal::NotFound))
    }

    /// Made by our account, as far as is told.
    pub(super) fn is_ours(&self, row: &Row) -> bool {
        row.creator.as_deref().is_none_or(|by| by.eq_ignore_ascii_case(self.soap.user()))
    }

    /// The id of what we added. `fault`: the server is done with it, so that one look tells, and this is the error if nothing is there.
    async fn look_for(
        &self,
        patient: u64,
        place: &Place,
        fault: Option<EmrError>,
        until: Instant,
    ) -> Result<u64, EmrError> {
        let ours = |row: &&Row| {
            self.is_ours(row)
                && row.is_active()
                && row.patient == Some(patient)
                && row.is_at(&place.provider, place.start)
        };
        let mut looks = Looks::until(until);
        while looks.again().await {
            let read = self.soap.day_rows(&place.provider, place.start.date());
            let Some(rows) = looks.see(read).await else { continue };
            match (rows.iter().find(ours), &fault) {
                (Some(row), _) => return Ok(row.id),
                (None, Some(error)) => return Err(error.clone()),
                (None, None) => {}
            }
        }
        Err(EmrError::Unknown("a new appointment was sent and not answered, and it has not shown up".into()))
    }

    /// Nobody was first, and it stands as it was sent. Where somebody was first, ours is taken back.
    async fn confirm(&self, id: u64, patient: u64, place: &Place, until: Instant) -> Result<Appointment, EmrError> {
        let mut yields = 0;
        let mut looks = Looks::until(until);
        while looks.again().await {
            let read = try_join(self.soap.row(id), self.soap.day_rows(&place.provider, place.start.date()));
            let Some((row, rows)) = looks.see(read).await else { continue };
            let as_sent = |row: &Row| row.patient == Some(patient) && row.is_at(&place.provider, place.start);
            let Some(row) = row.filter(as_sent) else { return Err(unlike_sent()) };
            if !row.is_active() {
                return refused(Refusal::SlotTaken);
            }
            let rivals: Vec<&Row> =
                rows.iter().filter(|other| other.id != id && other.is_active() && other.overlaps(place)).collect();
            // Of several who wrote at once the first stays: each of them sees the same rows and judges alike. A later one of another
            // process of ours yields within moments; if it does not, it has not seen us, and then we do.
            let is_second = rivals.iter().any(|other| other.id < id);
            let doubtful = rivals.iter().any(|other| self.is_ours(other));
            if !is_second && !doubtful {
                return Ok(row.appointment());
            }
            yields += 1;
            if is_second || yields > YIELDS {
                metrics::counter!("emr_withdrawn_total").increment(1);
                return self.withdraw(id, place).await;
            }
        }
        Err(EmrError::Unknown(
            "an appointment was written, and the book cannot be read to see whether it stands alone".into(),
        ))
    }

    /// Cancels our own new row, as often as it takes: nobody has been told of it.
    pub(super) async fn withdraw(&self, id: u64, place: &Place) -> Result<Appointment, EmrError> {
        let mut looks = Looks::until(self.until());
        while looks.again().await {
            match self.soap.row(id).await {
                Ok(Some(row)) if !row.is_active() => return refused(Refusal::SlotTaken),
                Ok(Some(row)) if row.is_at(&place.provider, place.start) => {
                    if let Err(failure) = self.soap.update(row.cancelled()).await {
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

    async fn confirm_move(&self, before: &Row, to: &Place, until: Instant) -> Result<Appointment, EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            let read = try_join(self.soap.row(before.id), self.soap.day_rows(&to.provider, to.start.date()));
            let Some((row, rows)) = looks.see(read).await else { continue };
            let as_sent =
                |row: &Row| row.patient == before.patient && row.is_active() && row.is_at(&to.provider, to.start);
            let Some(row) = row.filter(as_sent) else { return Err(unlike_sent()) };
            if !rows.iter().any(|other| other.id != row.id && other.is_active() && other.overlaps(to)) {
                return Ok(row.appointment());
            }
            // Its number is older than that of whoever came first, so numbers do not tell: the one who moves yields.
            metrics::counter!("emr_withdrawn_total").increment(1);
            let back = before.place();
            return match self
                .overwrite(row.id, row.at(&back), |row| row.is_at(&back.provider, back.start), self.until())
                .await
            {
                Ok(()) => refused(Refusal::SlotTaken),
                Err(error) => Err(EmrError::Unknown(format!("an appointment could not be moved back: {error}"))),
            };
        }
        Err(EmrError::Unknown(
            "an appointment was moved, and the book cannot be read to see whether it stands alone".into(),
        ))
    }

    /// Writes all fields of a row; without an answer, looks for what was to become of it.
    async fn overwrite(
        &self,
        id: u64,
        fields: Vec<Field>,
        done: impl Fn(&Row) -> bool,
        until: Instant,
    ) -> Result<(), EmrError> {
        match self.soap.update(fields).await {
            Ok(()) => Ok(()),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Faulted(error)) => self.await_row(id, done, Some(error), until).await,
            Err(Failure::Lost(error)) => {
                tracing::warn!(%error, "a change of an appointment was sent and not answered; it is looked for");
                self.await_row(id, done, None, until).await
            }
        }
    }

    /// Until the row is as wanted. `otherwise`: the server is done with it, so that one look tells, and this is the error if it is not.
    async fn await_row(
        &self,
        id: u64,
        done: impl Fn(&Row) -> bool,
        otherwise: Option<EmrError>,
        until: Instant,
    ) -> Result<(), EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            let Some(row) = looks.see(self.soap.row(id)).await else { continue };
            match (row.is_some_and(|row| done(&row)), &otherwise) {
                (true, _) => return Ok(()),
                (false, Some(error)) => return Err(error.clone()),
                (false, None) => {}
            }
        }
        Err(EmrError::Unknown("a change of an appointment was sent and not answered, and it does not show".into()))
    }
}

/// The provider works then, and nothing but `except` stands there.
fn check_place(
    place: &Place,
    schedule: Option<&DaySchedule>,
    rows: &[Row],
    except: Option<u64>,
) -> Result<(), EmrError> {
    let in_template = schedule
        .is_some_and(|day| !day.holiday && day.slots.iter().any(|slot| slot.start == place.start))
        && place.start < place.end;
    let taken = rows.iter().any(|row| Some(row.id) != except && row.is_active() && row.overlaps(place));
    if !in_template || taken { refused(Refusal::SlotTaken) } else { Ok(()) }
}

fn check_movable(row: &Row, held: &Held, is_unsettled: bool) -> Result<(), EmrError> {
    if is_unsettled {
        return Err(EmrError::Unknown("an earlier change of this appointment may still come".into()));
    }
    if row.is_movable() && row.is_at(&held.provider, held.start) { Ok(()) } else { refused(Refusal::Changed) }
}

pub(super) fn chart_key(patient: u64) -> String {
    format!("chart {patient}")
}

fn row_key(id: u64) -> String {
    format!("appointment {id}")
}

fn unlike_sent() -> EmrError {
    EmrError::Unknown("what stands in the book is not what was sent".into())
}
