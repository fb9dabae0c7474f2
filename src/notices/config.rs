//! `[notices]` in a clinic's file: who is told that a message waits, of how much of it, and who if nobody sees to it.
//!
//! Secrets come from the environment or from files. Nothing leaves this machine unencrypted.

use std::fmt;
use std::net::IpAddr;

use jiff::SignedDuration;
use serde::Deserialize;
use url::{Host, Url};

use crate::config::SecretSource;
use crate::provider::residency::{Country, Place};
use crate::provider::tls::{self, Authority};
use crate::store::weakness;

/// `[notices]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticesConfig {
    /// Who is told of each message.
    pub to: Vec<Address>,
    #[serde(default)]
    pub content: Content,
    /// Signs webhooks.
    pub secret: Option<SecretSource>,
    /// Where those who are told are, for a clinic that keeps what callers say in a country.
    pub country: Option<Country>,
    /// Who signed the certificates of webhooks; without it, this machine's authorities.
    pub ca: Option<Authority>,
    pub mail: Option<MailConfig>,
    pub escalation: Option<EscalationConfig>,
}

/// How much a notice says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// That a message of some kind waits, since when, and its id: nothing of a patient.
    #[default]
    Waiting,
    /// Also who left it, whom to call back, and what it says.
    Whole,
}

/// `[notices.mail]`: through which server e-mail goes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://host` (TLS from the first byte, port 465) or `smtp://host` (STARTTLS, port 587).
    pub server: String,
    pub user: Option<String>,
    pub password: Option<SecretSource>,
    pub from: lettre::Address,
    /// Who signed the server's certificate; without it, this machine's authorities.
    pub ca: Option<Authority>,
}

/// `[notices.escalation]`: who is told of a message that nobody acknowledged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationConfig {
    pub to: Vec<Address>,
    /// Since the message was left.
    #[serde(default = "half_an_hour")]
    pub after_minutes: u16,
    #[serde(default)]
    pub during: During,
}

/// Which minutes count until a message is escalated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum During {
    /// Those in which the clinic is open. An urgent message does not wait for that.
    #[default]
    OpeningHours,
    Always,
}

/// Where a notice goes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Address {
    Webhook(Url),
    Mail(lettre::Address),
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // What cannot be used may hold a secret, and is not shown.
        let mend = "write https://hooks.clinic.example/attendant, or front-desk@clinic.example";
        if text.contains("://") {
            let url = Url::parse(&text).map_err(|_| format!("no address of a webhook; {mend}"))?;
            let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            if !plain || !url.has_host() {
                return Err(format!("an address with a user, a password or a fragment; {mend}"));
            }
            return match url.scheme() {
                "https" => Ok(Self::Webhook(url)),
                "http" if is_this_machine(&url) => Ok(Self::Webhook(url)),
                _ => Err(format!("an address that is not encrypted; {mend}")),
            };
        }
        text.parse().map(Self::Mail).map_err(|_| format!("neither a webhook nor an e-mail address; {mend}"))
    }
}

/// Whole, as the outbox knows it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(url) => url.fmt(f),
            Self::Mail(address) => address.fmt(f),
        }
    }
}

impl Address {
    /// In metrics.
    pub const fn channel(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Mail(_) => "mail",
        }
    }

    /// For logs and people: the path of a webhook may be its secret.
    pub fn shown(&self) -> String {
        match self {
            Self::Webhook(url) => shown_webhook(url),
            Self::Mail(address) => address.to_string(),
        }
    }
}

/// [`Address::shown`] of what the outbox knows.
pub fn shown(address: &str) -> String {
    Url::parse(address).ok().filter(Url::has_host).map_or_else(|| address.to_owned(), |url| shown_webhook(&url))
}

fn shown_webhook(url: &Url) -> String {
    let rest = if url.path() == "/" && url.query().is_none() { "" } else { "/..." };
    format!("{}{rest}", url.origin().ascii_serialization())
}

/// How a mail server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    FromTheFirstByte,
    Starttls,
    /// To this machine itself.
    Without,
}

const fn half_an_hour() -> u16 {
    30
}

/// Minutes: a day of the clock, or three of a clinic that is open for eight hours.
const LONGEST: u16 = 24 * 60;

/// Of a list.
const MOST_ADDRESSES: usize = 20;

/// Characters: what can be guessed is no secret.
const SHORTEST_SECRET: usize = 32;

impl NoticesConfig {
    /// Everybody of a stage.
    pub fn escalates_to(&self) -> &[Address] {
        self.escalation.as_ref().map_or(&[], |escalation| &escalation.to)
    }

