//! A notice as e-mail, handed to the clinic's own mail server: over TLS, in plain text, with an id by which a second one is known.
//!
//! It is taken when the server has taken it. What the server says beyond its code is never kept: it may quote what it was sent.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as SmtpTls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;

use super::config::{MailConfig, Server, Tls};
use super::notice::{Notice, Trouble, Urgency};
use crate::agent::tools::MessageKind;
use crate::clinic::Clinic;
use crate::provider::tls;
use crate::store::notices::Stage;

/// The whole mail.
pub(super) fn mail(
    from: &Address,
    to: &Address,
    notice: &Notice<'_>,
    clinic: &Clinic,
) -> Result<lettre::Message, Trouble> {
    let built = lettre::Message::builder()
        .from(Mailbox::new(Some("attendant".to_owned()), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(subject(notice))
        .date(date(notice))
        .message_id(Some(format!("<{}@{}>", notice.id, from.domain())))
        // No holiday greeting is sent back to it (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .singlepart(SinglePart::plain(text(notice, clinic)));
    built.map_err(|_| Trouble::lasting("it cannot be written as a mail"))
}

fn date(notice: &Notice<'_>) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(notice.made.as_second().unsigned_abs())
}

fn subject(notice: &Notice<'_>) -> String {
    let urgent = match notice.urgency() {
        Urgency::Urgent => "Urgent: ",
        Urgency::Normal => "",
    };
    let what = match notice.stage {
        Stage::First => "a message waits",
        Stage::Escalation => "nobody has seen to a message",
    };
    format!("{urgent}{what} ({})", notice.clinic)
}

fn text(notice: &Notice<'_>, clinic: &Clinic) -> String {
    let what = match notice.kind {
        MessageKind::Message => "A caller left a message and waits to be called back.",
        MessageKind::Registration => "A caller wants to be registered as a patient and waits to be called back.",
        MessageKind::NotTold => {
            "A caller agreed to a change in the book of appointments and hung up before hearing what came of it.\nCall the patient back."
        }
        MessageKind::WaitingList => "A caller wants to be put on the waiting list.",
        MessageKind::UnknownOutcome => {
            "It is not known whether a change in the book of appointments was made.\nLook there, then call the patient back."
        }
    };
    let left = clinic.local(notice.left);
    let mut lines = vec![
        what.to_owned(),
        String::new(),
        format!("Clinic:   {}", clinic.config.name),
        format!("Left:     {} ({})", left.strftime("%A, %B %-d, %Y, %H:%M"), clinic.config.timezone),
        format!("Message:  {}", notice.message),
    ];
    if let Some(message) = notice.whole {
        lines.extend([
            format!("From:     {}", message.name.reveal()),
            format!("Call:     {}", message.number.reveal()),
            String::new(),
            message.text.reveal().clone(),
        ]);
    }
    lines.push(String::new());
    lines.push(format!("Read it on the server: attendant messages show {}", notice.message));
    lines.push(match &notice.acknowledge {
        Some(link) => format!("Say that you see to it: {link}"),
        None => format!("Say that you see to it: attendant messages ack {}", notice.message),
    });
    if notice.stage == Stage::Escalation {
        lines.push("\nThose who were told first have not said that they see to it.".to_owned());
    }
    lines.join("\n")
}

/// Hands mail to one server.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    /// Of a whole try.
    deadline: Duration,
}

impl Mailer {
    /// The configuration has been checked; the error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &MailConfig, deadline: Duration) -> Result<Self, String> {
        let none = || "notices.mail.server: no mail server; see docs/notices.md".to_owned();
        Self::through(config.server().ok_or_else(none)?, config, deadline)
    }

    pub(super) fn through(server: Server, config: &MailConfig, deadline: Duration) -> Result<Self, String> {
        let Server { host, port, tls } = server;
        let tls = match tls {
            Tls::FromTheFirstByte => SmtpTls::Wrapper(parameters(&host, config)?),
            Tls::Starttls => SmtpTls::Required(parameters(&host, config)?),
            Tls::Without => SmtpTls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(deadline))
            .hello_name(ClientId::Domain(config.from.domain().to_owned()));
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            let password = password.read().map_err(|what| format!("notices.mail.password: {what}"))?;
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: config.from.clone(), deadline })
    }

    pub(super) async fn send(&self, to: &Address, notice: &Notice<'_>, clinic: &Clinic) -> Result<(), Trouble> {
        let mail = mail(&self.from, to, notice, clinic)?;
        match timeout(self.deadline, self.transport.send(mail)).await {
            Err(_) => Err(Trouble::passing(format!("no answer within {} s", self.deadline.as_secs_f32()))),
            Ok(Err(error)) => Err(refused(&error)),
            Ok(Ok(_)) => Ok(()),
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

fn parameters(host: &str, config: &MailConfig) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(ca) = &config.ca {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in ca.read().map_err(|what| format!("notices.mail.ca: {what}"))? {
            let certificate = Certificate::from_der(certificate.to_vec());
            builder = builder.add_root_certificate(
                certificate.map_err(|error| format!("notices.mail.ca: {error}; name an authority's certificate"))?,
            );
        }
    }
    builder.build().map_err(|error| format!("notices.mail: TLS cannot be used: {error}; install ca-certificates"))
}

fn refused(error: &lettre::transport::smtp::Error) -> Trouble {
    if let Some(why) = tls::refusal(error) {
        return Trouble::lasting(why);
    }
    match error.status() {
        Some(code) if error.is_permanent() => Trouble::lasting(format!("the mail server refuses it ({code})")),
        Some(code) => Trouble::passing(format!("the mail server wants it later ({code})")),
        None if error.is_tls() => Trouble::lasting("no TLS with the mail server"),
        None if error.is_client() => {
            Trouble::lasting("the mail server does not do what is needed of it (STARTTLS, or a way to log in)")
        }
        None if error.is_timeout() => Trouble::passing("the mail server does not answer"),
        None if error.is_response() => Trouble::passing("the mail server broke off, or answers in no SMTP"),
        None => Trouble::passing("the mail server cannot be reached"),
    }
}
