//! Where OpenAI takes what it is sent, by its hosts: those of its models, its recogniser and its voices.

use super::residency::Hosts;

/// Whose accounts these are, whatever they are used for.
pub(crate) const VENDOR: &str = "openai";

/// OpenAI's page on data residency, as read on 2026-11-21: regions that process where they store. Canada is not among them.
pub(crate) const HOSTS: Hosts = &[
    ("us.api.openai.com", Some("US")),
    ("eu.api.openai.com", Some("EU")),
    ("au.api.openai.com", Some("AU")),
    ("in.api.openai.com", Some("IN")),
    ("jp.api.openai.com", Some("JP")),
    (".openai.com", None),
    ("api.groq.com", None),
];
