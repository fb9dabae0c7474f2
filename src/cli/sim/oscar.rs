//! `attendant sim oscar`: a simulated OSCAR of a sample clinic.

use std::net::SocketAddr;

use anyhow::anyhow;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Exit, Failure, zone};
use crate::sim::oscar::{Clock, Dialect, Knob, Oscar, Settings};

/// Serve a simulated OSCAR: the SOAP or REST interface of a sample clinic's EMR, over plain HTTP
///
/// Everyone in it is made up, and whatever is booked is gone when it ends. It checks as little as
/// OSCAR does: two bookings of one time are both taken. What it knows is at /_sim/ as JSON:
/// appointments, double bookings, every request with its answer.
///
/// An OPERATION is named as in the WSDL, such as addAppointment, or * for all of them; of REST it is
/// the end of the path, such as schedule/add. FAULT may be followed by /N for the next N requests
/// only. What a fault does:
///
///   latency:MS     does what was asked so much later, at most 30000, and answers then
///   late-reply:MS  does what was asked, and answers so much later
///   hang           never answers, and does nothing
///   drop-request   closes the connection before doing anything
///   drop-reply     does what was asked, then closes the connection
///   reset          does what was asked, then resets the connection within the answer
///   html403        a firewall's page; does nothing
///   html503        a proxy's page; does nothing
///   malformed      does what was asked, then answers with half of the XML
///   server         a SOAP fault as of a null pointer; does nothing
///   rival          the front desk books the same time just before
///   rival-after    the front desk books the same time just after
///   expired        the account has expired
///   role           the account has lost its rights
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct OscarArgs {
    /// Address of this machine to listen on. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Which OSCAR.
    #[arg(long, default_value_t, value_enum, value_name = "KIND")]
    dialect: Dialect,
    /// The clinic's time zone.
    #[arg(long, default_value = "America/Vancouver", value_name = "ZONE", value_parser = zone)]
    zone: TimeZone,
    /// The zone that the server's Java runs in, if it is another: UTC at some clinics.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    jvm_zone: Option<TimeZone>,
    /// What goes wrong, and where. May be given again.
    #[arg(long = "fault", value_name = "OPERATION=FAULT[/N]")]
    faults: Vec<Knob>,
    /// Print the address and the accounts as one line of JSON.
    #[arg(long)]
    json: bool,
}

impl OscarArgs {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        super::only_here("listen", self.listen)?;
        let mut settings = Settings::new(self.dialect, self.zone.clone(), Clock::wall());
        if let Some(java_zone) = &self.jvm_zone {
            settings.java_zone = java_zone.clone();
        }
        let oscar = Oscar::new(settings);
        for knob in &self.faults {
            oscar.turn(knob.clone()).map_err(|error| Failure::usage(anyhow!("--fault {error}")))?;
        }
        let served = oscar.clone();
        super::serve_there(
            self.listen,
            |bound| self.announce(&oscar, bound),
            |listener| async move { served.serve(listener, std::future::pending()).await },
        )
    }

    fn announce(&self, oscar: &Oscar, bound: SocketAddr) {
        let base_url = oscar.base_url(bound);
        let login = oscar.login();
        let rest = oscar.rest_login();
        let zone = self.zone.iana_name().unwrap_or("UTC");
        let java_zone = self.jvm_zone.as_ref().and_then(TimeZone::iana_name).unwrap_or(zone);
        let inspect = format!("http://{bound}/_sim/");
        if self.json {
            let line = json!({
                "base_url": base_url,
                "dialect": self.dialect.name(),
                "zone": zone,
                "jvm_zone": java_zone,
                "user": login.user,
                "password": login.password,
                "security_id": login.security_id,
                "rest": { "key": rest.key, "secret": rest.secret, "token": rest.token, "token_secret": rest.token_secret },
                "inspect": inspect,
            });
            println!("{line}");
            return;
        }
        println!("OSCAR      {base_url}  (dialect {}, plain HTTP)", self.dialect);
        match self.dialect {
            Dialect::Rest => {
                println!("client     {}  secret {}", rest.key, rest.secret);
                println!("token      {}  secret {}", rest.token, rest.token_secret);
            }
            Dialect::Mcmaster | Dialect::Openo | Dialect::Juno => {
                println!("account    {}  password {}", login.user, login.password);
            }
        }
        println!("clinic     {zone}, Java in {java_zone}; providers 101 to 104 can be booked");
        println!("look at    {inspect}");
        if self.dialect != Dialect::Rest {
            println!("\nin the clinic's file, whose [emr.visits] and [emr.codes] may be those of the sample clinic:\n");
            println!("{}", section(&base_url, self.dialect));
            println!("and for attendant: export OSCAR_USER={} OSCAR_PASSWORD={}", login.user, login.password);
        }
    }
}

/// What leads attendant here.
fn section(base_url: &str, dialect: Dialect) -> String {
    format!(
        "[emr]\nkind = \"oscar\"\n\n[emr.oscar]\nbase_url = \"{base_url}\"\ndialect = \"{dialect}\"\n\
         user = {{ env = \"OSCAR_USER\" }}\npassword = {{ env = \"OSCAR_PASSWORD\" }}\n\n[emr.oscar.providers]\n\
         101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"\n103 = \"Dr. Martin Tremblay\"\n104 = \"Sarah MacDonald\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emr::oscar::OscarConfig;

    #[test]
    fn what_is_printed_for_the_clinics_file_can_be_read_there() {
        for dialect in [Dialect::Mcmaster, Dialect::Openo, Dialect::Juno] {
            let base_url = "http://127.0.0.1:8443/oscar/ws";
            let file: toml::Table = section(base_url, dialect).parse().unwrap();
            assert_eq!(file["emr"]["kind"].as_str(), Some("oscar"));
            let config: OscarConfig = file["emr"]["oscar"].clone().try_into().unwrap();
            assert_eq!((config.base_url.as_str(), config.dialect.name()), (base_url, dialect.name()));
            assert_eq!(config.providers.len(), 4);
        }
    }
}
