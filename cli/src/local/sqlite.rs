//! The SQLite database of a deployment: its schema, the queue, and the stores.

mod database;
mod queue;
mod store;

pub(crate) use database::{Database, DatabaseReader};
pub(crate) use queue::{EventKind, MAX_ATTEMPTS, Message, Queue};
pub(crate) use store::SqliteStore;
