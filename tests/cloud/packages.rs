//! The functions' packages, of the binaries that the tests build: stripped, unpacked to run from and zipped to deploy.
//!
//! They are for the emulator on this machine. What goes to AWS is built by `lambda/package`, optimised and for its processors.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use crate::witness::{python_with, tool};
use crate::{build_folder, repository};

/// Every function, and what its package holds besides the program.
const FUNCTIONS: [(&str, &[&str]); 5] = [
    ("detect", &[]),
    ("issue", &["templates", "fonts"]),
    ("schedule-mail", &[]),
    ("send-mail", &["templates"]),
    ("bounce", &[]),
];

/// What a deployed template has no use for.
const UNDEPLOYED: [&str; 2] = ["samples", "snapshots"];

/// The folder of a function's unpacked package; beside it stands its zip, `<function>.zip`.
#[must_use]
pub fn package(function: &str) -> PathBuf {
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
        for (function, parts) in FUNCTIONS {
            make(&folder, function, parts);
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
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bins", "--target-dir"])
        .arg(target)
        .current_dir(repository())
        .status();
    assert!(status.expect("cargo runs").success(), "the functions do not build");
}

fn make(folder: &Path, function: &str, parts: &[&str]) {
    let program = build_folder().join(function);
    let zip = folder.join(format!("{function}.zip"));
    let sources: Vec<_> = parts.iter().map(|part| (repository().join(part), *part)).collect();
    let newest = sources.iter().map(|(source, _)| newest(source)).fold(modified(&program), SystemTime::max);
    if zip.exists() && modified(&zip) >= newest {
        return;
    }
    let unpacked = folder.join(function);
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).expect("folders can be removed");
    }
    fs::create_dir_all(&unpacked).expect("folders can be made");
    tool("strip", &["-o".as_ref(), unpacked.join("bootstrap").as_os_str(), program.as_os_str()]);
    for (source, part) in sources {
        link(&source, &unpacked.join(part));
    }
    let unfinished = zip.with_extension("unfinished");
    python_with("emulator", "package.py", &[unpacked.as_os_str(), unfinished.as_os_str()]);
    fs::rename(unfinished, zip).expect("files can be renamed");
}

/// Copies a folder without what is not deployed; the files are the same ones if the file system can do that.
fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folders can be made");
    for path in entries(from) {
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() {
            link(&path, &target);
        } else if fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target).expect("files can be copied");
        }
    }
}

/// When the last change was made in a folder.
fn newest(folder: &Path) -> SystemTime {
    let times = entries(folder).into_iter().map(|path| if path.is_dir() { newest(&path) } else { modified(&path) });
    times.fold(modified(folder), SystemTime::max)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("folders are readable").path());
    paths.filter(|path| !UNDEPLOYED.iter().any(|name| path.ends_with(name))).collect()
}

fn modified(path: &Path) -> SystemTime {
    let about = fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    about.modified().expect("the file system keeps times")
}
