//! A deployment on one machine: SQLite for records, queue, dead letters and the delivery log; a folder for files and e-mail;
//! JSON files for learners and courses.
//!
//! What a port has confirmed is on disk: it survives a crash of the process and of the machine. Sharing a state folder between
//! machines is not supported.

pub(crate) mod deployment;
mod files;
mod json_directory;
mod mailer;
mod progress;
mod sqlite;
#[cfg(test)]
mod tests;
pub(crate) mod worker;

pub(crate) use files::FileObjectStore;
pub(crate) use json_directory::JsonDirectory;
pub(crate) use mailer::LocalMailer;
pub(crate) use sqlite::{
    Database, DatabaseReader, EventKind, MAX_ATTEMPTS, Message, Queue, SqliteStore,
};
