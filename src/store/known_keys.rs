//! Which keys a database is sealed by: of each version a probe that was sealed when the version first came, and that only the same key opens.
//!
//! Keys go by their versions alone. Without this a server with a file of other keys, or two rotations at once, would seal rows that the others cannot
//! open. Nothing is sealed before the probes have opened.

use std::collections::BTreeMap;

use super::keys::KeysError;
use super::migrate::Standing;
use super::record::place;
use super::{Store, StoreError, execute};
use crate::clock;

/// The migration that made the table.
const TABLE: i64 = 2;

/// What is sealed; nobody's.
const PROBE: &[u8] = b"attendant knows the keys of a database by opening this";

impl Store {
    /// Compares the keys with those of the database, which hears of those that are new. Versions that it knows and that are not in the file: another server's
    /// file has them.
    pub async fn check_keys(&self) -> Result<Vec<u32>, StoreError> {
        let known = self.probes().await?;
        // First: whoever has other keys than these would teach it a version that is none of its own.
        let lacking = self.lacking(&known)?;
        let mut is_new = false;
        let insert =
            "INSERT INTO known_keys (version, probe, at_ms) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING";
        for version in self.keys.versions().filter(|version| !known.contains_key(version)) {
            let probe = self.keys.seal_by(version, &of(version), PROBE)?;
            let values = vec![i64::from(version).into(), probe.into(), clock::now().as_millisecond().into()];
            execute(&self.database, insert, values).await?;
            is_new = true;
        }
        // Somebody with other keys may have been quicker.
        if is_new { self.lacking(&self.probes().await?) } else { Ok(lacking) }
    }

    /// Versions that the keys do not have. Fails if one that they have is another than the database's.
    fn lacking(&self, known: &BTreeMap<u32, Vec<u8>>) -> Result<Vec<u32>, StoreError> {
        let mut lacking = Vec::new();
        for (version, probe) in known {
            match self.keys.open(&of(*version), probe) {
                Ok(_) => {}
                Err(KeysError::Missing { .. }) => lacking.push(*version),
                Err(_) => return Err(KeysError::Foreign(*version).into()),
            }
        }
        Ok(lacking)
    }

    /// [`Self::check_keys`], once: a database that was away when the store was made ready is asked when it is back.
    pub(super) async fn be_sure_of_keys(&self) -> Result<(), StoreError> {
        let checked = self.sure.get_or_try_init(|| async {
            let lacking = self.check_keys().await?;
            if !lacking.is_empty() {
                tracing::warn!(?lacking, "the store's keys were rotated elsewhere; copy the file from there, or what it seals cannot be read here");
            }
            Ok::<_, StoreError>(())
        });
        checked.await.copied()
    }

    /// Whether the database is one that knows its keys: their table came with the second migration.
    pub(super) async fn has_known_keys(&self) -> Result<bool, StoreError> {
        Ok(match self.standing().await? {
            Standing::Current => true,
            Standing::Behind(pending) => pending.iter().all(|(version, ..)| *version > TABLE),
        })
    }

    async fn probes(&self) -> Result<BTreeMap<u32, Vec<u8>>, StoreError> {
        let found = self.rows("SELECT version, probe FROM known_keys", vec![]).await?;
        let mut probes = BTreeMap::new();
        for row in &found {
            let version: i64 = row.try_get_by_index(0)?;
            probes.insert(u32::try_from(version).unwrap_or_default(), row.try_get_by_index(1)?);
        }
        Ok(probes)
    }
}

fn of(version: u32) -> String {
    place("known_keys.probe", &version.to_string(), 0)
}

#[cfg(test)]
mod tests;
