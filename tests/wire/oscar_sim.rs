//! The simulated OSCAR as a client sees it: what goes over the wire, what each fault does to it, and what the store says afterwards.

mod faults;
mod golden;
mod patients;
mod refusals;
mod rest;
mod times;
mod writes;

use std::net::SocketAddr;
use std::time::Duration;

use attendant::sim::oscar::{Clock, Dialect, Oscar, Settings};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(20);

/// A Sunday in Toronto, whose offsets no recent law has changed. Monday the 23rd is the first working day of provider 101.
const NOW: &str = "2026-11-22T18:00:00Z";

const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

fn settings(dialect: Dialect) -> Settings {
    let now: Timestamp = NOW.parse().expect("a time");
    Settings::new(dialect, TimeZone::get("America/Toronto").expect("a zone"), Clock::new(move || now))
}

/// A simulator and somebody who talks to it.
struct Sim {
    oscar: Oscar,
    base_url: String,
    namespace: &'static str,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    /// Contents of each element of that name, in order.
    fn all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.body.split(open.as_str()).skip(1);
        parts.filter_map(|part| part.split(close.as_str()).next()).collect()
    }

    fn one(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_else(|| panic!("no {name} in {}", self.body))
    }

    /// `faultcode: faultstring`, without the code's namespace.
    fn fault(&self) -> String {
        assert_eq!(self.status, 500, "{}", self.body);
        let code = self.body.split("<faultcode").nth(1).and_then(|rest| rest.split('>').nth(1)).expect("a fault code");
        let code = code.split('<').next().expect("its end");
        format!("{code}: {}", self.one("faultstring"))
    }
}

impl Sim {
    async fn start(dialect: Dialect) -> Self {
        Self::with(settings(dialect)).await
    }

    async fn with(settings: Settings) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let namespace = settings.dialect.namespace();
        let oscar = Oscar::new(settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("bound");
        let serving = oscar.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        Self { base_url: oscar.base_url(address), oscar, namespace, http: reqwest::Client::new() }
    }

    /// The security header of the account that may do everything, with its password.
    fn header(&self) -> String {
        let login = self.oscar.login();
        token(&login.security_id.to_string(), &login.password)
    }

    fn envelope(&self, header: &str, body: &str) -> String {
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:w=\"{}\">{header}<s:Body>{body}\
             </s:Body></s:Envelope>",
            self.namespace
        )
    }

    async fn post(&self, service: &str, envelope: String) -> Result<Reply, reqwest::Error> {
        let request = self
            .http
            .post(format!("{}/{service}", self.base_url))
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", "\"\"")
            .body(envelope);
        let response = tokio::time::timeout(PATIENCE, request.send()).await.expect("in time")?;
        let status = response.status().as_u16();
        Ok(Reply { status, body: response.text().await? })
    }

    /// With the security header where one is wanted.
    async fn try_ask(&self, service: &str, operation: &str, arguments: &str) -> Result<Reply, reqwest::Error> {
        let header = match service {
            "LoginService" | "SystemInfoService" => String::new(),
            _ => self.header(),
        };
        let body = format!("<w:{operation}>{arguments}</w:{operation}>");
        self.post(service, self.envelope(&header, &body)).await
    }

    async fn ask(&self, service: &str, operation: &str, arguments: &str) -> Reply {
        self.try_ask(service, operation, arguments).await.expect("an answer")
    }

    /// The identifier of a new appointment.
    async fn book(&self, start: &str, end: &str, patient: i64) -> u32 {
        let reply = self.ask("ScheduleService", "addAppointment", &appointment("", start, end, patient, "t")).await;
        reply.one("return").parse().expect("a number")
    }
}

/// A security header.
pub fn token(id: &str, secret: &str) -> String {
    format!(
        "<s:Header><o:Security xmlns:o=\"{WSSE}\"><o:UsernameToken><o:Username>{id}</o:Username><o:Password \
         Type=\"{PASSWORD_TEXT}\">{secret}</o:Password></o:UsernameToken></o:Security></s:Header>"
    )
}

/// Of provider 101, as an argument.
fn appointment(id: &str, start: &str, end: &str, patient: i64, status: &str) -> String {
    format!(
        "<arg0><appointmentEndDateTime>{end}</appointmentEndDateTime><appointmentStartDateTime>{start}\
         </appointmentStartDateTime><demographicNo>{patient}</demographicNo>{id}<name>ROE, Jane</name>\
         <programId>0</programId><providerNo>101</providerNo><reason>cough</reason><status>{status}</status></arg0>"
    )
}
