//! The adapters of one machine: a SQLite database for records, queue, dead letters and deliveries; a folder for files and
//! mail; JSON files for learners and courses.
//!
//! They are as durable as the disk: whatever a port has answered is there after a crash. They leave out sharing a folder
//! between machines.

mod database;
mod folder;
mod post;
mod queue;
mod roll;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use database::{Archive, Database};
pub(crate) use folder::Folder;
pub(crate) use post::Post;
pub(crate) use queue::{Kind, MAX_ATTEMPTS, Message, Queue};
pub(crate) use roll::Roll;
pub(crate) use store::Store;
