//! How far a request of somebody's is: columns of `messages`, empty until somebody has said something of it.

use sea_orm::DbBackend;

use super::Migration;

pub(super) const MIGRATION: Migration = Migration { version: 14, name: "how far requests are", statements };

fn statements(_backend: DbBackend) -> Vec<String> {
    ["state text", "state_ms bigint", "state_by text"]
        .map(|column| format!("ALTER TABLE messages ADD COLUMN {column}"))
        .into()
}
