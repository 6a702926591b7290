//! The database file: its schema, its connection, and reading it while another process works.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde::Serialize;
use testamur_pipeline::{CertificateRecord, IdKey, TransientError};

use crate::error::CliError;

/// The version of the schema below.
const VERSION: i64 = 2;

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
    attempts INTEGER NOT NULL DEFAULT 0,
    visible_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX queue_by_kind ON queue (kind, id);

CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    failed_at TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (certificate_id TEXT PRIMARY KEY, message_id TEXT, sent_at TEXT NOT NULL) STRICT;

CREATE TABLE suppressions (address_hash TEXT PRIMARY KEY, reason TEXT NOT NULL, since TEXT NOT NULL) STRICT;
";

/// The database of a process that works in a folder.
#[derive(Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl Database {
    /// Opens the database of a folder, creating it on first use. A commit is on disk when it returns.
    pub(crate) fn open(folder: &Path) -> Result<Self, CliError> {
        let path = file(folder);
        let failed = |e: rusqlite::Error| unusable(&path, &e);
        let mut connection = Connection::open(&path).map_err(failed)?;
        // It holds the id key and the learners' names.
        fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(|e| CliError::file("protect", &path, &e))?;
        prepare(&mut connection).map_err(failed)?;
        check_version(&connection, &path)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// The secret behind certificate ids: the one that is kept, or on first use the one that is wanted, or random bytes.
    pub(crate) fn id_key(&self, wanted: Option<IdKey>) -> Result<IdKey, CliError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |e: rusqlite::Error| unusable(&self.path, &e);
        let kept = connection
            .query_row("SELECT key FROM id_key", [], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        match (kept.map(IdKey::new), wanted) {
            (Some(kept), Some(wanted)) if kept != wanted => {
                Err(CliError::OtherKey(self.path.clone()))
            }
            (Some(kept), _) => Ok(kept),
            (None, wanted) => {
                let key = wanted.map_or_else(random_key, Ok)?;
                connection
                    .execute("INSERT INTO id_key (key) VALUES (?1)", [key.as_bytes()])
                    .map_err(failed)?;
                Ok(key)
            }
        }
    }

    /// Runs statements where they do not hold up other work. `action` names them in the error, such as `can't write a record`.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, TransientError> {
        let connection = Arc::clone(&self.connection);
        let locked = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        let failed = |reason: String| {
            TransientError::new(format!("{action} in {}", self.path.display()), reason)
        };
        match tokio::task::spawn_blocking(locked).await {
            Ok(result) => result.map_err(|e| failed(e.to_string())),
            Err(stopped) => Err(failed(stopped.to_string())),
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("testamur.db")
}

fn unusable(path: &Path, error: &rusqlite::Error) -> CliError {
    CliError::Database { path: path.to_owned(), reason: error.to_string() }
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn check_version(connection: &Connection, path: &Path) -> Result<(), CliError> {
    match version(connection).map_err(|e| unusable(path, &e))? {
        VERSION => Ok(()),
        other => Err(CliError::Database {
            path: path.to_owned(),
            reason: format!("its version is {other}, this program knows {VERSION}"),
        }),
    }
}

fn random_key() -> Result<IdKey, CliError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| CliError::Usage(format!("no random bytes for the id key: {e}")))?;
    Ok(IdKey::new(bytes))
}

/// The database as a reader sees it, also while a process works in its folder.
pub(crate) struct DatabaseReader {
    connection: Connection,
    path: PathBuf,
}

/// An event that could not be handled.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) attempts: u32,
    pub(crate) failed_at: String,
    pub(crate) event: String,
}

impl DatabaseReader {
    /// Opens the database of a folder in which something was issued.
    pub(crate) fn open(folder: &Path) -> Result<Self, CliError> {
        let path = file(folder);
        if !path.exists() {
            return Err(CliError::NoState(folder.to_owned()));
        }
        let failed = |e: rusqlite::Error| unusable(&path, &e);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        if version(&connection).map_err(failed)? == 0 {
            return Err(CliError::NoState(folder.to_owned()));
        }
        check_version(&connection, &path)?;
        Ok(Self { connection, path })
    }

    /// The same database for writing, which waits its turn while a process works in the folder.
    pub(crate) fn into_database(self) -> Database {
        Database { connection: Arc::new(Mutex::new(self.connection)), path: self.path }
    }

    /// All records, or those of a user, in the order of their issue.
    pub(crate) fn records(&self, user: Option<&str>) -> Result<Vec<CertificateRecord>, CliError> {
        let query = "SELECT record FROM records WHERE ?1 IS NULL OR user_id = ?1 ORDER BY rowid";
        self.rows(query, [user], |row| parse_record(&row.get::<_, String>(0)?))
    }

    /// The record of a certificate or an enrollment.
    pub(crate) fn record(&self, id: &str) -> Result<Option<CertificateRecord>, CliError> {
        let query = "SELECT record FROM records WHERE certificate_id = ?1 OR enrollment_id = ?1";
        Ok(self.rows(query, [id], |row| parse_record(&row.get::<_, String>(0)?))?.pop())
    }

    /// All dead letters, oldest first.
    pub(crate) fn dead_letters(&self) -> Result<Vec<DeadLetter>, CliError> {
        let query = "SELECT id, kind, code, reason, attempts, failed_at, event FROM dead_letters ORDER BY rowid";
        self.rows(query, [], |row| {
            Ok(DeadLetter {
                id: row.get(0)?,
                kind: row.get(1)?,
                code: row.get(2)?,
                reason: row.get(3)?,
                attempts: row.get(4)?,
                failed_at: row.get(5)?,
                event: row.get(6)?,
            })
        })
    }

    fn rows<T>(
        &self,
        query: &str,
        parameters: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, CliError> {
        let rows = || {
            self.connection
                .prepare(query)?
                .query_map(parameters, read)?
                .collect::<rusqlite::Result<_>>()
        };
        rows().map_err(|e| unusable(&self.path, &e))
    }
}

/// Reads a record as it is stored.
pub(super) fn parse_record(text: &str) -> rusqlite::Result<CertificateRecord> {
    CertificateRecord::from_json(text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
    })
}
