//! `[providers.anthropic]`: which of Anthropic's models thinks, and where.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::agent::llm::hosted::{self, Patience};
use crate::provider::account::{Account, Own, Section};
use crate::provider::residency::{self, Hosts, Place};

/// `[providers.anthropic]`. `base_url`: `https://api.anthropic.com` unless it says otherwise.
pub type AnthropicConfig = Section<AnthropicOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnthropicOwn {
    /// As Anthropic names it.
    pub model: String,
    /// Where it computes; unless it is said, as the workspace has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inference_geo: Option<Geo>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geo {
    Us,
    Global,
}

/// Beginnings of the names of models that cannot but think, first or between tools (Anthropic's pages on its models, as read on 2026-11-22).
const ALWAYS_THINK: [&str; 4] = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-", "claude-mythos-"];

/// The same of those that know no `inference_geo`: from before Opus 4.6.
const WITHOUT_GEO: [&str; 6] =
    ["claude-3", "claude-haiku-4", "claude-sonnet-4-2", "claude-sonnet-4-5", "claude-opus-4-1", "claude-opus-4-5"];

impl Own for AnthropicOwn {
    /// Anthropic's page on data residency, as read on 2026-11-22: it computes wherever there is room, unless a request or the workspace says
    /// `us`. There is no other region.
    const HOSTS: Hosts = &[(".anthropic.com", None)];

    fn usual_address(&self) -> Cow<'static, str> {
        "https://api.anthropic.com".into()
    }

    fn place(&self, account: &Account) -> Place {
        let place = residency::of_address(&account.address(self), Self::HOSTS, account.country.as_ref());
        let us = "US".to_owned().try_into().ok();
        match (place, self.inference_geo, us) {
            (Place::Anywhere, Some(Geo::Us), Some(us)) => Place::In(us),
            (place, Some(_) | None, _) => place,
        }
    }

    fn wrong_address(&self, base_url: &str) -> Option<String> {
        endpoint(base_url)
            .is_none()
            .then(|| format!("`{base_url}` is no HTTP address; write for example {}", self.usual_address()))
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let model = &self.model;
        let is_of = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
        if model.is_empty() {
            wrong.push(format!("{section}.model: missing; write for example claude-haiku-5-5"));
        }
        if is_of(&ALWAYS_THINK) {
            let what = "always thinks, first or between tools, and no caller waits for that";
            wrong.push(format!("{section}.model: {model} {what}; write for example claude-haiku-5-5"));
        }
        if self.inference_geo.is_some() && is_of(&WITHOUT_GEO) {
            wrong.push(format!("{section}.inference_geo: {model} refuses it; leave it out, or take a later model"));
        }
        wrong.extend(Patience::check(section, self.waits()));
        wrong
    }
}

impl AnthropicOwn {
    pub(super) const fn waits(&self) -> [u64; 3] {
        [self.first_piece_ms, self.between_pieces_ms, self.hedge_ms]
    }
}

/// Where messages are sent to, at this address.
pub(super) fn endpoint(base: &str) -> Option<Url> {
    hosted::below(base, ["v1", "messages"])
}

/// The list of its models, which is there wherever the messages are.
pub(super) fn models(base: &str) -> Option<Url> {
    hosted::below(base, ["v1", "models"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> AnthropicConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn an_address_and_a_region_say_where_it_goes() {
        let country = |name: &str| Place::In(name.to_owned().try_into().unwrap());
        for (text, place) in [
            ("", Place::Anywhere),
            ("inference_geo = \"global\"", Place::Anywhere),
            ("inference_geo = \"us\"", country("US")),
            ("base_url = \"https://claude.clinic.example\"\ninference_geo = \"us\"", Place::Unstated),
            ("base_url = \"https://claude.clinic.example\"\ncountry = \"CA\"", country("CA")),
            ("base_url = \"http://127.0.0.1:8090\"", Place::Here),
        ] {
            let config = config(&format!("model = \"claude-haiku-5-5\"\n{text}"));
            assert_eq!((config.check("providers.anthropic"), config.place()), (Vec::new(), place), "{text}");
        }
    }

    #[test]
    fn what_its_models_refuse_is_told_with_the_mend() {
        let haiku = "model = \"claude-haiku-5-5\"";
        for (text, key) in [
            ("model = \"\"", "model"),
            ("model = \"claude-opus-5-5\"", "model"),
            ("model = \"claude-sonnet-5-5\"", "model"),
            ("model = \"claude-haiku-4-5\"\ninference_geo = \"us\"", "inference_geo"),
            (&format!("{haiku}\nbase_url = \"wss://api.anthropic.com\""), "base_url"),
            (&format!("{haiku}\ncountry = \"CA\""), "country"),
            (&format!("{haiku}\nfirst_piece_ms = 5000"), "first_piece_ms"),
            (&format!("{haiku}\nhedge_ms = 50"), "hedge_ms"),
        ] {
            let all = config(text).check("providers.anthropic");
            let fits = |one: &String| one.starts_with(&format!("providers.anthropic.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
