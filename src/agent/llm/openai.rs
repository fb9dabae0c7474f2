//! Any model behind an OpenAI-compatible chat-completions API: OpenAI itself, or a server on this machine.
//!
//! Compatible servers differ; what they send is read tolerantly ([`chunk`]). What is the same of every model on another machine, the deadlines
//! among it, is [`super::hosted`]'s.

mod chunk;
mod left_out;
mod request;
mod temperature;
mod turns;

use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use url::Url;

pub use temperature::Temperature;

use left_out::LeftOut;

use super::Request;
use super::hosted::{self, Hosted, Interface, Patience, Reading};
use crate::config::{Secret, SecretSource};
use crate::provider::account;
use crate::provider::openai::HOSTS;
use crate::provider::residency::{self, Country, Place};
use crate::provider::tls::{self, Authority};

const NAME: &str = "openai";

/// Of Azure, where a key is no `Authorization: Bearer`: an address with `api-version` takes that for a token of its directory.
const AZURE: [&str; 3] = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];
const AZURES_KEY: &str = "api-key";

/// The section of one that has a name of its own.
const NAMED: &str = "providers.models.";

/// `[providers.openai]`: a model to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Up to and without `/chat/completions`, for example `http://127.0.0.1:8090/v1`.
    pub base_url: String,
    pub model: String,
    /// Absent for local servers that ask for none.
    #[serde(default)]
    pub key: Option<SecretSource>,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// In place of the temperature that agents name; `false`: none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Temperature>,
    /// How long it may think before it answers, in its vendor's words; without it, as the vendor has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// From the question to the first piece.
    #[serde(default = "hosted::first_piece")]
    pub first_piece_ms: u64,
    /// From piece to piece.
    #[serde(default = "hosted::between_pieces")]
    pub between_pieces_ms: u64,
    /// Without a first piece for so long the next model is asked as well, if there is one; 0: never.
    #[serde(default = "hosted::hedge")]
    pub hedge_ms: u64,
}

impl OpenAiConfig {
    /// Where it takes what was said.
    pub fn place(&self) -> Place {
        residency::of_address(&self.base_url, HOSTS, self.country.as_ref())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.endpoint().is_none() {
            wrong.push(format!(
                "{section}.base_url: `{}` is no HTTP address; write for example http://127.0.0.1:8090/v1",
                self.base_url
            ));
        }
        if self.model.is_empty() {
            wrong.push(format!("{section}.model: missing; write the model's name as its server knows it"));
        }
        if let Some(effort) = self.reasoning_effort.as_ref().filter(|effort| !is_word(effort)) {
            wrong.push(format!("{section}.reasoning_effort: `{effort}` is no word; write for example none or minimal"));
        }
        match &self.key {
            Some(key) => wrong.extend(account::no_key(key).map(|what| format!("{section}.key: {what}"))),
            None if self.is_a_vendors() => {
                wrong
                    .push(format!("{section}.key: missing; write {{ env = \"LLM_KEY\" }}, and the vendor's key there"));
            }
            None => {}
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        wrong.extend(Patience::check(section, self.waits()));
        wrong
    }

    /// Whether the address is one of a vendor that answers nobody without a key.
    fn is_a_vendors(&self) -> bool {
        match residency::of_address(&self.base_url, HOSTS, None) {
            Place::In(_) | Place::Anywhere => true,
            Place::Here | Place::Unstated => false,
        }
    }

    const fn waits(&self) -> [u64; 3] {
        [self.first_piece_ms, self.between_pieces_ms, self.hedge_ms]
    }

    fn endpoint(&self) -> Option<Url> {
        hosted::below(&self.base_url, ["chat", "completions"])
    }
}

/// Vendors have words of their own for it.
fn is_word(effort: &str) -> bool {
    (1..=16).contains(&effort.len()) && effort.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn model(config: &OpenAiConfig, section: &str) -> Result<Hosted, String> {
    // Metrics and errors name it for as long as the process lives; there are as many as the configuration has.
    let name = section.strip_prefix(NAMED).map_or(NAME, |name| String::leak(name.to_owned()));
    let completions = Completions::new(config, section)?;
    let account = account::name_of(NAME, &config.base_url, config.key.as_ref());
    Hosted::new(section, name, account, config.ca.as_ref(), Patience::of(config.waits()), completions)
}

#[derive(Debug)]
struct Completions {
    endpoint: Url,
    /// The list of its models, which is there wherever the endpoint is.
    models: Url,
    model: String,
    temperature: Option<Temperature>,
    reasoning_effort: Option<String>,
    left_out: LeftOut,
    key: Option<Secret>,
}

impl Completions {
    fn new(config: &OpenAiConfig, section: &str) -> Result<Self, String> {
        let wrong = || config.check(section).join("\n");
        let key = config.key.as_ref().map(SecretSource::read).transpose();
        Ok(Self {
            endpoint: config.endpoint().ok_or_else(wrong)?,
            models: hosted::below(&config.base_url, ["models"]).ok_or_else(wrong)?,
            model: config.model.clone(),
            temperature: config.temperature,
            reasoning_effort: config.reasoning_effort.clone(),
            left_out: LeftOut::default(),
            key: key.map_err(|what| format!("{section}.key: {what}"))?,
        })
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        let is_azure = |host: &str| AZURE.iter().any(|azure| host.ends_with(azure));
        match &self.key {
            Some(key) if self.endpoint.host_str().is_some_and(is_azure) => request.header(AZURES_KEY, key.expose()),
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }
}

impl Interface for Completions {
    fn model(&self) -> &str {
        &self.model
    }

    fn connect(&self, http: &Client) -> RequestBuilder {
        self.authorised(http.head(self.models.clone()))
    }

    fn write(&self, http: &Client, request: &Request) -> RequestBuilder {
        self.authorised(http.post(self.endpoint.clone()).json(&request::body(self, request)))
    }

    fn leave_out(&self, parameter: &str) -> Option<&'static str> {
        self.left_out.add(parameter).map(left_out::Optional::name)
    }

    fn read(&self) -> Box<dyn Reading> {
        Box::new(chunk::Chunks::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_s_own_address_wants_a_key_and_a_server_of_your_own_may_do_without() {
        let check = |base_url: &str| {
            let text = format!("model = \"m\"\nbase_url = \"{base_url}\"");
            toml::from_str::<OpenAiConfig>(&text).unwrap().check("providers.openai")
        };
        for vendors in ["https://api.openai.com/v1", "https://eu.api.openai.com/v1", "https://api.groq.com/openai/v1"] {
            let wrong = check(vendors);
            assert!(wrong.len() == 1 && wrong[0].starts_with("providers.openai.key: missing; write"), "{wrong:?}");
        }
        for own in ["http://127.0.0.1:8090/v1", "https://llm.clinic.example/v1"] {
            assert_eq!(check(own), Vec::<String>::new());
        }
    }
}
