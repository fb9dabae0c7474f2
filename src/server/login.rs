//! Where the account at the clinic's EMR is kept, and reading it from there: environment or files that the clinic's file names, else the store.
//!
//! A weak password stops the start. What the store said last stays in the folder of records, sealed as it was, so that a database that is down keeps no server from its EMR.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use super::StartError;
use crate::clinic::Clinic;
use crate::config::{Config, SecretSource};
use crate::emr::Login;
use crate::emr::oscar::OscarConfig;
use crate::records::{given_as, gone, private_file};
use crate::store::credentials::Kept;
use crate::store::{Store, StoreError};

/// The copy in the folder of records.
const FILE: &str = "emr-login.sealed";

/// Where an account is kept, without a word of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// User, then password.
    Named(SecretSource, SecretSource),
    Store {
        key: u32,
        changed_ms: i64,
        changed_by: String,
    },
    /// The copy of what the store said last: it does not answer.
    Copy,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(user, password) => write!(f, "user from {user}, password from {password}"),
            Self::Store { key, changed_ms, changed_by } => {
                let at = jiff::Timestamp::from_millisecond(*changed_ms).unwrap_or_default();
                write!(f, "in the store, sealed by key {key}, set on {} by {changed_by}", at.strftime("%Y-%m-%d"))
            }
            Self::Copy => f.write_str("in a sealed copy of what the store, which does not answer, said last"),
        }
    }
}

/// What is wrong with an account that environment or files hold, before a store is asked for another.
pub(super) fn check(config: &Config, clinic: &Clinic) -> Result<(), StartError> {
    let file = config.clinic.file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
    let Some(login) = oscar(clinic).and_then(|oscar| oscar.login().transpose()) else { return Ok(()) };
    let weak = |why| format!("emr.oscar.password: {why}");
    let wrong = login.map_or_else(Some, |login| login.weakness().map(weak));
    wrong.map_or(Ok(()), |what| Err(StartError::Login(format!("{file}{what}"))))
}

/// The account at this clinic's EMR, and where it is kept; `None` if its EMR needs none.
pub async fn login(
    clinic: &Clinic,
    store: Option<&Store>,
    records: &Path,
) -> Result<Option<(Login, Place)>, StartError> {
    let Some(oscar) = oscar(clinic) else { return Ok(None) };
    let found = match (oscar.login().map_err(StartError::Login)?, &oscar.user, &oscar.password) {
        (Some(login), Some(user), Some(password)) => (login, Place::Named(user.clone(), password.clone())),
        (Some(_) | None, _, _) => kept(clinic, store, &records.join(FILE)).await?,
    };
    match found.0.weakness() {
        Some(why) => Err(StartError::Login(format!("emr.oscar.password ({}): {why}", found.1))),
        None => Ok(Some(found)),
    }
}

/// The clinic with the account at its EMR, if it needs one.
pub async fn with_login(clinic: Clinic, store: Option<&Store>, records: &Path) -> Result<Clinic, StartError> {
    let found = login(&clinic, store, records).await?;
    Ok(match found {
        Some((login, _)) => clinic.with_emr_login(login),
        None => clinic,
    })
}

fn oscar(clinic: &Clinic) -> Option<&OscarConfig> {
    clinic.config.emr.as_ref()?.oscar.as_ref()
}

async fn kept(clinic: &Clinic, store: Option<&Store>, copy: &Path) -> Result<(Login, Place), StartError> {
    let id = &clinic.config.id;
    let missing = || {
        StartError::Login(format!(
            "emr.oscar: neither the clinic's file nor the store has an account; run `attendant clinic credentials set {id}`, or write user and password there"
        ))
    };
    let store = store.ok_or_else(missing)?;
    let (sealed, place) = match store.login().await {
        Ok(Some(Kept { sealed, key, changed_ms, changed_by })) => {
            if let Err(error) = remember(copy, &sealed) {
                tracing::warn!(%error, file = %copy.display(), "the sealed account at the EMR cannot be copied; see to the folder of records");
            }
            (sealed, Place::Store { key, changed_ms, changed_by })
        }
        Ok(None) => {
            gone(copy).map_err(|error| StartError::Records { folder: copy.display().to_string(), error })?;
            return Err(missing());
        }
        Err(error @ StoreError::Database(_)) if copy.exists() => {
            tracing::warn!(%error, "the store does not say what the account at the EMR is; what it said last counts");
            let sealed = std::fs::read(copy);
            let sealed = sealed.map_err(|error| StartError::Records { folder: copy.display().to_string(), error })?;
            (sealed, Place::Copy)
        }
        Err(error) => return Err(StartError::LoginAway(error)),
    };
    let opened = store.open_login(&sealed).map_err(|error| {
        StartError::Login(format!(
            "emr.oscar: the account {place} does not open: {error}; run `attendant clinic credentials set {id}`"
        ))
    })?;
    Ok((opened, place))
}

/// Whole, or as it was.
fn remember(copy: &Path, sealed: &[u8]) -> io::Result<()> {
    if std::fs::read(copy).is_ok_and(|before| before == sealed) {
        return Ok(());
    }
    let beside = copy.with_extension("new");
    gone(&beside)?;
    let mut file = private_file(&beside)?;
    given_as(&file, copy.parent().unwrap_or(copy))?;
    file.write_all(sealed)?;
    file.sync_all()?;
    std::fs::rename(beside, copy)
}
