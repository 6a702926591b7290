//! Files in the state folder, each written completely or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testamur_pipeline::TransientError;
use testamur_pipeline::ports::{Object, ObjectStore};

use crate::error::CliError;
use crate::local::platform;

/// The subfolder of files that are being written. Files that a killed process left there are
/// deleted.
const UNFINISHED: &str = ".unfinished";

/// The subfolders of finished files.
const FINISHED: [&str; 2] = ["certificates", "mail"];

/// The files of a deployment. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct FileObjectStore {
    root: Arc<PathBuf>,
    written: Arc<AtomicU64>,
}

impl FileObjectStore {
    /// Opens a state folder. The caller holds its lock, because unfinished files are deleted.
    pub(crate) fn open(root: &Path) -> Result<Self, CliError> {
        let unfinished = root.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)
                .map_err(|e| CliError::file("delete", &unfinished, e))?;
        }
        for name in FINISHED.iter().chain([&UNFINISHED]) {
            let folder = root.join(name);
            fs::create_dir_all(&folder).map_err(|e| CliError::file("create", &folder, e))?;
        }
        platform::sync_folder(root).map_err(|e| CliError::file("sync", root, e))?;
        Ok(Self { root: Arc::new(root.to_owned()), written: Arc::default() })
    }

    /// Writes a file at a path relative to the state folder, such as `mail/1.eml`, and replaces
    /// an existing one. When it returns, the file is on disk.
    pub(crate) async fn write(&self, path: &str, bytes: Vec<u8>) -> Result<(), TransientError> {
        let target = self.root.join(path);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(UNFINISHED).join(number.to_string());
        let action = format!("can't write {}", target.display());
        match tokio::task::spawn_blocking(move || write(&unfinished, &target, &bytes)).await {
            Ok(result) => result.map_err(|e| TransientError::new(action, e)),
            Err(panic) => Err(TransientError::new(action, panic)),
        }
    }
}

impl ObjectStore for FileObjectStore {
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        self.write(&object.key, object.bytes).await
    }

    async fn get(&self, key: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, TransientError> {
        let path = self.root.join(key);
        let action = format!("can't read {}", path.display());
        match tokio::task::spawn_blocking(move || read(&path, max_bytes)).await {
            Ok(result) => result.map_err(|e| TransientError::new(action, e)),
            Err(panic) => Err(TransientError::new(action, panic)),
        }
    }
}

/// Reads a file, unless it does not exist or is too large.
fn read(path: &Path, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    // Files are replaced as a whole, so the length is that of the content, or of another file.
    if usize::try_from(length).is_ok_and(|length| length <= max_bytes) {
        fs::read(path).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes under a temporary name, syncs, renames and syncs the folder, in this order: a crash at
/// any moment leaves the old file or the new one.
fn write(unfinished: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, target)?;
    platform::sync_folder(target.parent().expect("the path of a file has a parent"))
}
