//! What a resource says that something is: codes, each in a system.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Concept {
    #[serde(default)]
    coding: Vec<Coding>,
}

#[derive(Deserialize)]
struct Coding {
    system: Option<String>,
    code: Option<String>,
}

impl Concept {
    /// Its codes, in whatever system.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.coding.iter().filter_map(|coding| coding.code.as_deref())
    }

    /// Its codes, each behind its system, if it has one, and alone.
    pub(super) fn names(&self) -> Vec<String> {
        let behind = self
            .coding
            .iter()
            .filter_map(|coding| Some(format!("{}|{}", coding.system.as_ref()?, coding.code.as_ref()?)));
        behind.chain(self.codes().map(str::to_owned)).collect()
    }
}
