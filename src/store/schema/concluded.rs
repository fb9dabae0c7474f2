//! What calls came to: columns of `calls`, empty in rows of older releases; and steps of tools by their call, which are asked for whenever one is moved.

use sea_orm::DbBackend;

use super::Migration;

pub(super) const MIGRATION: Migration = Migration { version: 10, name: "what calls came to", statements };

fn statements(_backend: DbBackend) -> Vec<String> {
    let columns = ["outcome", "intent", "spoken"].map(|column| format!("ALTER TABLE calls ADD COLUMN {column} text"));
    columns.into_iter().chain(["CREATE INDEX tools_by_call ON tools (call)".to_owned()]).collect()
}
