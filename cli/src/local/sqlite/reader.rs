//! Reading the database, also while another process works in its state folder.

use std::path::{Path, PathBuf};

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, Params, Row};
use testamur_pipeline::CertificateRecord;

use super::database::connect_existing;
use super::queue::DeadLetter;
use super::schema;
use crate::error::CliError;

/// A connection that can't write to the database.
///
/// It sees the last commit of a process that writes and never blocks it. In WAL mode SQLite keeps
/// the locks of readers in `testamur.db-shm` and may have to create that file, so even a reader
/// needs write access to the state folder.
pub(crate) struct DatabaseReader {
    connection: Connection,
    path: PathBuf,
}

impl DatabaseReader {
    /// Opens the database of a state folder where something has been issued.
    ///
    /// Fails with [`CliError::NoState`] if there is no database.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, CliError> {
        let connection = connect_existing(state_dir, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, path: schema::path(state_dir) })
    }

    /// Returns all records, or those of one user, in the order in which they were issued.
    pub(crate) fn records(&self, user: Option<&str>) -> Result<Vec<CertificateRecord>, CliError> {
        let query = "SELECT record FROM records WHERE ?1 IS NULL OR user_id = ?1 ORDER BY rowid";
        self.rows(query, [user], read_record)
    }

    /// Returns the record with this certificate id or enrollment id.
    pub(crate) fn record(&self, id: &str) -> Result<Option<CertificateRecord>, CliError> {
        let query = "SELECT record FROM records WHERE certificate_id = ?1 OR enrollment_id = ?1";
        Ok(self.rows(query, [id], read_record)?.pop())
    }

    /// Returns all dead letters, oldest first.
    pub(crate) fn dead_letters(&self) -> Result<Vec<DeadLetter>, CliError> {
        self.rows(DeadLetter::QUERY, [], DeadLetter::read)
    }

    fn rows<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, CliError> {
        let read_all = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare(query)?.query_map(parameters, read)?.collect()
        };
        read_all().map_err(|e| schema::unusable(&self.path, e))
    }
}

/// Reads the column `record`, selected alone.
pub(super) fn read_record(row: &Row<'_>) -> rusqlite::Result<CertificateRecord> {
    serde_json::from_str(row.get_ref(0)?.as_str()?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))
}
