//! `[sip]` in the configuration: where to listen, whom to hear, what to offer. Checked before a port is bound.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::allow::{self, Network};
use super::digest::Credentials;
use super::negotiate::{CodecName, PREFERENCE};
use super::ports::PortRange;
use super::session_timer::MIN_SE;
use crate::store::{SIMPLE, is_well_known};

/// `[sip]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipConfig {
    /// UDP addresses to listen on; empty for none.
    pub udp: Vec<SocketAddr>,
    /// TCP addresses to listen on; empty for none.
    pub tcp: Vec<SocketAddr>,
    /// The address that others reach us at, when a NAT stands between: written into Contact and SDP.
    pub external_address: Option<IpAddr>,
    /// UDP ports for RTP and RTCP, two to a call.
    pub rtp_ports: PortRange,
    /// Codecs we speak, the best first.
    pub codecs: Vec<CodecName>,
    /// Networks that may ring without a password: the carrier's signalling addresses and the clinic's own. Default: loopback
    /// and private networks, nobody on the Internet. (Behind a proxy that hides addresses, such as Docker's userland proxy,
    /// every caller seems private: list the carrier alone there.)
    pub allow: Vec<Network>,
    /// Who may ring from elsewhere, with a password (digest). None: others are not answered at all.
    pub users: Vec<UserConfig>,
    /// The realm of our challenges.
    pub realm: String,
    /// A carrier that wants to be registered with, or kept awake.
    pub trunk: Option<TrunkConfig>,
    /// Session timer (RFC 4028): a call whose far side has vanished ends after this long. At least 90.
    pub session_expires_s: u32,
    /// How long the phone rings before it is answered: speech providers connect meanwhile.
    pub ring_ms: u64,
    /// New calls a second from one address; the rest are refused with 503. Telnyx sends about 20.
    pub calls_per_second: u32,
}

/// Someone who rings with a password. The secret stays out of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    pub name: String,
    /// The environment variable that holds the secret.
    pub secret_env: Option<String>,
    /// The file that holds the secret, its first line.
    pub secret_file: Option<PathBuf>,
}

/// `[sip.trunk]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkConfig {
    /// The carrier, for example `sip:sip.telnyx.com` or `sip:192.0.2.1:5060;transport=tcp`.
    pub uri: String,
    /// Outbound proxies, the best first, when the carrier names some: requests go to the first that answers. None: to `uri`.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// Register with this name and secret; without, the carrier knows us by our address.
    pub user: Option<UserConfig>,
    /// How long a registration lasts.
    #[serde(default = "registration_lasts")]
    pub expires_s: u32,
    /// Ask the carrier with OPTIONS so often whether it is there; 0 never. Keeps NAT mappings open as well.
    #[serde(default)]
    pub options_s: u32,
}

const fn registration_lasts() -> u32 {
    600
}

impl Default for SipConfig {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5_060));
        Self {
            udp: vec![any],
            tcp: vec![any],
            external_address: None,
            rtp_ports: PortRange::new(40_000, 59_999).expect("the range holds pairs"),
            codecs: PREFERENCE.to_vec(),
            allow: allow::private_networks(),
            users: Vec::new(),
            realm: "attendant".into(),
            trunk: None,
            session_expires_s: 1_800,
            ring_ms: 250,
            calls_per_second: 50,
        }
    }
}

impl UserConfig {
    /// Reads the secret.
    pub fn credentials(&self) -> Result<Credentials, String> {
        let wrong = |what: String| format!("user `{}`: {what}", self.name);
        let secret = match (&self.secret_env, &self.secret_file) {
            (Some(variable), None) => std::env::var(variable)
                .map_err(|_| wrong(format!("the environment variable {variable} is not set; set it to the secret")))?,
            (None, Some(path)) => std::fs::read_to_string(path)
                .map_err(|error| wrong(format!("cannot read {}: {error}; write the secret there", path.display())))?
                .lines()
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned(),
            (Some(_), Some(_)) | (None, None) => {
                return Err(wrong("name its secret once; write either secret_env or secret_file".into()));
            }
        };
        if secret.len() < SHORTEST_SECRET {
            return Err(wrong(format!(
                "its secret is too short to stand guessing; use {SHORTEST_SECRET} characters or more"
            )));
        }
        if is_well_known(&secret) || secret.eq_ignore_ascii_case(&self.name) {
            return Err(wrong(format!(
                "its secret is {SIMPLE}, or the name; use {SHORTEST_SECRET} random characters or more"
            )));
        }
        Ok(Credentials { name: self.name.clone(), secret })
    }
}

