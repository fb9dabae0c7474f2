//! `[stream]` in the configuration: which carriers may connect, and where their secrets are. Checked before a port is bound.

use attendant_media::leg::Codec;
use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::config::SecretSource;
use crate::store::{SIMPLE, is_well_known};

/// `[stream]`. Without a carrier's section, its paths answer 404.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamConfig {
    pub twilio: Option<TwilioConfig>,
    pub telnyx: Option<TelnyxConfig>,
    pub pcm: Option<PcmConfig>,
    /// Signs the tokens in streams' URLs. Needed only if several instances answer behind one name; else one is drawn at start.
    pub token_secret: Option<SecretSource>,
    /// How long a carrier may take from our answer to its connection.
    pub token_lives_s: u64,
}

/// `[stream.twilio]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioConfig {
    /// Begins with AC.
    pub account_sid: String,
    /// Verifies webhooks, and hangs up and transfers calls.
    pub auth_token: SecretSource,
    #[serde(default = "twilio_api")]
    pub api_url: String,
}

/// `[stream.telnyx]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelnyxConfig {
    /// The account's public key for webhooks, base64 (Mission Control, Keys & Credentials).
    pub public_key: String,
    /// Answers, hangs up and transfers calls.
    pub api_key: SecretSource,
    #[serde(default = "telnyx_api")]
    pub api_url: String,
    /// What we send, and ask to be sent.
    #[serde(default)]
    pub codec: TelnyxCodec,
}

/// What may be asked of Telnyx. Transcoding is documented between mu-law and A-law only: other codecs must be the call's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TelnyxCodec {
    #[default]
    Pcmu,
    Pcma,
    G722,
    Opus,
    /// 16 kHz.
    L16,
}

impl TelnyxCodec {
    /// As Telnyx writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "OPUS",
            Self::L16 => "L16",
        }
    }

    /// The sampling rate that Telnyx wants to be told.
    pub const fn sampling_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus | Self::L16 => 16_000,
        }
    }

    pub const fn codec(self) -> Codec {
        match self {
            Self::Pcmu => Codec::Pcmu,
            Self::Pcma => Codec::Pcma,
            Self::G722 => Codec::G722,
            Self::Opus => Codec::Opus,
            Self::L16 => Codec::L16 { rate: 16_000, little_endian: false },
        }
    }
}

/// `[stream.pcm]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PcmConfig {
    /// What a client sends as `Authorization: Bearer`.
    pub key: SecretSource,
}

fn twilio_api() -> String {
    "https://api.twilio.com".into()
}

fn telnyx_api() -> String {
    "https://api.telnyx.com/v2".into()
}

/// Shorter keys and secrets can be guessed: 16 random characters.
pub(super) const SHORTEST_SECRET: usize = 16;

impl Default for StreamConfig {
    fn default() -> Self {
        Self { twilio: None, telnyx: None, pcm: None, token_secret: None, token_lives_s: 60 }
    }
}

impl StreamConfig {
    /// Whether a carrier needs to be told our public address.
    pub const fn needs_public_url(&self) -> bool {
        self.twilio.is_some() || self.telnyx.is_some()
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(twilio) = &self.twilio {
            if !(twilio.account_sid.starts_with("AC") && twilio.account_sid.len() == 34) {
                wrong.push(
                    "stream.twilio.account_sid: not an account SID; copy it from the Twilio console, it begins with AC"
                        .into(),
                );
            }
            secret(&mut wrong, "stream.twilio.auth_token", &twilio.auth_token);
            api_url(&mut wrong, "stream.twilio.api_url", &twilio.api_url, &twilio_api());
        }
        if let Some(telnyx) = &self.telnyx {
            if let Err(what) = public_key(&telnyx.public_key) {
                wrong.push(format!("stream.telnyx.public_key: {what}"));
            }
            secret(&mut wrong, "stream.telnyx.api_key", &telnyx.api_key);
            api_url(&mut wrong, "stream.telnyx.api_url", &telnyx.api_url, &telnyx_api());
        }
        if let Some(pcm) = &self.pcm {
            secret(&mut wrong, "stream.pcm.key", &pcm.key);
        }
        if let Some(source) = &self.token_secret {
            secret(&mut wrong, "stream.token_secret", source);
        }
        if !(5..=300).contains(&self.token_lives_s) {
            wrong.push(format!(
                "stream.token_lives_s: {} s; write 5 to 300: carriers connect within seconds, and a stolen URL must not live long",
                self.token_lives_s
            ));
        }
        wrong
    }
}

