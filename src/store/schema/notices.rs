//! Notices for the staff that a message waits: the outbox, and how far each message has come.
//!
//! `told_ms`, `escalated_ms` and `acked_ms` of a message are empty until its notices were made, those of its escalation were, and somebody has seen to it.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKey, ForeignKeyAction};

use super::Kind::{MaybeNumber, MaybeText, Number, Text};
use super::{Columns, Migration, isolation, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 8, name: "notices of messages", statements };

/// One row a message, stage and address. `due_ms` is when it is tried next, `sent_ms` is empty until it was taken.
pub(in crate::store) const NOTICES: Columns = Columns {
    table: "notices",
    columns: &["id", "clinic", "message", "stage", "address", "made_ms", "due_ms", "tries"],
};

fn statements(backend: DbBackend) -> Vec<String> {
    let columns = [
        ("id", Text),
        ("clinic", Text),
        ("message", Text),
        ("stage", Text),
        ("address", Text),
        ("made_ms", Number),
        ("due_ms", Number),
        ("tries", Number),
        ("sent_ms", MaybeNumber),
        ("trouble", MaybeText),
    ];
    let mut notices = table(NOTICES.table, &columns, 1, false);
    let mut of_message = ForeignKey::create();
    of_message.from(NOTICES.table, "message").to("messages", "id").on_delete(ForeignKeyAction::Cascade);
    notices.foreign_key(&mut of_message);
    let mut statements: Vec<String> = [
        "kind text NOT NULL DEFAULT 'message'",
        "told_ms bigint",
        "escalated_ms bigint",
        "acked_ms bigint",
        "acked_by text",
    ]
    .iter()
    .map(|column| format!("ALTER TABLE messages ADD COLUMN {column}"))
    .collect();
    statements.push(text(&notices, backend));
    statements.push("CREATE INDEX notices_by_message ON notices (message)".to_owned());
    statements.push("CREATE INDEX notices_by_time ON notices (clinic, due_ms)".to_owned());
    statements.extend(isolation::own(NOTICES.table, backend));
    statements
}
