//! Deployment packages of the functions with the binaries of the test profile, for the emulator and
//! for the processor of this machine. `lambda/package.sh` builds the packages for AWS.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use crate::validators::tool;
use crate::{build_folder, repository};

/// The names of all functions.
pub const FUNCTIONS: [&str; 5] = ["detect", "issue", "schedule-mail", "send-mail", "bounce"];

/// Returns the folder of a function's unpacked package. Its zip, `<function>.zip`, is next to it.
#[must_use]
pub(super) fn package(function: &str) -> PathBuf {
    folder().join(function)
}

/// Returns the folder of all packages, after building them.
pub(super) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = build_folder().join("functions");
        fs::create_dir_all(&folder).expect("the folder can be created");
        // Test processes that run at the same time must not write the same packages.
        let lock = File::create(folder.join("lock")).expect("the lock file can be created");
        lock.lock().expect("the lock file can be locked");
        build_binaries();
        for function in FUNCTIONS {
            build_package(&folder, function);
        }
        folder
    });
    &FOLDER
}

/// Builds the binaries of the whole workspace, because a build of the functions alone would select
/// other features and compile the dependencies again.
fn build_binaries() {
    let build = build_folder();
    let target = build.parent().expect("the build folder is in the target folder");
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let profile: &[&str] = if build.ends_with("release") { &["--release"] } else { &[] };
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bins"])
        .args(profile)
        .arg("--target-dir")
        .arg(target)
        .current_dir(repository())
        .status();
    assert!(status.expect("cargo runs").success(), "the functions can't be built");
}

/// Builds a package unless it is newer than its sources.
fn build_package(folder: &Path, function: &str) {
    let program = build_folder().join(function);
    let zip = folder.join(format!("{function}.zip"));
    let sources =
        ["templates", "fonts", "lambda/zip.py"].map(|source| newest(&repository().join(source)));
    if zip.exists()
        && modified(&zip) >= sources.into_iter().fold(modified(&program), SystemTime::max)
    {
        return;
    }
    let stripped = folder.join("stripped");
    tool("strip", &["-o".as_ref(), stripped.as_os_str(), program.as_os_str()]);
    let temporary = zip.with_extension("temporary");
    let zipper = repository().join("lambda/zip.py");
    let arguments = [
        zipper.as_os_str(),
        function.as_ref(),
        stripped.as_ref(),
        temporary.as_ref(),
        "--store".as_ref(),
    ];
    tool("python3", &arguments);
    unpack(&temporary, &folder.join(function));
    fs::rename(temporary, zip).expect("the zip can be renamed");
}

/// Unpacks a package as Lambda does. Replaces `folder` if it exists.
pub fn unpack(zip: &Path, folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("the old package can be removed");
    }
    tool(
        "python3",
        &["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), zip.as_os_str(), folder.as_os_str()],
    );
    // Python's zipfile does not restore permissions.
    fs::set_permissions(folder.join("bootstrap"), Permissions::from_mode(0o755))
        .expect("the permissions can be set");
}

/// Returns the time of the last change of a file, or of any file in a folder.
fn newest(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    paths.map(|path| newest(&path)).fold(modified(path), SystemTime::max)
}

fn modified(path: &Path) -> SystemTime {
    let about = fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    about.modified().expect("the file system stores modification times")
}