/// Scanners try thousands of passwords a minute; eight random characters stand that for years.
const SHORTEST_SECRET: usize = 8;

impl SipConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.udp.is_empty() && self.tcp.is_empty() {
            wrong.push("sip.udp: there is nothing to listen on; write for example udp = [\"0.0.0.0:5060\"]".into());
        }
        if let Some(address) =
            self.external_address.filter(|address| address.is_unspecified() || address.is_multicast())
        {
            wrong.push(format!("sip.external_address: nobody can reach {address}; write the address the carrier sees"));
        }
        if self.codecs.is_empty() {
            wrong.push("sip.codecs: no codec is left to speak; write for example codecs = [\"pcmu\"]".into());
        }
        for (index, codec) in self.codecs.iter().enumerate() {
            if self.codecs[..index].contains(codec) {
                wrong.push(format!("sip.codecs: {codec:?} stands there twice; remove one"));
            }
        }
        if self.allow.is_empty() && self.users.is_empty() {
            wrong.push("sip.allow: nobody may ring; name the carrier's networks, or add [[sip.users]]".into());
        }
        for (index, user) in self.users.iter().enumerate() {
            if let Err(what) = user.credentials() {
                wrong.push(format!("sip.users[{index}]: {what}"));
            }
            if self.users[..index].iter().any(|other| other.name == user.name) {
                wrong.push(format!("sip.users[{index}]: the name `{}` is taken; choose another", user.name));
            }
        }
        if self.realm.is_empty() || !self.realm.chars().all(|c| c.is_ascii_alphanumeric() || "-._ ".contains(c)) {
            wrong.push("sip.realm: it must be plain text; write for example realm = \"clinic\"".into());
        }
        if let Some(trunk) = &self.trunk {
            trunk.check(&mut wrong);
        }
        if self.session_expires_s < MIN_SE {
            wrong.push(format!(
                "sip.session_expires_s: {} is below what RFC 4028 allows; write {MIN_SE} or more",
                self.session_expires_s
            ));
        }
        if self.ring_ms > 30_000 {
            wrong
                .push(format!("sip.ring_ms: callers hang up before {} ms are over; write 30000 or less", self.ring_ms));
        }
        if self.calls_per_second == 0 {
            wrong.push("sip.calls_per_second: 0 refuses every call; write 1 or more".into());
        }
        wrong
    }

    pub(crate) const fn ring(&self) -> Duration {
        Duration::from_millis(self.ring_ms)
    }
}

