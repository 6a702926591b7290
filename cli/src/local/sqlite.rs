//! The SQLite database of a deployment, `testamur.db` in its state folder.
//!
//! [`Database`] is the connection of a process that writes, and [`DatabaseReader`] one that only
//! reads. The tables of the queue are behind [`Queue`], all others behind [`SqliteStore`].

mod database;
mod queue;
mod reader;
mod schema;
mod store;

pub(crate) use database::Database;
pub(crate) use queue::{DeadLetter, EventKind, MAX_ATTEMPTS, Message, Queue};
pub(crate) use reader::DatabaseReader;
pub(crate) use store::SqliteStore;
