//! Who hears, speaks and thinks for the calls of this server, each in the order they are fallen back on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::CallId;
use super::canned::Canned;
use crate::agent::Agents;
use crate::costs::budget::Level;
use crate::stt::Recognizer;
use crate::tts::Voice;

pub struct Providers {
    pub recognisers: Vec<Arc<dyn Recognizer>>,
    pub voices: Vec<Arc<dyn Voice>>,
    pub agents: Arc<dyn Agents>,
}

/// How a call is served that is not served as usual.
#[derive(Clone, Debug)]
pub struct Plan {
    pub providers: Arc<Providers>,
    pub canned: Arc<Canned>,
    /// The day's budget is spent.
    pub cheaper: bool,
    /// Of each experiment that the call takes part in.
    pub arms: BTreeMap<String, String>,
}

/// Decides who serves a call, once, when it comes in; the same call is always decided alike.
pub trait Plans: Send + Sync + 'static {
    /// `None`: as usual.
    fn plan(&self, call: CallId, level: Level) -> Option<Plan>;
}

/// Every call is served as usual.
#[derive(Clone, Copy, Debug)]
pub struct AsUsual;

impl Plans for AsUsual {
    fn plan(&self, _call: CallId, _level: Level) -> Option<Plan> {
        None
    }
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Providers")
            .field("recognisers", &self.recognisers.iter().map(|r| r.name()).collect::<Vec<_>>())
            .field("voices", &self.voices.iter().map(|v| v.name()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