impl TrunkConfig {
    fn check(&self, wrong: &mut Vec<String>) {
        if !self.uri.starts_with("sip:") || rsipstack::sip::Uri::try_from(self.uri.as_str()).is_err() {
            wrong.push(format!("sip.trunk.uri: `{}` is no SIP URI; write for example sip:sip.telnyx.com", self.uri));
        }
        for (index, proxy) in self.proxies.iter().enumerate() {
            if !proxy.starts_with("sip:") || rsipstack::sip::Uri::try_from(proxy.as_str()).is_err() {
                wrong.push(format!(
                    "sip.trunk.proxies[{index}]: `{proxy}` is no SIP URI; write for example sip:sip1.telnyx.com"
                ));
            }
        }
        if let Some(Err(what)) = self.user.as_ref().map(UserConfig::credentials) {
            wrong.push(format!("sip.trunk.user: {what}"));
        }
        if self.expires_s < 60 {
            wrong.push(format!("sip.trunk.expires_s: {} s would flood the carrier; write 60 or more", self.expires_s));
        }
        if self.options_s != 0 && self.options_s < 10 {
            wrong.push(format!(
                "sip.trunk.options_s: every {} s is too often; write 10 or more, or 0 for never",
                self.options_s
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SipConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_default_is_sound_and_closed_to_the_internet() {
        let config = read("");
        assert_eq!(config, SipConfig::default());
        assert_eq!(config.check(), Vec::<String>::new());
        assert!(!config.allow.iter().any(|network| network.contains("8.8.8.8".parse().unwrap())));
    }

    #[test]
    fn a_written_configuration_reads_back_the_same() {
        let config = read(
            "udp = [\"127.0.0.1:5070\"]\ntcp = []\nexternal_address = \"203.0.113.9\"\nrtp_ports = \"30000-30099\"\n\
             codecs = [\"pcma\", \"pcmu\"]\nallow = [\"192.76.120.0/24\"]\n[trunk]\nuri = \"sip:sip.telnyx.com\"\n",
        );
        assert_eq!(config.codecs, [CodecName::Pcma, CodecName::Pcmu]);
        assert_eq!(config.check(), Vec::<String>::new());
        assert_eq!(read(&toml::to_string(&config).unwrap()), config);
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        assert!(toml::from_str::<SipConfig>("porrt = 5060").is_err());
        assert!(toml::from_str::<SipConfig>("allow = [\"everyone\"]").is_err());
        assert!(toml::from_str::<SipConfig>("rtp_ports = \"9-8\"").is_err());
        assert!(toml::from_str::<SipConfig>("codecs = [\"g729\"]").is_err());
    }

    #[test]
    fn each_error_names_its_key_and_its_mend() {
        let wrong = read(
            "udp = []\ntcp = []\nexternal_address = \"0.0.0.0\"\ncodecs = [\"pcmu\", \"pcmu\"]\nallow = []\nrealm = \"a\\\"b\"\n\
             session_expires_s = 30\nring_ms = 60000\ncalls_per_second = 0\n[trunk]\nuri = \"telnyx\"\nproxies = [\"x\"]\nexpires_s = 1\noptions_s = 1\n",
        )
        .check();
        let keys: Vec<_> = wrong.iter().map(|line| line.split_once(": ").unwrap().0).collect();
        assert_eq!(
            keys,
            [
                "sip.udp",
                "sip.external_address",
                "sip.codecs",
                "sip.allow",
                "sip.realm",
                "sip.trunk.uri",
                "sip.trunk.proxies[0]",
                "sip.trunk.expires_s",
                "sip.trunk.options_s",
                "sip.session_expires_s",
                "sip.ring_ms",
                "sip.calls_per_second"
            ]
        );
        assert!(wrong.iter().all(|line| line.contains("; ")), "{wrong:#?}");
    }

    #[test]
    fn a_secret_that_scanners_try_first_is_refused_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        for secret in ["password", "Admin123", "12345678", "00000000", "reception", "Reception"] {
            let path = folder.path().join("secret");
            std::fs::write(&path, secret).unwrap();
            let user = UserConfig { name: "reception".into(), secret_env: None, secret_file: Some(path) };
            let wrong = user.credentials().unwrap_err();
            assert!(wrong.contains("its secret is a well-known or simple one") && wrong.contains("; "), "{wrong}");
            assert!(!wrong.contains("Admin123") && !wrong.contains("12345678"), "{wrong}");
        }
    }

    #[test]
    fn secrets_come_from_a_file_or_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "long enough\n").unwrap();
        let user = UserConfig { name: "desk".into(), secret_env: None, secret_file: Some(path) };
        assert_eq!(user.credentials().unwrap().secret, "long enough");
        let both = UserConfig { secret_env: Some("X".into()), ..user.clone() };
        assert!(both.credentials().unwrap_err().contains("either secret_env or secret_file"));
        let unset = UserConfig { secret_env: Some("ATTENDANT_TEST_NOT_SET".into()), secret_file: None, ..user };
        assert!(unset.credentials().unwrap_err().contains("ATTENDANT_TEST_NOT_SET is not set"));
    }
}
