//! The embedded adapters do what their ports promise.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;

use tempfile::TempDir;
use testamur_pipeline::testing::contract;

use super::{Database, FileObjectStore, JsonDirectory, Queue, SqliteStore};

fn database() -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).unwrap();
    (folder, database)
}

#[tokio::test]
async fn the_roll_keeps_the_contract_of_directories() {
    let folder = tempfile::tempdir().unwrap();
    let user = r#"[{"userId": "u-1", "name": "Ada Lovelace", "email": "ada@example.com", "locale": "en-GB"}]"#;
    let course =
        r#"[{"courseId": "c-1", "name": "Analytical Engines", "author": "Charles Babbage"}]"#;
    fs::write(folder.path().join("users.json"), user).unwrap();
    fs::write(folder.path().join("courses.json"), course).unwrap();
    contract::directory(&JsonDirectory::load(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn the_folder_keeps_the_contract_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    let read = async |key: &str| fs::read(folder.path().join(key)).ok().map(|bytes| (bytes, None));
    contract::object_store(&FileObjectStore::open(folder.path()).unwrap(), read).await;
}

#[tokio::test]
async fn the_database_keeps_the_contract_of_records() {
    let (_folder, database) = database();
    let queue = Queue(database.clone());
    let announced = async |id: testamur_pipeline::CertificateId| {
        let mut count = 0;
        while let Some(message) = queue.receive().await.unwrap() {
            count += usize::from(message.event.contains(&id.to_string()));
        }
        Some(count)
    };
    contract::certificate_store(&SqliteStore(database), announced).await;
}

#[tokio::test]
async fn the_database_keeps_the_contracts_of_deliveries_and_suppressions() {
    let (_folder, database) = database();
    contract::delivery_log(&SqliteStore(database.clone()), true).await;
    contract::suppression_list(&SqliteStore(database)).await;
}