fn secret(wrong: &mut Vec<String>, key: &str, source: &SecretSource) {
    match source.read() {
        Err(what) => wrong.push(format!("{key}: {what}")),
        Ok(secret) if secret.expose().len() < SHORTEST_SECRET => wrong.push(format!(
            "{key}: too short to stand guessing; use {SHORTEST_SECRET} characters or more, for example from `openssl rand -hex 24`"
        )),
        Ok(secret) if is_well_known(secret.expose()) => {
            wrong.push(format!("{key}: {SIMPLE}; write what `openssl rand -hex 24` prints, or what the carrier gave you"));
        }
        Ok(_) => {}
    }
}

fn api_url(wrong: &mut Vec<String>, key: &str, url: &str, example: &str) {
    let parsed = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if parsed.is_none() {
        wrong.push(format!("{key}: `{url}` is no address of an HTTP interface; write for example {example}"));
    }
}

/// Reads an ed25519 key: 32 bytes in base64.
pub(super) fn public_key(text: &str) -> Result<ed25519_dalek::VerifyingKey, String> {
    let wrong = || "not an ed25519 public key in base64; copy it from Mission Control, Keys & Credentials".to_owned();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).map_err(|_| wrong())?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| wrong())?;
    ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_opens_nothing_and_is_sound() {
        let config: StreamConfig = toml::from_str("").unwrap();
        assert_eq!(config, StreamConfig::default());
        assert_eq!(config.check(), Vec::<String>::new());
        assert!(!config.needs_public_url());
    }

    #[test]
    fn each_error_names_its_key_and_its_mend() {
        let config: StreamConfig = toml::from_str(
            "token_lives_s = 1\ntoken_secret = {}\n[twilio]\naccount_sid = \"x\"\nauth_token = { env = \"ATTENDANT_TEST_NOT_SET\" }\napi_url = \"x\"\n\
             [telnyx]\npublic_key = \"AAAA\"\napi_key = { file = \"/nowhere/at/all\" }\napi_url = \"ftp://x\"\n[pcm]\nkey = { env = \"A\", file = \"b\" }\n",
        )
        .unwrap();
        let wrong = config.check();
        let keys: Vec<_> = wrong.iter().map(|line| line.split_once(": ").unwrap().0).collect();
        assert_eq!(
            keys,
            [
                "stream.twilio.account_sid",
                "stream.twilio.auth_token",
                "stream.twilio.api_url",
                "stream.telnyx.public_key",
                "stream.telnyx.api_key",
                "stream.telnyx.api_url",
                "stream.pcm.key",
                "stream.token_secret",
                "stream.token_lives_s"
            ]
        );
        assert!(wrong.iter().all(|line| line.contains("; ")), "{wrong:#?}");
    }

    #[test]
    fn a_key_that_is_long_and_well_known_is_refused_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let check = |secret: &str| {
            let path = folder.path().join("key");
            std::fs::write(&path, secret).unwrap();
            let source = format!("{{ file = {:?} }}", path.display().to_string());
            let config: StreamConfig =
                toml::from_str(&format!("token_secret = {source}\n[pcm]\nkey = {source}\n")).unwrap();
            config.check()
        };
        for secret in ["changemechangeme", "password-password", "aaaaaaaaaaaaaaaaaaaaaaaa"] {
            let wrong = check(secret);
            let told: Vec<_> = wrong.iter().map(|line| line.split_once(": ").unwrap()).collect();
            assert_eq!(told.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["stream.pcm.key", "stream.token_secret"]);
            assert!(
                told.iter().all(|(_, what)| what.starts_with("a well-known") && !what.contains(secret)),
                "{wrong:?}"
            );
        }
        assert_eq!(check("5b1f0c9d7e3a4826b1f0c9d7e3a48265"), Vec::<String>::new());
    }

    #[test]
    fn secrets_cannot_stand_in_the_file_and_unknown_keys_are_refused() {
        assert!(toml::from_str::<StreamConfig>("[pcm]\nkey = \"in the clear\"").is_err());
        assert!(toml::from_str::<StreamConfig>("[pcn]\n").is_err());
    }
}
