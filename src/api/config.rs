//! `[api]` in the configuration: where the HTTP server listens, and how the Internet reaches it.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// `[api]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Addresses to listen on; empty for none. Plain HTTP: a proxy in front speaks TLS.
    pub listen: Vec<SocketAddr>,
    /// Our address as carriers see it, with the proxy's path if it has one: they sign it, and streams connect to it.
    pub public_url: Option<String>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self { listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8_080))], public_url: None }
    }
}

impl ApiConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self, needs_public_url: bool) -> Vec<String> {
        let example = "write for example public_url = \"https://calls.clinic.example\"";
        let mut wrong = Vec::new();
        match self.public_url.as_deref().map(Url::parse) {
            None if needs_public_url => {
                wrong.push(format!("api.public_url: missing, and carriers must be told where to connect; {example}"));
            }
            None => {}
            Some(Ok(url)) if is_reachable(&url) => {}
            Some(Ok(_) | Err(_)) => {
                let url = self.public_url.as_deref().unwrap_or_default();
                wrong.push(format!(
                    "api.public_url: `{url}` is not a plain https address, and carriers connect to no other; {example}"
                ));
            }
        }
        if needs_public_url && self.listen.is_empty() {
            wrong.push(
                "api.listen: nothing listens for the carriers; write for example listen = [\"0.0.0.0:8080\"]".into(),
            );
        }
        wrong
    }
}

/// TLS, or this machine (for trying out).
fn is_reachable(url: &Url) -> bool {
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    plain && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(url: Option<&str>) -> ApiConfig {
        ApiConfig { public_url: url.map(str::to_owned), ..ApiConfig::default() }
    }

    #[test]
    fn only_carriers_need_a_public_address() {
        assert_eq!(with(None).check(false), Vec::<String>::new());
        assert!(with(None).check(true)[0].starts_with("api.public_url: missing"));
    }

    #[test]
    fn it_must_be_https_unless_it_is_this_machine() {
        for good in ["https://a.example", "https://a.example/attendant", "http://127.0.0.1:8080", "http://localhost"] {
            assert_eq!(with(Some(good)).check(true), Vec::<String>::new(), "{good}");
        }
        for bad in ["http://a.example", "a.example", "https://a.example/?x=1", "wss://a.example", ""] {
            assert_eq!(with(Some(bad)).check(true).len(), 1, "{bad}");
        }
    }
}
