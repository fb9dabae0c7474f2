//! Ringing: the target's scheme decides how. Whatever rings, an answered call is a [`Line`].
//!
//! `sip:` is a telephone; `ws:` a media stream: a plain one at `/stream/pcm`, with the key as password, or one as Twilio opens it at
//! `/stream/twilio`, with the account's SID as user and its token as password. Streams bring their own codec.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::Line;
use crate::call::registry::MediaPath;
use crate::config::Secret;
use crate::privacy::Pii;
use crate::transport::sip::{self, CodecName, Credentials, DialOptions, Phone, PhoneConfig, Wire};
use crate::transport::stream::client;

/// What is rung and how.
#[derive(Clone, Debug)]
pub struct Dialling {
    pub target: String,
    /// The number that calls, as the other side shall see it.
    pub from: String,
    /// Offered, the best first; not on streams.
    pub codecs: Vec<CodecName>,
    pub credentials: Option<Credentials>,
    /// No answer for this long is none.
    pub patience: Duration,
}

/// An answered call.
#[derive(Debug)]
pub struct Answered {
    pub line: Line,
    /// From the first message to the answer.
    pub rang: Duration,
}

/// No telephone on this machine can ring the target.
#[derive(Debug, thiserror::Error)]
pub enum NoTelephone {
    #[error("`{0}` cannot be rung; write for example sip:clinic@192.0.2.1:5060 or ws://127.0.0.1:8080/stream/pcm")]
    Target(String),
    #[error("`{0}`: TLS is the business of the proxy in front of a server; ring the server itself, with ws:")]
    Tls(String),
    #[error(
        "`{0}`: a plain stream wants its key (--password); one as Twilio's the account's SID and token (--user, --password)"
    )]
    NoKey(String),
    #[error(transparent)]
    Sip(#[from] sip::Error),
}

