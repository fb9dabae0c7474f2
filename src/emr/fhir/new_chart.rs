//! A chart that is made for a new patient, where the clinic wants that and the server offers it.
//!
//! Decides who may be there already: whoever was born that day and shares a name or the number, and whoever has the health card, whatever became
//! of their chart. Then nothing is made. It is sent once, on the condition that none with its identifier is there; an answer that is lost is looked
//! for by that identifier and never sent again. The identifier is a digest: no name is in an address or a header.

use futures_util::future::{TryFutureExt as _, try_join};
use jiff::civil::Date;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::super::days::Hold;
use super::super::failure::Failure;
use super::super::looks::Looks;
use super::super::ready::{in_time, ready_by};
use super::super::{EmrError, NewPatient, PatientRef, ProviderRef, Refusal, Sex, refused};
use super::Inner;
use super::chart::{Chart, plain};
use super::client::{Client, Parameters, Service, Written};
use super::unanswered::{late, lost};
use crate::privacy::Pii;
use crate::state::key::digest;

/// Made for this and used for nothing else.
const MADE: &str = "urn:uuid:5f0c1d0a-7f0b-4c53-9d34-0f3c0c6a2b13";

/// What a chart that is made here says it is.
struct Sign(String);

impl Sign {
    fn of(new: &NewPatient) -> Self {
        Self(digest(&["chart", &new.key()]))
    }

    fn search(&self) -> Parameters {
        vec![("identifier", format!("{MADE}|{}", self.0))]
    }

    fn is_on(&self, chart: &Chart) -> bool {
        chart.has_identifier(MADE, &self.0)
    }
}

impl Inner {
    pub(super) async fn create_patient(&self, new: &NewPatient) -> Result<PatientRef, EmrError> {
        let ready = ready_by();
        let name = self.unsettled.name(&format!("chart {}", new.key()));
        // Whoever makes a chart of somebody who may be the same person, however their name is written, waits for this one; no day is meant.
        let born = format!("charts of {}", new.birth_date.reveal());
        let card = new.card.as_ref().map(|card| format!("chart of {} {}", card.province, card.number.reveal()));
        let alike =
            [Some(born), card].into_iter().flatten().map(|of| (ProviderRef(self.unsettled.name(&of)), Date::ZERO));
        let hold = self.days.hold(alike.collect()).await?;
        let made = self.create_on(&hold, &name, new, ready).await;
        hold.release().await;
        made
    }

    async fn create_on(
        &self,
        hold: &Hold,
        name: &str,
        new: &NewPatient,
        ready: Instant,
    ) -> Result<PatientRef, EmrError> {
        let sign = Sign::of(new);
        let first = try_join(self.unsettled.notes(), self.offer().map_err(Failure::of_read));
        let known = try_join(self.client.signed(&sign), self.client.may_be(new)).map_err(Failure::of_read);
        let ((notes, offer), (signed, is_known)) = in_time(ready, try_join(first, known)).await?;
        if !signed.is_empty() {
            if notes.has(name) {
                self.unsettled.settle(name).await;
            }
            return only(&signed);
        }
        if notes.has(name) {
            return Err(EmrError::Unknown("a chart was sent before, and whether it was made is not known yet".into()));
        }
        if is_known {
            return refused(Refusal::Known);
        }
        if !offer.makes_charts {
            let what = "the server does not offer conditional create of Patient; see `attendant check --emr`";
            return Err(EmrError::Forbidden(what.into()));
        }
        self.unsettled.begin_on(hold, name, None, &notes).await?;
        let until = self.until();
        let (whole, unless) = (resource(new, &sign), sign.search());
        let sending = self.client.create(Service::Patient, &whole, &unless);
        let made = match timeout_at(until, sending).await.unwrap_or_else(|_| late()) {
            Ok(Written::There(id) | Written::Before(id)) => self.await_chart(id.as_deref(), &sign, None, until).await,
            // Several have the identifier.
            Ok(Written::Stale) => self.await_chart(None, &sign, None, until).await,
            Ok(Written::Conflict) => refused(Refusal::Known),
            Ok(Written::Missing) => Err(EmrError::Invalid(
                "the server does not know where a Patient is made; see `attendant check --emr`".into(),
            )),
            Err(failure) => match lost(failure) {
                Ok(otherwise) => self.await_chart(None, &sign, otherwise, until).await,
                Err(error) => Err(error),
            },
        };
        self.unsettled.conclude(name, &made).await;
        made
    }

