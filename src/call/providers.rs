//! Who hears, speaks and thinks for the calls of this server, each in the order they are fallen back on.

use std::sync::Arc;

use crate::agent::Agents;
use crate::stt::Recognizer;
use crate::tts::Voice;

pub struct Providers {
    pub recognisers: Vec<Arc<dyn Recognizer>>,
    pub voices: Vec<Arc<dyn Voice>>,
    pub agents: Arc<dyn Agents>,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Providers")
            .field("recognisers", &self.recognisers.iter().map(|r| r.name()).collect::<Vec<_>>())
            .field("voices", &self.voices.iter().map(|v| v.name()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
