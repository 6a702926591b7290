//! The local adapters fulfill the contracts of their ports, and the database checks its version.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;
use testamur_pipeline::error::chain;
use testamur_pipeline::testing::contract;

use super::{Database, DatabaseReader, FileObjectStore, JsonDirectory, Queue, SqliteStore};
use crate::error::CliError;

fn database() -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).unwrap();
    (folder, database)
}

#[tokio::test]
async fn json_directory_fulfills_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let user = r#"[{"userId": "u-1", "name": "Ada Lovelace", "email": "ada@example.com",
        "locale": "en-GB"}]"#;
    let course =
        r#"[{"courseId": "c-1", "name": "Analytical Engines", "author": "Charles Babbage"}]"#;
    fs::write(folder.path().join("users.json"), user).unwrap();
    fs::write(folder.path().join("courses.json"), course).unwrap();
    contract::directory(&JsonDirectory::load(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn file_object_store_fulfills_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let read = async |key: &str| fs::read(folder.path().join(key)).ok().map(|bytes| (bytes, None));
    contract::object_store(&FileObjectStore::open(folder.path()).unwrap(), read).await;
}

#[tokio::test]
async fn sqlite_certificate_store_fulfills_the_contract() {
    let (_folder, database) = database();
    let queue = Queue(database.clone());
    let events = async |id: testamur_pipeline::CertificateId| {
        let mut count = 0;
        while let Some(message) = queue.receive().await.unwrap() {
            count += usize::from(message.event.contains(&id.to_string()));
        }
        Some(count)
    };
    contract::certificate_store(&SqliteStore(database), events).await;
}

#[tokio::test]
async fn sqlite_delivery_and_suppression_fulfill_the_contracts() {
    let (_folder, database) = database();
    contract::delivery_log(&SqliteStore(database.clone()), true).await;
    contract::suppression_list(&SqliteStore(database)).await;
}

#[test]
fn a_database_of_another_version_is_refused_and_left_unchanged() {
    for (version, writer) in [(1, "an earlier"), (4, "an earlier"), (6, "a newer")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("testamur.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE records (record TEXT)").unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();

        let expected = format!(
            "{} was written by {writer} build of testamur (format {version}; this build reads 5): \
             use that build, or choose another --state-dir",
            path.display()
        );
        let errors: [CliError; 3] = [
            Database::open(folder.path()).err().unwrap(),
            Database::open_existing(folder.path()).err().unwrap(),
            DatabaseReader::open(folder.path()).err().unwrap(),
        ];
        for error in errors {
            assert_eq!(chain(&error), expected);
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_reader_sees_each_commit_of_a_working_process() {
    let (folder, database) = database();
    let reader = DatabaseReader::open(folder.path()).unwrap();
    assert_eq!(reader.dead_letters().unwrap().len(), 0);

    let queue = Queue(database);
    queue.put_completions(vec![("{}".to_owned(), "a test".to_owned())]).await.unwrap();
    let message = queue.receive().await.unwrap().unwrap();
    queue.move_to_dead_letters(&message, "bad-event", "empty".to_owned()).await.unwrap();
    assert_eq!(reader.dead_letters().unwrap()[0].id, message.dead_letter_id());
}
