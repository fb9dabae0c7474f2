//! `attendant sim fhir`: a simulated FHIR server of a sample clinic.

use std::net::SocketAddr;

use anyhow::anyhow;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Exit, Failure, zone};
use crate::sim::Clock;
use crate::sim::fhir::{Conduct, Fhir, Knob, Settings};

/// Serve a simulated FHIR R4 server: schedules, slots, appointments and patients of a sample clinic, over plain HTTP
///
/// Everyone in it is made up, and whatever is booked is gone when it ends. It refuses what FHIR does
/// not know. What it knows is at /_sim/ as JSON: appointments, double bookings, every request.
///
/// An OPERATION is token, metadata, page, Schedule.search, Slot.search, Patient.search, .read or
/// .create, Appointment.search, .read, .create, .update, .find, .hold or .book, or * for all of them.
/// FAULT may be followed by /N for the next N requests only. What a fault does:
///
///   latency:MS        does what was asked so much later, at most 30000, and answers then
///   late-reply:MS     does what was asked, and answers so much later
///   hang              never answers, and does nothing
///   drop-request      closes the connection before doing anything
///   drop-reply        does what was asked, then closes the connection
///   reset             does what was asked, then resets the connection within the answer
///   html503           a proxy's page; does nothing
///   server            500; does nothing
///   done-then-server  does what was asked, then answers 500
///   limited           429 with Retry-After; does nothing
///   expired           401: the token is not taken
///   scope             403: the token lacks the scope
///   stale             somebody changes it just before
///   overtaken         the same, told with 409
///   another           answers a read with another resource of the same kind
///   malformed         does what was asked, then answers with half of the JSON
///   rival             the front desk books the same time just before
///   rival-after       the front desk books the same time just after
///   twin              the front desk books the same time for the same patient just before
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct FhirArgs {
    /// Address of this machine to listen on. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8480", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// How it deals with bookings.
    #[arg(long, default_value_t, value_enum, value_name = "CONDUCT")]
    conduct: Conduct,
    /// The clinic's time zone.
    #[arg(long, default_value = "America/Vancouver", value_name = "ZONE", value_parser = zone)]
    zone: TimeZone,
    /// What goes wrong, and where. May be given again.
    #[arg(long = "fault", value_name = "OPERATION=FAULT[/N]")]
    faults: Vec<Knob>,
    /// Print the address and the token as one line of JSON.
    #[arg(long)]
    json: bool,
}

impl FhirArgs {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        super::only_here("listen", self.listen)?;
        let fhir = Fhir::new(Settings { conduct: self.conduct, zone: self.zone.clone(), clock: Clock::wall() });
        for knob in &self.faults {
            fhir.turn(knob.clone()).map_err(|error| Failure::usage(anyhow!("--fault {error}")))?;
        }
        let served = fhir.clone();
        super::serve_there(
            self.listen,
            |bound| self.announce(&fhir, bound),
            |listener| async move { served.serve(listener, std::future::pending()).await },
        )
    }

    fn announce(&self, fhir: &Fhir, bound: SocketAddr) {
        let (base_url, token_url, (client, secret)) = (fhir.base_url(bound), fhir.token_url(bound), fhir.client());
        let inspect = format!("http://{bound}/_sim/");
        if self.json {
            let line = json!({
                "base_url": base_url, "token": fhir.token(), "token_url": token_url,
                "client": client, "secret": secret, "inspect": inspect,
            });
            println!("{line}");
            return;
        }
        println!("FHIR R4    {base_url}  (plain HTTP)");
        println!("token      {}", fhir.token());
        println!("or ask     {token_url}  as {client} with secret {secret}");
        println!("clinic     {}; practitioners 101 and 102 can be booked", self.zone.iana_name().unwrap_or("UTC"));
        println!("look at    {inspect}");
        println!("\nin the clinic's file, whose [emr.visits] and [emr.codes] may be those of the sample clinic:\n");
        println!("{}", section(&base_url));
        println!("and for attendant: export FHIR_TOKEN={}", fhir.token());
    }
}

/// What leads attendant here.
fn section(base_url: &str) -> String {
    format!(
        "[emr]\nkind = \"fhir\"\n\n[emr.fhir]\nbase_url = \"{base_url}\"\ntoken = {{ env = \"FHIR_TOKEN\" }}\n\n\
         [emr.fhir.providers]\n101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"\n\n\
         [emr.fhir.slots]\n1 = [\"visit\"]\nP = [\"phone\"]\ns = [\"same-day\"]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emr::fhir::FhirConfig;

    #[test]
    fn what_is_printed_for_the_clinics_file_can_be_read_there() {
        let base_url = "http://127.0.0.1:8480/fhir";
        let file: toml::Table = section(base_url).parse().unwrap();
        assert_eq!(file["emr"]["kind"].as_str(), Some("fhir"));
        let config: FhirConfig = file["emr"]["fhir"].clone().try_into().unwrap();
        assert_eq!((config.base_url.as_str(), config.providers.len(), config.slots.len()), (base_url, 2, 3));
    }
}
