//! Ringing: the target's scheme decides how. Whatever rings, an answered call is a [`Line`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::Line;
use crate::call::registry::MediaPath;
use crate::privacy::Pii;
use crate::transport::sip::{self, CodecName, Credentials, DialError, DialOptions, Phone, PhoneConfig, Wire};

/// What is rung and how.
#[derive(Clone, Debug)]
pub struct Dialling {
    pub target: String,
    /// The number that calls, as the other side shall see it.
    pub from: String,
    /// Offered, the best first.
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
    #[error("`{0}` cannot be rung; write for example sip:clinic@192.0.2.1:5060")]
    Target(String),
    #[error(transparent)]
    Sip(#[from] sip::Error),
}

/// A telephone on this machine, for any number of calls to one target. Dropping it hangs up.
#[derive(Debug)]
pub struct Telephone {
    phone: Phone,
    _stop: DropGuard,
}

impl Telephone {
    /// Binds what ringing this target takes. Must be called within a tokio runtime.
    pub async fn for_target(dialling: &Dialling) -> Result<Self, NoTelephone> {
        let target = &dialling.target;
        if !target.starts_with("sip:") {
            return Err(NoTelephone::Target(target.clone()));
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
        Ok(Self { phone, _stop: stop.drop_guard() })
    }

    /// Rings and waits for the answer.
    pub async fn dial(&self, dialling: &Dialling) -> Result<Answered, DialError> {
        let options = DialOptions {
            from: Pii::new(dialling.from.clone()),
            codecs: dialling.codecs.clone(),
            patience: dialling.patience,
            ..DialOptions::default()
        };
        let answered = self.phone.dial(&dialling.target, options).await?;
        let media = MediaPath::Rtp { socket: answered.socket, rtcp: answered.rtcp, remote: answered.remote };
        let line = Line { media, leg: answered.leg, signals: answered.signals, commands: answered.commands };
        Ok(Answered { line, rang: answered.times.answered.duration_since(answered.times.invited) })
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
}
