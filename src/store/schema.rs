//! The tables, as the migrations of [`super::migrate`] make them: one migration set for both databases.
//!
//! A migration that was released is never changed, only followed by another. Times are microseconds since the call's first slot (`_us`) or milliseconds
//! since 1970 (`_ms`); money is millionths. Columns of bytes are sealed ([`super::keys`]), `key` is the version of the key that did it.

mod anchors;
mod book;
pub(super) mod clinics;
mod concluded;
mod credentials;
mod details;
mod erased;
mod isolation;
mod lines;
mod messages;
mod notices;
mod requests;
mod retention;

use sea_orm::DbBackend;
use sea_orm::sea_query::{ColumnDef, Index, PostgresQueryBuilder, SqliteQueryBuilder, Table, TableCreateStatement};

pub(super) use messages::MESSAGES;
pub(super) use notices::NOTICES;

/// A table by its name, and its columns in the order in which rows are written and read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub table: &'static str,
    pub columns: &'static [&'static str],
}

/// One row a call: its figures, and the caller's number.
pub(super) const CALLS: Columns = Columns {
    table: "calls",
    columns: &[
        "call",
        "clinic",
        "instance",
        "began_ms",
        "transport",
        "caller",
        "dialled",
        "language",
        "cheaper",
        "arms",
        "costs_at_us",
        "currency",
        "cost",
        "cached_characters",
        "ended_at_us",
        "reason",
        "counters",
        "key",
        "outcome",
        "intent",
        "spoken",
    ],
};

/// One row a question and its answer. `seq` is the line of the call's journal.
pub(super) const TURNS: Columns = Columns {
    table: "turns",
    columns: &[
        "call",
        "seq",
        "turn",
        "speech_end_us",
        "endpoint_due_us",
        "endpoint_us",
        "stt_final_us",
        "drafted_us",
        "first_token_us",
        "first_tts_us",
        "first_audio_us",
        "first_packet_us",
        "filler_us",
        "finished_us",
        "cut",
    ],
};

/// One row a thing said.
pub(super) const TRANSCRIPT: Columns =
    Columns { table: "transcript", columns: &["call", "seq", "at_us", "who", "text", "cut", "turn", "key"] };

/// Whatever else happened, and lines of a newer release.
pub(super) const EVENTS: Columns = Columns { table: "events", columns: &["call", "seq", "kind", "body", "key"] };

/// One row a model that was paid.
pub(super) const COSTS: Columns = Columns {
    table: "costs",
    columns: &[
        "call",
        "line",
        "kind",
        "provider",
        "model",
        "audio_ms",
        "characters",
        "requests",
        "tokens_in",
        "tokens_cached",
        "tokens_out",
        "estimated",
        "cost",
        "tokens_written",
    ],
};

/// One step of the schema.
pub(super) struct Migration {
    pub version: i64,
    pub name: &'static str,
    statements: fn(DbBackend) -> Vec<String>,
}

impl Migration {
    /// What it does, in this database's own words.
    pub(super) fn statements(&self, backend: DbBackend) -> Vec<String> {
        (self.statements)(backend)
    }
}

/// In the order in which they are applied.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "calls, turns, transcript, events, costs", statements: records_of_calls },
    Migration { version: 2, name: "tools, audit, audit_heads, spools, known_keys", statements: tools_and_audit },
    messages::MIGRATION,
    retention::MIGRATION,
    erased::MIGRATION,
    clinics::MIGRATION,
    isolation::MIGRATION,
    notices::MIGRATION,
    credentials::MIGRATION,
    concluded::MIGRATION,
    details::MIGRATION,
    book::MIGRATION,
    Migration { version: 13, name: "tokens written to a model's cache", statements: tokens_written },
    requests::MIGRATION,
    lines::MIGRATION,
    retention::UNFINISHED,
    anchors::MIGRATION,
];

/// What was paid before counted as sent.
fn tokens_written(_: DbBackend) -> Vec<String> {
    vec!["ALTER TABLE costs ADD COLUMN tokens_written bigint NOT NULL DEFAULT 0".to_owned()]
}

/// A column: its name, its kind, and whether it may be empty.
fn column(name: &'static str, kind: Kind) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match kind {
        Kind::Text | Kind::MaybeText => column.text(),
        Kind::Number | Kind::MaybeNumber => column.big_integer(),
        Kind::Flag | Kind::MaybeFlag => column.boolean(),
        Kind::Sealed | Kind::MaybeSealed => column.blob(),
    };
    match kind {
        Kind::Text | Kind::Number | Kind::Flag | Kind::Sealed => column.not_null(),
        Kind::MaybeText | Kind::MaybeNumber | Kind::MaybeFlag | Kind::MaybeSealed => column.null(),
    };
    column
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    MaybeText,
    Number,
    MaybeNumber,
    Flag,
    MaybeFlag,
    Sealed,
    MaybeSealed,
}

