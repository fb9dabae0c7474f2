//! The account at each clinic's EMR, sealed: one row a clinic.

use sea_orm::DbBackend;

use super::Kind::{Number, Sealed, Text};
use super::{Migration, isolation, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 9, name: "accounts at clinics' EMRs, sealed", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    let columns = [("clinic", Text), ("body", Sealed), ("key", Number), ("changed_ms", Number), ("changed_by", Text)];
    let mut statements = vec![text(&table("emr_credentials", &columns, 1, false), backend)];
    statements.extend(isolation::own("emr_credentials", backend));
    statements
}
