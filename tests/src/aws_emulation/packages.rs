//! The functions' packages, of the binaries that the tests build: stripped, unpacked to run from and zipped to deploy.
//!
//! They are for the emulator on this machine. What goes to AWS is built by `lambda/package.sh`, optimised and for its processors.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use crate::validators::tool;
use crate::{build_folder, repository};

/// Every function.
pub const FUNCTIONS: [&str; 5] = ["detect", "issue", "schedule-mail", "send-mail", "bounce"];

/// The folder of a function's unpacked package; beside it stands its zip, `<function>.zip`.
#[must_use]
pub(super) fn package(function: &str) -> PathBuf {
    folder().join(function)
}

/// The folder of all packages.
pub(super) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = build_folder().join("functions");
        fs::create_dir_all(&folder).expect("folders can be made");
        // Test processes that start together make them one after the other.
        let lock = File::create(folder.join("lock")).expect("files can be made");
        lock.lock().expect("files can be locked");
        build();
        for function in FUNCTIONS {
            make(&folder, function);
        }
        folder
    });
    &FOLDER
}

/// Built with all other programs, so that no feature changes and nothing is compiled twice.
fn build() {
    let build = build_folder();
    let target = build.parent().expect("the build folder stands in the target folder");
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let profile: &[&str] = if build.ends_with("release") { &["--release"] } else { &[] };
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bins"])
        .args(profile)
        .arg("--target-dir")
        .arg(target)
        .current_dir(repository())
        .status();
    assert!(status.expect("cargo runs").success(), "the functions do not build");
}

fn make(folder: &Path, function: &str) {
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
    let unfinished = zip.with_extension("unfinished");
    let zipper = repository().join("lambda/zip.py");
    let arguments = [
        zipper.as_os_str(),
        function.as_ref(),
        stripped.as_ref(),
        unfinished.as_ref(),
        "--store".as_ref(),
    ];
    tool("python3", &arguments);
    unpack(&unfinished, &folder.join(function));
    fs::rename(unfinished, zip).expect("files can be renamed");
}

/// Unpacks a package, as Lambda does, in place of an older one.
pub fn unpack(zip: &Path, folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("folders can be removed");
    }
    tool(
        "python3",
        &["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), zip.as_os_str(), folder.as_os_str()],
    );
    // Python's unpacker forgets who may run what.
    fs::set_permissions(folder.join("bootstrap"), Permissions::from_mode(0o755))
        .expect("it is ours");
}

/// When the last change was made to a file, or in a folder.
fn newest(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let paths = entries.map(|entry| entry.expect("folders are readable").path());
    paths.map(|path| newest(&path)).fold(modified(path), SystemTime::max)
}

fn modified(path: &Path) -> SystemTime {
    let about = fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    about.modified().expect("the file system keeps times")
}
