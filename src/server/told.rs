//! Whether the staff can be told of messages as the clinic's file says, and by whom.

use super::StartError;
use crate::clinic::Clinic;
use crate::config::Config;
use crate::notices::{Deadlines, Notices};
use crate::store::{Kind, Store};

/// What is wrong, as `file: key: what is wrong; what to write instead`.
pub(crate) fn check(config: &Config, clinic: &Clinic) -> Vec<String> {
    let Some(notices) = &clinic.config.notices else { return Vec::new() };
    let file = config.clinic.file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
    let mut wrong = Vec::new();
    if config.store.kind() == Kind::Off {
        wrong.push("notices: there is no store to keep them until they are taken; set store.enabled = true, or take [notices] out".to_owned());
    }
    wrong.extend(clinic.config.residency.iter().flat_map(|country| notices.leaving(country)));
    wrong.into_iter().map(|line| format!("{file}{line}")).collect()
}

pub(super) fn open(config: &Config, clinic: &Clinic, store: Option<&Store>) -> Result<Option<Notices>, StartError> {
    let Some(store) = store else { return Ok(None) };
    Notices::open(clinic, store, config.api.public_url.as_deref(), Deadlines::default())
        .map_err(|what| StartError::Notices(vec![what]))
}
