//! Changes of the clinics' own books, in their order: one row a change, sealed.

use sea_orm::DbBackend;

use super::Kind::{Number, Sealed, Text};
use super::{Migration, isolation, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 12, name: "changes of clinics' own books", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    let columns = [("clinic", Text), ("seq", Number), ("body", Sealed), ("key", Number)];
    let mut statements = vec![text(&table("book_changes", &columns, 2, false), backend)];
    statements.extend(isolation::own("book_changes", backend));
    statements
}
