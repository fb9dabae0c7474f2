//! What `call` and `load` need to ring somebody.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::softphone::dial::Dialling;
use crate::transport::sip::{CodecName, Credentials};

#[derive(Debug, Args)]
pub(super) struct Ring {
    /// Who to ring: `sip:clinic@127.0.0.1:5060`, `sip:...;transport=tcp`, or a media stream: `ws://127.0.0.1:8080/stream/pcm`,
    /// `ws://127.0.0.1:8080/stream/twilio` (as Twilio opens it; the server's public_url must be that address).
    #[arg(value_name = "TARGET")]
    target: String,
    /// Codecs to offer, the best first; streams bring their own.
    #[arg(long, value_delimiter = ',', default_value = "opus,g722,pcmu,pcma", value_name = "LIST")]
    codecs: Vec<Codec>,
    /// User name, if the other side asks for one (digest); for a stream as Twilio's, the account's SID.
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Its password; a plain stream's key; Twilio's auth token. Better given in the environment.
    #[arg(long, env = "ATTENDANT_CALL_PASSWORD", hide_env_values = true, value_name = "SECRET")]
    password: Option<String>,
    /// Seconds to wait for an answer.
    #[arg(long, default_value_t = 30, value_name = "S")]
    ring: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Codec {
    Opus,
    G722,
    Pcmu,
    Pcma,
}

impl Ring {
    pub(super) fn dialling(&self, from: &str) -> Dialling {
        let codecs = self.codecs.iter().map(|codec| match codec {
            Codec::Opus => CodecName::Opus,
            Codec::G722 => CodecName::G722,
            Codec::Pcmu => CodecName::Pcmu,
            Codec::Pcma => CodecName::Pcma,
        });
        // A key has no user.
        let credentials = self
            .password
            .clone()
            .map(|secret| Credentials { name: self.user.clone().unwrap_or_default(), secret })
            .filter(|credentials| !credentials.name.is_empty() || self.target.starts_with("ws:"));
        Dialling {
            target: self.target.clone(),
            from: from.to_owned(),
            codecs: codecs.collect(),
            credentials,
            patience: Duration::from_secs(self.ring),
        }
    }
}
