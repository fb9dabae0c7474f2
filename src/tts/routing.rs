//! One voice out of several: each language is spoken by the first that knows it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Capabilities, Input, Reports, Voice};
use crate::language::Language;

/// Texts waiting to be passed on.
const INPUTS: usize = 64;

pub struct ByLanguage {
    voices: Vec<Arc<dyn Voice>>,
}

impl std::fmt::Debug for ByLanguage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.voices.iter().map(|voice| voice.name())).finish()
    }
}

impl ByLanguage {
    /// In the order in which they are asked.
    pub fn new(voices: Vec<Arc<dyn Voice>>) -> Self {
        Self { voices }
    }

    fn knows(&self, language: Language) -> Option<usize> {
        self.voices.iter().position(|voice| voice.speaks(language))
    }
}

impl Voice for ByLanguage {
    fn name(&self) -> &'static str {
        "by language"
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.voices[self.knows(language)?].capabilities(language)
    }

    fn timbre(&self, language: Language) -> String {
        self.knows(language).map_or_else(|| self.name().to_owned(), |place| self.voices[place].timbre(language))
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let router = Self { voices: self.voices.clone() };
        tokio::spawn(router.route(queue, reports));
        inputs
    }
}

impl ByLanguage {
    async fn route(self, mut inputs: mpsc::Receiver<Input>, reports: Reports) {
        let mut sessions: Vec<Option<mpsc::Sender<Input>>> = self.voices.iter().map(|_| None).collect();
        let mut present = 0;
        // Before it is needed: it may have to connect.
        if let (Some(session), Some(voice)) = (sessions.first_mut(), self.voices.first()) {
            *session = Some(voice.open(reports.clone()));
        }
        while let Some(input) = inputs.recv().await {
            if let Input::Begin { language, .. } = &input {
                present = self.knows(*language).unwrap_or(0);
            }
            let session = sessions[present].get_or_insert_with(|| self.voices[present].open(reports.clone()));
            if session.send(input).await.is_err() {
                // The session ends only with its call.
                return;
            }
        }
    }
}
