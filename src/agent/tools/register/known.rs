//! Whether somebody who is to be registered has a chart, and theirs, made, if they have none and the clinic has charts made.
//!
//! Looked up by health card and by name, for the staff. One is made only where nothing speaks against it, and the staff are told of it whatever happens: a
//! message to them is laid by before it is sent. Whoever asked is told nothing here.

use std::time::Duration;

use tokio::time::timeout;

use super::super::identity::is_named;
use super::super::{MessageKind, Session, for_staff, interrupted};
use super::{Particulars, for_eyes};
use crate::emr::{Emr, EmrError, NewCard, NewPatient, Number, Patient, PatientRef, Refusal, Registrations, Sought};
use crate::privacy::Pii;

/// A caller waits meanwhile, and what they said is not with the staff yet: these get it without, after so long.
const LOOKING: Duration = Duration::from_secs(6);

/// What is known of a chart of theirs.
pub(super) struct Found {
    pub(super) known: Known,
    /// A message that the staff get if this process ends before it could leave them another, by its id.
    pub(super) laid_by: Option<String>,
}

/// Whether the clinic has a chart of theirs.
pub(super) enum Known {
    /// With the number of their health card.
    ByCard,
    /// Of this name and date of birth.
    ByName,
    No,
    NotLookedUp,
    /// It has one now.
    Made(PatientRef),
    /// The EMR has somebody who may be them.
    Alike,
    /// It was sent, and what became of it is not known.
    Perhaps,
}

/// Their chart, made if the clinic has charts made, there is none, and nothing speaks against it. The caller hears the same whatever came of it: who
/// already has a chart is told to nobody.
pub(super) async fn chart(wanted: &Particulars, session: &Session) -> Found {
    let only = |known| Found { known, laid_by: None };
    let Some(emr) = &session.emr else { return only(Known::NotLookedUp) };
    let late = |_| Err(EmrError::Timeout(format!("a look-up took longer than {} s", LOOKING.as_secs())));
    let looked = timeout(LOOKING, look_up(wanted, emr.as_ref(), session)).await.unwrap_or_else(late);
    let known = looked.unwrap_or_else(|error| {
        tracing::warn!(call = %session.call.call, %error, "the book of appointments, for a registration");
        Known::NotLookedUp
    });
    let registrations = session.clinic.config.emr.as_ref().map(|emr| emr.registrations).unwrap_or_default();
    let is_to_be_made = registrations == Registrations::Created && emr.capabilities().creates_patients;
    match known {
        Known::No if is_to_be_made && wanted.card_fits => make(wanted, emr.as_ref(), session).await,
        Known::ByCard
        | Known::ByName
        | Known::No
        | Known::NotLookedUp
        | Known::Made(_)
        | Known::Alike
        | Known::Perhaps => only(known),
    }
}

async fn make(wanted: &Particulars, emr: &dyn Emr, session: &Session) -> Found {
    let name = format!("{} {}", wanted.first, wanted.last);
    let text = for_eyes(wanted, &Known::Perhaps, session);
    let message = for_staff::message(MessageKind::Registration, &name, &wanted.number, text, session);
    if let Err(error) = interrupted::lay_by(&message, session).await {
        tracing::warn!(call = %session.call.call, %error, "no chart is made");
        return Found { known: Known::No, laid_by: None };
    }
    let own = |text: &Option<String>| text.clone().map(Pii::new);
    let new = NewPatient {
        first_name: Pii::new(wanted.first.clone()),
        last_name: Pii::new(wanted.last.clone()),
        birth_date: Pii::new(wanted.born),
        sex: wanted.sex,
        phone: Pii::new(wanted.number.digits().to_owned()),
        card: wanted
            .card
            .as_ref()
            .map(|card| NewCard { province: card.province.to_owned(), number: card.number.clone() }),
        address: own(&wanted.address),
        postal_code: own(&wanted.postal_code),
        email: own(&wanted.email),
    };
    let known = match emr.create_patient(new).await {
        Ok(chart) => {
            session.dealings.touch([&chart], &["chart_made"]);
            Known::Made(chart)
        }
        Err(EmrError::Refused(Refusal::Known)) => Known::Alike,
        Err(error) => {
            tracing::warn!(call = %session.call.call, %error, "the chart of a new patient");
            if matches!(error, EmrError::Unknown(_)) { Known::Perhaps } else { Known::No }
        }
    };
    Found { known, laid_by: Some(message.id) }
}

/// By the card first: a name may be written in many ways. An EMR that does not search by cards may still know the name.
async fn look_up(wanted: &Particulars, emr: &dyn Emr, session: &Session) -> Result<Known, EmrError> {
    if let Some(card) = &wanted.card {
        let charts = emr.find_by(&Number::HealthCard(card.number.clone())).await.unwrap_or_else(|error| {
            tracing::warn!(call = %session.call.call, %error, "the search by health card, for a registration");
            Vec::new()
        });
        session.dealings.touch(charts.iter().map(|chart| &chart.id), &["health_card"]);
        if !charts.is_empty() {
            return Ok(Known::ByCard);
        }
    }
    let sought = Sought {
        birth_date: Pii::new(wanted.born),
        first_name: Pii::new(wanted.first.clone()),
        last_name: Pii::new(wanted.last.clone()),
        calling_from: None,
    };
    let charts = emr.find_patients(&sought).await?;
    let theirs: Vec<&Patient> = charts.iter().filter(|chart| is_named(chart, &wanted.first, &wanted.last)).collect();
    session.dealings.touch(theirs.iter().map(|chart| &chart.id), &["name", "birth_date"]);
    Ok(if theirs.is_empty() { Known::No } else { Known::ByName })
}
