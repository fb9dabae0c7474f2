//! Whether a server of FHIR can be used: asks for everything that calls will need, writes nothing, and says how to mend what is wrong.
//!
//! What is asked stays warm for the first calls: the token, what the server offers, the schedules.

use jiff::civil::date;

use super::super::failure::Failure;
use super::super::{EmrError, Finding, Registrations, Sought};
use super::Inner;
use crate::privacy::Pii;

impl Inner {
    /// An error: the server or the account cannot be used at all.
    pub(super) async fn health(&self) -> Result<Vec<Finding>, EmrError> {
        let offer = self.offer().await.map_err(Failure::of_read)?;
        let mut findings = offer.findings();
        findings.extend(match (self.registrations, offer.makes_charts) {
            (Registrations::Queued, true | false) => None,
            (Registrations::Created, true) => Some(Finding::good("charts of new patients can be made")),
            (Registrations::Created, false) => Some(Finding::bad(
                "it does not offer conditional create of Patient: no chart is made, and new patients are left to the staff",
                "have the server's operator switch it on, or take emr.registrations out",
            )),
        });
        let schedules = self.schedules().await.map_err(Failure::of_read)?;
        findings.push(Finding::good("the token is taken"));
        for (provider, name) in self.providers.iter().filter(|(provider, _)| !schedules.contains_key(provider)) {
            findings.push(Finding::bad(
                format!("provider {} ({name}) has no active Schedule", provider.0),
                "correct the id in [emr.fhir.providers], or take the line out",
            ));
        }
        let nobody = Sought {
            birth_date: Pii::new(date(1870, 1, 1)),
            first_name: Pii::new(String::new()),
            last_name: Pii::new(String::new()),
            calling_from: None,
        };
        findings.push(match self.client.find(&nobody).await {
            Ok(_) => Finding::good("charts may be searched"),
            Err(failure) => Finding::bad(
                format!("charts cannot be searched: {}", failure.of_read()),
                "give the client or the token the scope system/Patient.read",
            ),
        });
        Ok(findings)
    }
}
