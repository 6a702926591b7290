//! A deployment on one machine: SQLite holds the certificate records, the queue, the dead letters
//! and the delivery log; a folder holds the files and e-mails; JSON files hold users and courses.
//!
//! What a port has confirmed is on disk, so it survives a crash of the process and of the machine.
//! A state folder that several machines share is not supported.

pub(crate) mod deployment;
pub(crate) mod event_file;
mod files;
mod json_directory;
mod mailer;
mod platform;
mod progress;
mod sqlite;
#[cfg(test)]
mod tests;
pub(crate) mod worker;

pub(crate) use files::FileObjectStore;
pub(crate) use json_directory::JsonDirectory;
pub(crate) use mailer::LocalMailer;
pub(crate) use sqlite::{
    Database, DatabaseReader, DeadLetter, EventKind, MAX_ATTEMPTS, Message, Queue, SqliteStore,
};