/// Nobody answered.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error(transparent)]
    Sip(#[from] sip::DialError),
    #[error(transparent)]
    Stream(#[from] client::DialError),
    #[error("nobody answered within {0:?}")]
    TooLate(Duration),
}

/// A telephone on this machine, for any number of calls to one target. Dropping it hangs up calls over SIP.
#[derive(Debug)]
pub struct Telephone(Kind);

#[derive(Debug)]
enum Kind {
    Sip { phone: Phone, _stop: DropGuard },
    Stream(client::Target),
}

impl Telephone {
    /// Binds what ringing this target takes. Must be called within a tokio runtime.
    pub async fn for_target(dialling: &Dialling) -> Result<Self, NoTelephone> {
        let target = &dialling.target;
        match target.split_once(':').map(|(scheme, _)| scheme) {
            Some("sip") => {}
            Some("ws") => return stream(dialling).map(Kind::Stream).map(Self),
            Some("wss") => return Err(NoTelephone::Tls(target.clone())),
            Some(_) | None => return Err(NoTelephone::Target(target.clone())),
        }
        let wire = if target.contains(";transport=tcp") { Wire::Tcp } else { Wire::Udp };
        // A loopback target answers to loopback only.
        let local = if is_loopback(target) { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let config = PhoneConfig {
            bind: SocketAddr::new(IpAddr::V4(local), 0),
            wire,
            credentials: dialling.credentials.clone(),
            ..PhoneConfig::default()
        };
        let stop = CancellationToken::new();
        let phone = Phone::bind(config, stop.clone()).await?;
        Ok(Self(Kind::Sip { phone, _stop: stop.drop_guard() }))
    }

    /// Rings and waits for the answer.
    pub async fn dial(&self, dialling: &Dialling) -> Result<Answered, NoAnswer> {
        match &self.0 {
            Kind::Sip { phone, .. } => {
                let options = DialOptions {
                    from: Pii::new(dialling.from.clone()),
                    codecs: dialling.codecs.clone(),
                    patience: dialling.patience,
                    ..DialOptions::default()
                };
                let answered = phone.dial(&dialling.target, options).await?;
                let media = MediaPath::Rtp {
                    socket: answered.socket,
                    rtcp: Some(answered.rtcp),
                    remote: answered.remote,
                    peer: None,
                    rtcp_to: answered.rtcp_to,
                };
                let line = Line { media, leg: answered.leg, signals: answered.signals, commands: answered.commands };
                Ok(Answered { line, rang: answered.times.answered.duration_since(answered.times.invited) })
            }
            Kind::Stream(target) => {
                let began = Instant::now();
                let ringing = client::dial(target, &dialling.from, DIALLED);
                let answered = tokio::time::timeout(dialling.patience, ringing)
                    .await
                    .map_err(|_| NoAnswer::TooLate(dialling.patience))??;
                let client::Answered { media, leg, signals, commands } = answered;
                Ok(Answered { line: Line { media, leg, signals, commands }, rang: began.elapsed() })
            }
        }
    }
}

/// The number dialled on a stream: its URL names none.
const DIALLED: &str = "clinic";

fn stream(dialling: &Dialling) -> Result<client::Target, NoTelephone> {
    let target = &dialling.target;
    let wrong = || NoTelephone::Target(target.clone());
    let url = Url::parse(target).ok().filter(Url::has_host).ok_or_else(wrong)?;
    let credentials = dialling.credentials.as_ref().ok_or_else(|| NoTelephone::NoKey(target.clone()))?;
    let secret = Secret::new(credentials.secret.clone());
    match url.path() {
        "/stream/pcm" => Ok(client::Target::Pcm { url: target.clone(), key: secret }),
        "/stream/twilio" if !credentials.name.is_empty() => {
            let server = format!("http://{}", url.authority());
            Ok(client::Target::Twilio {
                // No proxy is between us: its public address must be this one.
                public_url: server.clone(),
                server,
                account_sid: credentials.name.clone(),
                auth_token: secret,
            })
        }
        "/stream/twilio" => Err(NoTelephone::NoKey(target.clone())),
        _ => Err(wrong()),
    }
}

fn is_loopback(target: &str) -> bool {
    let host = target.trim_start_matches("sip:").rsplit('@').next().unwrap_or_default();
    host.starts_with("127.") || host.starts_with("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_targets_are_known() {
        assert!(is_loopback("sip:clinic@127.0.0.1:5060"));
        assert!(is_loopback("sip:localhost"));
        assert!(!is_loopback("sip:127@192.0.2.1:5060"));
    }

    fn dialling(target: &str, name: &str) -> Dialling {
        let credentials = Some(Credentials { name: name.into(), secret: "0123456789abcdef".into() });
        Dialling {
            target: target.into(),
            from: "0042".into(),
            codecs: Vec::new(),
            credentials,
            patience: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_path_of_a_stream_says_how_it_is_opened() {
        let plain = stream(&dialling("ws://127.0.0.1:8080/stream/pcm", "")).unwrap();
        assert!(matches!(plain, client::Target::Pcm { url, .. } if url == "ws://127.0.0.1:8080/stream/pcm"));
        let twilio = stream(&dialling("ws://127.0.0.1:8080/stream/twilio", "AC1")).unwrap();
        assert!(matches!(twilio, client::Target::Twilio { server, account_sid, .. }
            if server == "http://127.0.0.1:8080" && account_sid == "AC1"));
    }

    #[tokio::test]
    async fn what_cannot_be_rung_is_said_with_what_is_wanted() {
        for (target, name, says) in [
            ("tel:1", "", "for example"),
            ("wss://clinic.example/stream/pcm", "", "proxy"),
            ("ws://127.0.0.1/stream/telnyx", "", "for example"),
            ("ws://127.0.0.1/stream/twilio", "", "SID"),
        ] {
            let error = Telephone::for_target(&dialling(target, name)).await.unwrap_err().to_string();
            assert!(error.contains(says), "{target}: {error}");
        }
        let keyless = Dialling { credentials: None, ..dialling("ws://127.0.0.1/stream/pcm", "") };
        assert!(Telephone::for_target(&keyless).await.unwrap_err().to_string().contains("--password"));
    }
}
