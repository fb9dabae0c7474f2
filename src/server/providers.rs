//! Makes the providers that the configuration names, each in the order in which they are fallen back on.

use std::sync::Arc;

use super::settings::Kind;
use crate::call::providers::Providers;
use crate::config::Config;
use crate::sim::{ScriptedAgents, ScriptedRecognizer, ScriptedVoice};

pub(super) fn open(config: &Config) -> Providers {
    match config.providers.kind {
        Kind::Scripted => Providers {
            recognisers: vec![Arc::new(ScriptedRecognizer(config.scripted))],
            voices: vec![Arc::new(ScriptedVoice(config.scripted))],
            agents: Arc::new(ScriptedAgents(config.scripted)),
        },
    }
}
