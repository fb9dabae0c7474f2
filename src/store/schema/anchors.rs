//! Where chains of the audit begin once their old ends were purged: one row a chain, none while nothing of it was; and of each purge how many rows went.

use sea_orm::DbBackend;

use super::Kind::{Number, Sealed, Text};
use super::{Migration, isolation, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 17, name: "anchors of the audit", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    let columns =
        [("clinic", Text), ("instance", Text), ("seq", Number), ("code", Sealed), ("key", Number), ("proof", Sealed)];
    let mut statements = vec![text(&table("audit_anchors", &columns, 2, false), backend)];
    statements.extend(isolation::own("audit_anchors", backend));
    // Whether a note is there is asked before it is added, of a chain as long as the audit is kept.
    statements.push("CREATE INDEX audit_by_time ON audit (clinic, instance, at_ms)".to_owned());
    statements.push("ALTER TABLE purges ADD COLUMN audit bigint NOT NULL DEFAULT 0".to_owned());
    statements
}
