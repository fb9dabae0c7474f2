//! What calls came to: columns of `calls`. Empty in rows of older releases.

use sea_orm::DbBackend;

use super::Migration;

pub(super) const MIGRATION: Migration = Migration { version: 10, name: "what calls came to", statements };

fn statements(_backend: DbBackend) -> Vec<String> {
    ["outcome", "intent", "spoken"].map(|column| format!("ALTER TABLE calls ADD COLUMN {column} text")).into()
}
