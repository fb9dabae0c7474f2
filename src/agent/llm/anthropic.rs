//! Anthropic's models behind its messages interface, version 2026-10-21: streamed, with tools, the prompt kept in its cache.
//!
//! What is the same of every model on another machine, the deadlines among it, is [`super::hosted`]'s. Facts of the protocol: Anthropic's
//! Python package 2.12.0 and its pages on the interface, as read on 2026-11-22. A model is never let think before it answers: a caller waits, and
//! what it thought would have to be sent back with each result of a tool.

mod config;
mod event;
mod request;

use reqwest::{Client, RequestBuilder};
use url::Url;

pub use config::{AnthropicConfig, AnthropicOwn, Geo};

use super::Request;
use super::hosted::{Hosted, Interface, Patience, Reading};
use crate::config::Secret;

const NAME: &str = "anthropic";

/// The version of the interface, in a header.
const VERSION: &str = "2026-10-21";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn model(config: &AnthropicConfig, section: &str) -> Result<Hosted, String> {
    let wrong = config.check(section);
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    let address = config.address();
    let messages = Messages {
        endpoint: config::endpoint(&address).ok_or_else(|| format!("{section}.base_url: no HTTP address"))?,
        models: config::models(&address).ok_or_else(|| format!("{section}.base_url: no HTTP address"))?,
        own: config.own.clone(),
        key: config.account.key.read().map_err(|what| format!("{section}.key: {what}"))?,
    };
    Hosted::new(
        section,
        NAME,
        config.account_name(NAME),
        config.account.ca.as_ref(),
        Patience::of(config.own.waits()),
        messages,
    )
}

#[derive(Debug)]
struct Messages {
    endpoint: Url,
    models: Url,
    own: AnthropicOwn,
    key: Secret,
}

impl Messages {
    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.key.expose()).header("anthropic-version", VERSION)
    }
}

impl Interface for Messages {
    fn model(&self) -> &str {
        &self.own.model
    }

    fn connect(&self, http: &Client) -> RequestBuilder {
        self.authorised(http.head(self.models.clone()))
    }

    fn write(&self, http: &Client, request: &Request) -> RequestBuilder {
        self.authorised(http.post(self.endpoint.clone()).json(&request::body(&self.own, request)))
    }

    fn read(&self) -> Box<dyn Reading> {
        Box::new(event::Events::default())
    }
}
