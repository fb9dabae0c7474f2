//! Who is reached over a WebSocket: made once from a section that is sound, and shared by all sessions. It connects to nobody by itself.

use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};
use url::Url;

use super::{Own, Section, secret};
use crate::config::Secret;
use crate::provider::socket::Connector;
use crate::provider::{ErrorKind, ProviderError};

#[derive(Debug)]
pub(crate) struct Reached<O> {
    pub(crate) config: Section<O>,
    /// With the path, without a query.
    pub(crate) address: Url,
    pub(crate) connector: Connector,
    /// The account's name.
    pub(crate) account: String,
    key: Secret,
    /// As errors name the provider.
    name: &'static str,
}

impl<O: Own + Clone> Section<O> {
    /// At this path. An error is `key: what is wrong; what to write instead`.
    pub(crate) fn reach(&self, section: &str, name: &'static str, path: &str) -> Result<Reached<O>, String> {
        let wrong = self.check(section);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let address = self.url(path).map_err(|error| format!("{section}.base_url: {error}"))?;
        let key = self.account.key.read().map_err(|what| format!("{section}.key: {what}"))?;
        let connector = Connector::new(name, &address, self.account.ca.as_ref())
            .map_err(|what| format!("{section}.base_url: {what}"))?;
        Ok(Reached { config: self.clone(), address, connector, account: self.account_name(name), key, name })
    }

    /// This path below where the provider is.
    pub(crate) fn url(&self, path: &str) -> Result<Url, url::ParseError> {
        let mut url = Url::parse(&self.address())?;
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        Ok(url)
    }
}

impl<O> Reached<O> {
    /// For a vendor whose close codes mean something of their own.
    pub(crate) fn closing(self, closes: fn(u16) -> ErrorKind) -> Self {
        Self { connector: self.connector.closing(closes), ..self }
    }

    /// The key in this header, behind these words. It is never logged.
    pub(crate) fn key(&self, header: HeaderName, before: &str) -> Result<(HeaderName, HeaderValue), ProviderError> {
        secret(self.name, &self.key, header, before)
    }
}
