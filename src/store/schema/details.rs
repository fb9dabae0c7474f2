//! What a row of the audit holds besides: a column of `audit`. Empty in rows of older releases, and of what no tool did.

use sea_orm::DbBackend;

use super::Migration;

pub(super) const MIGRATION: Migration = Migration { version: 11, name: "details of the audit", statements };

fn statements(_backend: DbBackend) -> Vec<String> {
    vec!["ALTER TABLE audit ADD COLUMN detail text".to_owned()]
}
