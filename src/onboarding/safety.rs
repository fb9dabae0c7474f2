//! What protects patients: a person who answers for their data, where it may go, and secrets that are strong and work.

use super::{About, Seen};
use crate::clinic::ClinicConfig;
use crate::config::SecretSource;
use crate::provider::residency::{Country, Place};
use crate::server::sends;
use crate::store::weakness;

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

/// Every provider that may be sent something, against the clinic's own rule.
pub(super) fn residency(about: &About<'_>) -> Vec<Seen> {
    let sends = sends(&about.config.providers);
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

/// Text that is sealed and opened again, to see that the keys work.
const PROBE: &[u8] = b"attendant looks whether its keys open what they seal";

pub(super) fn secrets(about: &About<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    match about.store {
        Some(store) => {
            let keys = store.keys();
            let place = format!("onboarding/{}", about.clinic.config.id);
            let sealed = keys.seal(&place, PROBE);
            seen.push(match keys.open(&place, &sealed) {
                Ok(opened) if opened == PROBE => Seen::good(format!(
                    "key {} of the store sealed {} bytes and opened them",
                    keys.newest(),
                    PROBE.len()
                )),
                Ok(_) => {
                    Seen::wrong("the store's keys open something else than they sealed", "put the right keys back")
                }
                Err(error) => Seen::wrong(error.to_string(), "put the right keys back (store.keys)"),
            });
        }
        None => seen.push(Seen::not_needed("store.enabled is false: nothing is sealed, records are plain files")),
    }
    match about.clinic.config.emr.as_ref().and_then(|emr| emr.oscar.as_ref()) {
        Some(oscar) => {
            seen.push(credential("emr.oscar.user", &oscar.user, |_| None));
            seen.push(credential("emr.oscar.password", &oscar.password, weakness));
        }
        None => seen.push(Seen::not_needed("no EMR across a network: it has no password")),
    }
    seen
}

/// It is read, and never shown.
fn credential(key: &str, source: &SecretSource, weakness: impl Fn(&str) -> Option<String>) -> Seen {
    match source.read() {
        Ok(secret) => match weakness(secret.expose()) {
            Some(why) => Seen::wrong(format!("{key}: {why}"), "set a long random one in OSCAR and in its place here"),
            None => Seen::good(format!("{key} was read from {}", place(source))),
        },
        Err(what) => {
            let (what, mend) = what.split_once("; ").unwrap_or((what.as_str(), "write the secret there"));
            Seen::wrong(format!("{key}: {what}"), mend)
        }
    }
}

fn place(source: &SecretSource) -> String {
    match (&source.env, &source.file) {
        (Some(variable), _) => format!("the environment ({variable})"),
        (None, Some(file)) => file.display().to_string(),
        (None, None) => "nowhere".to_owned(),
    }
}