    fn all(&self) -> impl Iterator<Item = &Address> {
        self.to.iter().chain(self.escalates_to())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let lists =
            [("notices.to", Some(&self.to)), ("notices.escalation.to", self.escalation.as_ref().map(|e| &e.to))];
        for (key, list) in lists.iter().filter_map(|(key, list)| Some((key, (*list)?))) {
            if list.is_empty() || list.len() > MOST_ADDRESSES {
                wrong.push(format!(
                    "{key}: {} addresses; write 1 to {MOST_ADDRESSES}, as [\"front-desk@clinic.example\"]",
                    list.len()
                ));
            }
            if let Some(twice) = (1..list.len()).find(|at| list[..*at].contains(&list[*at])) {
                wrong.push(format!("{key}: {} is there twice; take one out", list[twice].shown()));
            }
        }
        let any = |wanted: fn(&Address) -> bool| self.all().any(wanted);
        let has_webhook = any(|address| matches!(address, Address::Webhook(_)));
        wrong.extend(self.check_secret(has_webhook));
        wrong.extend(tls::check("notices", self.ca.as_ref(), if has_webhook { "https:" } else { "no webhook" }));
        match &self.mail {
            None if any(|address| matches!(address, Address::Mail(_))) => wrong.push(
                "notices.mail: missing, and somebody is told by e-mail; write server and from, as in docs/notices.md"
                    .to_owned(),
            ),
            None => {}
            Some(mail) => wrong.extend(mail.check()),
        }
        if let Some(escalation) = self.escalation.as_ref().filter(|e| !(1..=LONGEST).contains(&e.after_minutes)) {
            let minutes = escalation.after_minutes;
            wrong.push(format!("notices.escalation.after_minutes: {minutes} does not fit; write 1 to {LONGEST}"));
        }
        wrong
    }

    fn check_secret(&self, has_webhook: bool) -> Option<String> {
        let Some(secret) = &self.secret else {
            return has_webhook.then(|| {
                "notices.secret: missing, and webhooks are signed with it; write { env = \"ATTENDANT_NOTICES_SECRET\" }"
                    .to_owned()
            });
        };
        let mend = "write what `openssl rand -base64 33` prints";
        match secret.read() {
            Err(what) => Some(format!("notices.secret: {what}")),
            Ok(secret) if secret.expose().chars().count() < SHORTEST_SECRET => {
                Some(format!("notices.secret: shorter than {SHORTEST_SECRET} characters; {mend}"))
            }
            Ok(secret) => weakness(secret.expose()).map(|why| format!("notices.secret: {why}; {mend}")),
        }
    }

    /// What leaves the country in notices that say everything: the same.
    pub fn leaving(&self, country: &Country) -> Vec<String> {
        if self.content == Content::Waiting {
            return Vec::new();
        }
        let leaves = |place: Place| {
            (!place.stays_in(country)).then(|| {
                format!(
                    "residency: {country}, but notices say what callers left, to {place}; state where it is (notices.country), or write content = \"waiting\""
                )
            })
        };
        let place = |is_here: bool| match &self.country {
            _ if is_here => Place::Here,
            Some(country) => Place::In(country.clone()),
            None => Place::Unstated,
        };
        let mut wrong: Vec<String> = self
            .all()
            .filter_map(|address| leaves(place(matches!(address, Address::Webhook(url) if is_this_machine(url)))))
            .collect();
        wrong.dedup();
        wrong
    }

    /// When a message is escalated: so long after it was left.
    pub(super) fn patience(&self) -> Option<(SignedDuration, During)> {
        let escalation = self.escalation.as_ref()?;
        Some((SignedDuration::from_mins(i64::from(escalation.after_minutes)), escalation.during))
    }
}

impl MailConfig {
    fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let server = self.server();
        if server.is_none() {
            wrong.push(
                "notices.mail.server: no mail server; write smtps://mail.clinic.example, or smtp:// for STARTTLS"
                    .to_owned(),
            );
        }
        let has_tls = server.is_some_and(|server| server.tls != Tls::Without);
        wrong.extend(tls::check(
            "notices.mail",
            self.ca.as_ref(),
            if has_tls { "https:" } else { "a server on this machine" },
        ));
        match (&self.user, &self.password) {
            (Some(user), _) if user.trim().is_empty() => {
                wrong.push("notices.mail.user: empty; write the account's name, or leave it out".to_owned());
            }
            (Some(_), None) => {
                wrong.push("notices.mail.password: missing; write { file = \"/run/secrets/mail\" }".to_owned());
            }
            (None, Some(_)) => {
                wrong.push("notices.mail.user: missing; write the name of the account at the mail server".to_owned());
            }
            (Some(_), Some(password)) => match password.read() {
                Err(what) => wrong.push(format!("notices.mail.password: {what}")),
                Ok(password) => wrong.extend(
                    weakness(password.expose())
                        .map(|why| format!("notices.mail.password: {why}; set a long random one at the mail server")),
                ),
            },
            (None, None) => {}
        }
        wrong
    }

    /// `None` if it cannot be used.
    pub(super) fn server(&self) -> Option<Server> {
        let url = Url::parse(&self.server).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let host = url.host_str().filter(|host| plain && !host.is_empty() && url.path().len() <= 1)?;
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::FromTheFirstByte, 465),
            "smtp" if is_this_machine(&url) => (Tls::Without, 25),
            "smtp" => (Tls::Starttls, 587),
            _ => return None,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Server { host, port: url.port().unwrap_or(port), tls })
    }
}

/// Of any scheme, of which not all are known to have addresses for hosts.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests;