    /// The chart as it stands: by the id that was told, or by its identifier. `otherwise`: why nothing was made, if it is not there.
    async fn await_chart(
        &self,
        id: Option<&str>,
        sign: &Sign,
        otherwise: Option<EmrError>,
        until: Instant,
    ) -> Result<PatientRef, EmrError> {
        let mut looks = Looks::until(until);
        while looks.again().await {
            let seen = match id {
                Some(id) => looks.see(self.client.chart(id)).await.map(|chart| chart.into_iter().collect::<Vec<_>>()),
                None => looks.see(self.client.signed(sign)).await,
            };
            let Some(charts) = seen else { continue };
            if charts.iter().any(|chart| sign.is_on(chart)) {
                return only(&charts);
            }
            if let Some(error) = &otherwise {
                return Err(error.clone());
            }
        }
        Err(EmrError::Unknown("a chart was sent, and it has not shown up".into()))
    }
}

/// The one chart that has the identifier, if it is in use.
fn only(signed: &[Chart]) -> Result<PatientRef, EmrError> {
    match signed {
        [one] if one.takes_bookings() => Ok(PatientRef(Pii::new(one.id().to_owned()))),
        // The staff merged it, closed it, or made another of it.
        [] | [_] | [_, _, ..] => refused(Refusal::Known),
    }
}

impl Client {
    /// Charts that have the identifier.
    async fn signed(&self, sign: &Sign) -> Result<Vec<Chart>, Failure> {
        let found = self.charts(sign.search()).await?;
        Ok(found.into_iter().filter(|chart| sign.is_on(chart)).collect())
    }

    /// Whether a chart may be theirs already.
    async fn may_be(&self, new: &NewPatient) -> Result<bool, Failure> {
        let born = vec![("birthdate", new.birth_date.reveal().to_string())];
        let card = async {
            match &new.card {
                Some(card) => self.charts(vec![("identifier", plain(card.number.reveal()))]).await,
                None => Ok(Vec::new()),
            }
        };
        let (born, card) = try_join(self.charts(born), card).await?;
        Ok(!card.is_empty() || born.iter().any(|chart| chart.may_be(new)))
    }

    async fn charts(&self, sought: Parameters) -> Result<Vec<Chart>, Failure> {
        self.search(Service::Patient, sought).await?.into_iter().map(Chart::read).collect()
    }
}

fn resource(new: &NewPatient, sign: &Sign) -> Value {
    let mut identifiers = vec![json!({ "system": MADE, "value": sign.0 })];
    if let Some(card) = &new.card {
        let kind = json!({
            "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "JHN" }],
            "text": format!("Health card, {}", card.province),
        });
        identifiers.push(json!({ "type": kind, "value": card.number.reveal() }));
    }
    let mut telecom = vec![json!({ "system": "phone", "value": dashed(new.phone.reveal()) })];
    telecom.extend(new.email.iter().map(|email| json!({ "system": "email", "value": email.reveal() })));
    let gender = match new.sex {
        Sex::Female => "female",
        Sex::Male => "male",
        Sex::Other => "other",
        Sex::Unknown => "unknown",
    };
    let mut whole = json!({
        "resourceType": "Patient",
        "active": true,
        "identifier": identifiers,
        "name": [{ "use": "official", "family": new.last_name.reveal(), "given": [new.first_name.reveal()] }],
        "telecom": telecom,
        "gender": gender,
        "birthDate": new.birth_date.reveal().to_string(),
    });
    let mut address = serde_json::Map::new();
    address.extend(new.address.iter().map(|text| ("text".to_owned(), json!(text.reveal()))));
    address.extend(new.postal_code.iter().map(|code| ("postalCode".to_owned(), json!(code.reveal()))));
    if !address.is_empty() {
        whole["address"] = json!([address]);
    }
    whole
}

/// 604-555-0123.
fn dashed(number: &str) -> String {
    match (number.get(..3), number.get(3..6), number.get(6..)) {
        (Some(area), Some(office), Some(line)) => format!("{area}-{office}-{line}"),
        (_, _, _) => number.to_owned(),
    }
}
