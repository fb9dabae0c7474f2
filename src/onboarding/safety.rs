//! What protects patients: a person who answers for their data, where it may go, and secrets that are strong and work.

use super::{About, Seen};
use crate::clinic::ClinicConfig;
use crate::config::SecretSource;
use crate::emr::oscar::OscarConfig;
use crate::provider::residency::{Country, Place};
use crate::server::{keeps, sends};
use crate::store::credentials::Kept;
use crate::store::{Store, weakness};

pub(super) fn privacy_officer(config: &ClinicConfig) -> Vec<Seen> {
    match &config.privacy_officer {
        // Their e-mail and telephone are in the file, which was checked.
        Some(officer) => vec![Seen::good(officer.name.clone())],
        None => vec![Seen::wrong(
            "nobody is named",
            "write [privacy_officer] with name, and email or phone, into the clinic's file",
        )],
    }
}

/// Every provider that may be sent something, and the place of recordings, against the clinic's own rule.
pub(super) fn residency(about: &About<'_>) -> Vec<Seen> {
    let mut sends = sends(&about.config.providers);
    sends.extend(keeps(&about.config.records));
    let Some(country) = &about.clinic.config.residency else {
        if sends.iter().all(|sends| sends.place == Place::Here) {
            return vec![Seen::good("no provider takes anything off this machine")];
        }
        let goes: Vec<String> =
            (sends.iter()).map(|sends| format!("{} ({}) to {}", sends.provider, sends.what, sends.place)).collect();
        return vec![Seen::not_needed(format!(
            "the clinic's file has no `residency`; what is sent: {}",
            goes.join("; ")
        ))];
    };
    if sends.is_empty() {
        return vec![Seen::good(format!("kept in {country}: no provider takes anything off this machine"))];
    }
    sends.iter().map(|sends| one(country, &sends.provider, sends.what, &sends.place)).collect()
}

fn one(country: &Country, provider: &str, what: &str, place: &Place) -> Seen {
    let sent = format!("{provider} sends {what} to {place}");
    if place.stays_in(country) {
        Seen::good(sent)
    } else {
        Seen::wrong(
            format!("{sent}, and the clinic keeps it in {country}"),
            format!("take [{provider}] out, or say where it is"),
        )
    }
}

/// The keys of the file against those of the database: what it has of each is opened.
async fn keys(store: &Store) -> Seen {
    match store.check_keys().await {
        Ok(lacking) if lacking.is_empty() => {
            let versions: Vec<String> = store.keys().versions().map(|version| version.to_string()).collect();
            Seen::good(format!("the store's keys open what the database has of them: version {}", versions.join(", ")))
        }
        Ok(lacking) => Seen::wrong(
            format!("the database knows version {} of the store's keys, and the file does not", lacking[0]),
            "copy the file of the server on which they were rotated (store.keys), and start again",
        ),
        Err(error) => {
            let told = error.to_string();
            let (what, mend) = told.split_once("; ").unwrap_or((told.as_str(), "put the right keys back (store.keys)"));
            Seen::wrong(what, mend)
        }
    }
}

pub(super) async fn secrets(about: &About<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    match about.store {
        Some(store) => seen.push(keys(store).await),
        None => seen.push(Seen::not_needed("store.enabled is false: records of calls are plain files")),
    }
    if let Some(notices) = &about.clinic.config.notices {
        seen.extend(notices.secret.iter().map(|secret| credential("notices.secret", secret, weakness)));
        let password = notices.mail.as_ref().and_then(|mail| mail.password.as_ref());
        seen.extend(password.map(|password| credential("notices.mail.password", password, weakness)));
    }
    let emr = about.clinic.config.emr.as_ref();
    if let Some(fhir) = emr.and_then(|emr| emr.fhir.as_ref()) {
        seen.extend(fhir.secrets().into_iter().map(|(key, source)| credential(key, source, weakness)));
        return seen;
    }
    match emr.and_then(|emr| emr.oscar.as_ref()) {
        Some(OscarConfig { user: Some(user), password: Some(password), .. }) => {
            seen.push(credential("emr.oscar.user", user, |_| None));
            seen.push(credential("emr.oscar.password", password, weakness));
        }
        Some(_) => seen.push(kept(about.store).await),
        None => seen.push(Seen::not_needed("no EMR across a network: it has no password")),
    }
    seen
}

/// The account in the store, opened.
async fn kept(store: Option<&Store>) -> Seen {
    let Some(store) = store else {
        return Seen::wrong(
            "there is no store that could hold the account at the EMR",
            "write emr.oscar.user and password",
        );
    };
    let opened = |kept: Kept| store.open_login(&kept.sealed).map(|login| (kept.key, login));
    match store.login().await.and_then(|kept| kept.map(opened).transpose()) {
        Ok(Some((key, login))) => match login.weakness() {
            Some(why) => {
                Seen::wrong(format!("the password in the store: {why}"), "run `attendant clinic credentials set`")
            }
            None => Seen::good(format!("the account at the EMR is in the store, sealed by key {key}, and opens")),
        },
        Ok(None) => Seen::wrong(
            "neither the clinic's file nor the store has an account at the EMR",
            "run `attendant clinic credentials set`",
        ),
        Err(error) => Seen::wrong(format!("the account in the store: {error}"), "see to the store and its keys"),
    }
}

/// It is read, and never shown.
fn credential(key: &str, source: &SecretSource, weakness: impl Fn(&str) -> Option<String>) -> Seen {
    match source.read() {
        Ok(secret) => match weakness(secret.expose()) {
            Some(why) => Seen::wrong(format!("{key}: {why}"), "set a long random one there and in its place here"),
            None => Seen::good(format!("{key} was read from {source}")),
        },
        Err(what) => {
            let (what, mend) = what.split_once("; ").unwrap_or((what.as_str(), "write the secret there"));
            Seen::wrong(format!("{key}: {what}"), mend)
        }
    }
}
