//! The account at a clinic's EMR, kept sealed by the store's keys: whoever has the database and not the keys cannot log in as the clinic.
//!
//! Who set or removed it is in the audit; neither name nor password ever is, nor in a log or an error.

use serde::{Deserialize, Serialize};

use super::audit::{Action, Note};
use super::record::place;
use super::{Store, StoreError, commit, execute};
use crate::config::Secret;
use crate::emr::Login;

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Body {
    user: String,
    password: String,
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Opens with [`Store::open_login`].
    pub sealed: Vec<u8>,
    pub key: u32,
    pub changed_ms: i64,
    /// Who set it.
    pub changed_by: String,
}

impl Store {
    /// Keeps this account in place of the one there may be.
    pub async fn set_login(&self, login: &Login, actor: &str) -> Result<(), StoreError> {
        let body = Body { user: login.user.expose().to_owned(), password: login.password.expose().to_owned() };
        let body = serde_json::to_vec(&body).map_err(|_| wrong())?;
        let note = Note::new(actor, Action::CredentialsSet, &self.clinic, "done");
        let transaction = self.begin().await?;
        let sql = "INSERT INTO emr_credentials (clinic, body, key, changed_ms, changed_by) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (clinic) DO UPDATE SET body = $2, key = $3, changed_ms = $4, changed_by = $5";
        let values = [
            self.clinic.to_string().into(),
            self.own.seal(&self.login_place(), &body).into(),
            i64::from(self.keys.newest()).into(),
            note.at_ms.into(),
            actor.into(),
        ];
        execute(&transaction, sql, values.into()).await?;
        self.append(&transaction, &note).await?;
        commit(transaction).await?;
        Ok(())
    }

    /// Takes it out; whether there was one.
    pub async fn remove_login(&self, actor: &str) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let of = vec![self.clinic.to_string().into()];
        let was_there = execute(&transaction, "DELETE FROM emr_credentials WHERE clinic = $1", of).await? > 0;
        if was_there {
            self.append(&transaction, &Note::new(actor, Action::CredentialsRemoved, &self.clinic, "done")).await?;
        }
        commit(transaction).await?;
        Ok(was_there)
    }

    /// This clinic's account, sealed.
    pub async fn login(&self) -> Result<Option<Kept>, StoreError> {
        let sql = "SELECT body, key, changed_ms, changed_by FROM emr_credentials WHERE clinic = $1";
        let found = self.rows(sql, vec![self.clinic.to_string().into()]).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let key: i64 = row.try_get_by_index(1)?;
        Ok(Some(Kept {
            sealed: row.try_get_by_index(0)?,
            key: u32::try_from(key).unwrap_or_default(),
            changed_ms: row.try_get_by_index(2)?,
            changed_by: row.try_get_by_index(3)?,
        }))
    }

    /// What was sealed by [`Self::set_login`] for this clinic, and for no other.
    pub fn open_login(&self, sealed: &[u8]) -> Result<Login, StoreError> {
        let body = self.own.open(&self.login_place(), sealed)?;
        let Body { user, password } = serde_json::from_slice(&body).map_err(|_| wrong())?;
        Ok(Login { user: Secret::new(user), password: Secret::new(password) })
    }

    /// As sealing anew knows it.
    fn login_place(&self) -> String {
        place("emr_credentials.body", &self.clinic, 0)
    }
}

fn wrong() -> StoreError {
    StoreError::Record("the account at the EMR".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::tests::{folder, store};

    fn login(password: &str) -> Login {
        Login { user: Secret::new("attendant".to_owned()), password: Secret::new(password.to_owned()) }
    }

    #[tokio::test]
    async fn an_account_is_kept_sealed_for_its_clinic_alone_and_its_changes_are_in_the_audit() {
        let folder = folder();
        let (ours, theirs) = (store(folder.path(), "ours").await, store(folder.path(), "theirs").await);
        assert_eq!(ours.login().await.unwrap(), None);
        ours.set_login(&login("hidden-Zp-xx71"), "user jane").await.unwrap();
        ours.set_login(&login("hidden-Zp-xx72"), "user joe").await.unwrap();
        let kept = ours.login().await.unwrap().unwrap();
        assert_eq!((kept.key, kept.changed_by.as_str()), (1, "user joe"));
        assert_eq!(ours.open_login(&kept.sealed).unwrap(), login("hidden-Zp-xx72"));
        assert!(!String::from_utf8_lossy(&kept.sealed).contains("hidden"));
        assert!(theirs.login().await.unwrap().is_none() && theirs.open_login(&kept.sealed).is_err());
        assert!(!theirs.remove_login("user eve").await.unwrap());
        assert!(ours.remove_login("user jane").await.unwrap() && ours.login().await.unwrap().is_none());
        let audit = ours.audited(9).await.unwrap();
        let actions: Vec<Action> = audit.iter().map(|(_, _, note)| note.action).collect();
        assert_eq!(actions, [Action::CredentialsSet, Action::CredentialsSet, Action::CredentialsRemoved]);
        assert!(!format!("{audit:?}").contains("hidden"));
    }

    #[tokio::test]
    async fn a_new_key_seals_it_anew_and_what_was_copied_before_opens_still() {
        let folder = folder();
        let before = store(folder.path(), "ours").await;
        before.set_login(&login("hidden-Zp-xx71"), "user jane").await.unwrap();
        let copied = before.login().await.unwrap().unwrap();
        crate::store::keys::add(&folder.path().join("store/keys.toml")).unwrap();
        let after = store(folder.path(), "ours").await;
        assert_eq!((after.reseal().await.unwrap().0, after.reseal().await.unwrap().0), (1, 0));
        assert_eq!(after.sealed_by().await.unwrap(), BTreeMap::from([(2, 1)]));
        let kept = after.login().await.unwrap().unwrap();
        assert_eq!((kept.key, kept.changed_by.as_str()), (2, "user jane"));
        for sealed in [&kept.sealed, &copied.sealed] {
            assert_eq!(after.open_login(sealed).unwrap(), login("hidden-Zp-xx71"));
        }
        assert!(before.open_login(&kept.sealed).is_err(), "without the new key");
    }
}
