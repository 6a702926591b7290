//! The database file: its name, its schema and its format version.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::error::CliError;

/// The version of the schema below and of the JSON in it, kept in SQLite's `user_version`. Any
/// change of either needs a new number.
const VERSION: i64 = 5;

const SCHEMA: &str = "
CREATE TABLE id_key (key BLOB NOT NULL) STRICT;

CREATE TABLE records (
    certificate_id TEXT PRIMARY KEY,
    enrollment_id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_user ON records (user_id);

CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    source TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    visible_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX queue_by_kind ON queue (kind, id);

CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    source TEXT,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    failed_at TEXT NOT NULL
) STRICT;
CREATE INDEX dead_letters_by_event ON dead_letters (event);

CREATE TABLE deliveries (
    certificate_id TEXT PRIMARY KEY,
    message_id TEXT,
    sent_at TEXT NOT NULL
) STRICT;

CREATE TABLE suppressions (
    address_hash TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT;
";

/// The path of the database in a state folder.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("testamur.db")
}

/// Creates the tables unless they exist. Does not change a database of another version.
pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    // Immediate, so that of two processes that start at once only one creates the tables.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

/// Returns whether the tables exist. Fails if the database has another version than this build.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<bool, CliError> {
    match version(connection).map_err(|e| unusable(path, e))? {
        0 => Ok(false),
        VERSION => Ok(true),
        found => Err(CliError::DatabaseFormat { path: path.to_owned(), found, supported: VERSION }),
    }
}

/// The error of a database that can't be opened, read or written.
pub(super) fn unusable(path: &Path, source: rusqlite::Error) -> CliError {
    CliError::Database { path: path.to_owned(), source }
}

/// Returns SQLite's `user_version`, which is 0 in a new file.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
