//! The connection of a process that writes to the database.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use testamur_pipeline::{IdKey, TransientError};

use super::schema;
use crate::error::CliError;
use crate::local::platform;

/// How long a statement waits for the lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A database that can be written. Cloning is cheap: all clones share one connection.
#[derive(Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl Database {
    /// Opens the database of a state folder and creates it on first use. A commit is on disk when
    /// it returns.
    ///
    /// Fails if the file is not a database, or if another version of the program wrote it.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, CliError> {
        let path = schema::path(state_dir);
        let mut connection = Connection::open(&path).map_err(|e| schema::unusable(&path, e))?;
        // The file contains the id key and learners' names, so only its owner may read it.
        platform::restrict_to_owner(&path)
            .map_err(|e| CliError::file("restrict access to", &path, e))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|e| schema::unusable(&path, e))?;
        // Checked before anything is written, so a database of another version stays unchanged.
        schema::check_version(&connection, &path)?;
        configure(&connection)
            .and_then(|()| schema::create(&mut connection))
            .map_err(|e| schema::unusable(&path, e))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// Opens the database of a state folder where something has been issued.
    ///
    /// Does not take the lock of the folder, so another process may be issuing certificates at the
    /// same time. This is safe: each write is one SQLite transaction, SQLite lets one process write
    /// at a time, and the others wait up to ten seconds for their turn.
    ///
    /// Fails with [`CliError::NoState`] if there is no database.
    pub(crate) fn open_existing(state_dir: &Path) -> Result<Self, CliError> {
        let path = schema::path(state_dir);
        let connection = connect_existing(state_dir, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        configure(&connection).map_err(|e| schema::unusable(&path, e))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// Returns the secret key of certificate ids: the stored one, else `configured`, else a random
    /// one, which is then stored.
    ///
    /// Fails if the stored key and the configured key differ.
    pub(crate) fn id_key(&self, configured: Option<IdKey>) -> Result<IdKey, CliError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = connection
            .query_row("SELECT key FROM id_key", [], |row| row.get(0))
            .optional()
            .map_err(|e| schema::unusable(&self.path, e))?;
        match (stored.map(IdKey::new), configured) {
            (Some(stored), Some(configured)) if stored != configured => {
                Err(CliError::OtherKey(self.path.clone()))
            }
            (Some(stored), _) => Ok(stored),
            (None, configured) => {
                let key = configured.map_or_else(random_key, Ok)?;
                connection
                    .execute("INSERT INTO id_key (key) VALUES (?1)", [key.as_bytes()])
                    .map_err(|e| schema::unusable(&self.path, e))?;
                Ok(key)
            }
        }
    }

    /// Runs statements on the blocking pool, so that disk access does not delay other tasks.
    ///
    /// `action` begins the error message, such as `can't write a record`.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        action: &'static str,
        statements: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, TransientError> {
        let connection = Arc::clone(&self.connection);
        let run =
            move || statements(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        let action = || format!("{action} in {}", self.path.display());
        match tokio::task::spawn_blocking(run).await {
            Ok(result) => result.map_err(|e| TransientError::new(action(), e)),
            Err(panic) => Err(TransientError::new(action(), panic)),
        }
    }
}

/// Opens a database that has tables, with the access that `flags` ask for.
pub(super) fn connect_existing(state_dir: &Path, flags: OpenFlags) -> Result<Connection, CliError> {
    let path = schema::path(state_dir);
    if !path.exists() {
        return Err(CliError::NoState(state_dir.to_owned()));
    }
    let connection =
        Connection::open_with_flags(&path, flags).map_err(|e| schema::unusable(&path, e))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|e| schema::unusable(&path, e))?;
    if schema::check_version(&connection, &path)? {
        Ok(connection)
    } else {
        Err(CliError::NoState(state_dir.to_owned()))
    }
}

/// Sets what every writing connection needs: readers are not blocked, and commits are durable.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")
}

fn random_key() -> Result<IdKey, CliError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(CliError::Random)?;
    Ok(IdKey::new(bytes))
}
