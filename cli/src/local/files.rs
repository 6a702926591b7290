//! Files in a folder, each written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testamur_pipeline::TransientError;
use testamur_pipeline::ports::{Object, ObjectStore};

use crate::error::CliError;

/// Where unfinished files are; what is left in it by a process that died is worthless.
const UNFINISHED: &str = ".unfinished";

/// The folders in which finished files stand.
const FINISHED: [&str; 2] = ["certificates", "mail"];

/// The folder of a deployment. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct FileObjectStore {
    root: Arc<PathBuf>,
    written: Arc<AtomicU64>,
}

impl FileObjectStore {
    /// Takes a folder that this process alone works in.
    pub(crate) fn open(root: &Path) -> Result<Self, CliError> {
        let unfinished = root.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)
                .map_err(|e| CliError::file("clear", &unfinished, &e))?;
        }
        for name in FINISHED.iter().chain([&UNFINISHED]) {
            let folder = root.join(name);
            fs::create_dir_all(&folder).map_err(|e| CliError::file("create", &folder, &e))?;
        }
        sync(root).map_err(|e| CliError::file("sync", root, &e))?;
        Ok(Self { root: Arc::new(root.to_owned()), written: Arc::default() })
    }

    /// Writes a file durably under a relative path: to a temporary name, synced, renamed, and the folder synced.
    pub(crate) async fn write(&self, path: &str, bytes: Vec<u8>) -> Result<(), TransientError> {
        let target = self.root.join(path);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(UNFINISHED).join(number.to_string());
        let action = format!("can't write {}", target.display());
        match tokio::task::spawn_blocking(move || write(&unfinished, &target, &bytes)).await {
            Ok(result) => result.map_err(|e| TransientError::new(action, e)),
            Err(stopped) => Err(TransientError::new(action, stopped)),
        }
    }
}

impl ObjectStore for FileObjectStore {
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        self.write(&object.key, object.bytes).await
    }
}

fn write(unfinished: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, target)?;
    let folder = target.parent().expect("a file stands in a folder");
    sync(folder)
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