/// The first `unique` columns are the primary key; with `of_call` rows go when their call does.
fn table(name: &'static str, columns: &[(&'static str, Kind)], unique: usize, of_call: bool) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    let mut key = Index::create();
    for (at, (name, kind)) in columns.iter().enumerate() {
        table.col(column(name, *kind));
        if at < unique {
            key.col(*name);
        }
    }
    table.primary_key(&mut key);
    if of_call {
        let mut to = sea_orm::sea_query::ForeignKey::create();
        to.from(name, "call").to("calls", "call").on_delete(sea_orm::sea_query::ForeignKeyAction::Cascade);
        table.foreign_key(&mut to);
    }
    table
}

fn text(table: &TableCreateStatement, backend: DbBackend) -> String {
    if backend == DbBackend::Sqlite {
        table.to_string(SqliteQueryBuilder)
    } else {
        table.to_string(PostgresQueryBuilder)
    }
}

fn records_of_calls(backend: DbBackend) -> Vec<String> {
    use Kind::{Flag, MaybeFlag, MaybeNumber, MaybeSealed, MaybeText, Number, Sealed, Text};
    let calls = [
        ("call", Text),
        ("clinic", Text),
        ("instance", Text),
        ("began_ms", Number),
        ("transport", MaybeText),
        ("caller", MaybeSealed),
        ("dialled", MaybeText),
        ("language", MaybeText),
        ("cheaper", MaybeFlag),
        ("arms", MaybeText),
        ("costs_at_us", MaybeNumber),
        ("currency", MaybeText),
        ("cost", MaybeNumber),
        ("cached_characters", MaybeNumber),
        ("ended_at_us", MaybeNumber),
        ("reason", MaybeText),
        ("counters", MaybeText),
        ("key", Number),
    ];
    let stages = TURNS.columns[3..14].iter().map(|name| (*name, MaybeNumber));
    let turns: Vec<_> =
        [("call", Text), ("seq", Number), ("turn", Number)].into_iter().chain(stages).chain([("cut", Flag)]).collect();
    let transcript = [
        ("call", Text),
        ("seq", Number),
        ("at_us", Number),
        ("who", Text),
        ("text", Sealed),
        ("cut", Flag),
        ("turn", Number),
        ("key", Number),
    ];
    let events = [("call", Text), ("seq", Number), ("kind", Text), ("body", Sealed), ("key", Number)];
    let counts = COSTS.columns[5..12].iter().map(|name| (*name, Number));
    let costs: Vec<_> = [("call", Text), ("line", Number), ("kind", Text), ("provider", Text), ("model", Text)]
        .into_iter()
        .chain(counts)
        .chain([("cost", MaybeNumber)])
        .collect();
    let mut statements: Vec<String> = [
        table(CALLS.table, &calls, 1, false),
        table(TURNS.table, &turns, 2, true),
        table(TRANSCRIPT.table, &transcript, 2, true),
        table(EVENTS.table, &events, 2, true),
        table(COSTS.table, &costs, 2, true),
    ]
    .iter()
    .map(|table| text(table, backend))
    .collect();
    // Calls are asked for by clinic, the newest first.
    statements.push("CREATE INDEX calls_by_time ON calls (clinic, began_ms)".to_owned());
    statements
}

/// A line of a ledger: ids of tools are their model's, and not every model's are unlike.
const TOOLS: [(&str, Kind); 11] = [
    ("instance", Kind::Text),
    ("file", Kind::Text),
    ("position", Kind::Number),
    ("call", Kind::Text),
    ("id", Kind::Text),
    ("state", Kind::Text),
    ("clinic", Kind::Text),
    ("at_ms", Kind::Number),
    ("turn", Kind::Number),
    ("tool", Kind::Text),
    ("code", Kind::MaybeText),
];

fn tools_and_audit(backend: DbBackend) -> Vec<String> {
    use Kind::{Number, Sealed, Text};
    // Codes of the chain are bytes too, and sealed in their own way.
    let audit = [
        ("clinic", Text),
        ("instance", Text),
        ("seq", Number),
        ("at_ms", Number),
        ("actor", Text),
        ("action", Text),
        ("subject", Text),
        ("outcome", Text),
        ("key", Number),
        ("code", Sealed),
    ];
    let heads =
        [("clinic", Text), ("instance", Text), ("seq", Number), ("code", Sealed), ("key", Number), ("proof", Sealed)];
    let spools = [("instance", Text), ("file", Text), ("position", Number)];
    // A probe is sealed by the key of its version.
    let known_keys = [("version", Number), ("probe", Sealed), ("at_ms", Number)];
    let tables = [
        // Tools run before their call is over, and before its row is there.
        table("tools", &TOOLS, 3, false),
        table("audit", &audit, 3, false),
        table("audit_heads", &heads, 2, false),
        table("spools", &spools, 2, false),
        table("known_keys", &known_keys, 1, false),
    ];
    tables.iter().map(|table| text(table, backend)).collect()
}
