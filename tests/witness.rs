//! Other people's programs, which judge what we make.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::{build_folder, repository};

/// Runs a tool of the system and gives its standard output. Fails if it is missing or complains.
#[track_caller]
pub fn tool(name: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(name).args(arguments).output();
    let output =
        output.unwrap_or_else(|e| panic!("{name}: {e}; the README's tests need qpdf, poppler-utils, python3 and gcc"));
    printed(name, &output)
}

/// Runs a Python script of `tests/witness` with the packages of `tests/requirements.txt`, and gives its standard output.
#[track_caller]
pub fn python(script: &str, arguments: &[&OsStr]) -> String {
    let path = repository().join("tests/witness").join(script);
    printed(script, &Command::new(interpreter()).arg(path).args(arguments).output().expect("Python starts"))
}

#[track_caller]
fn printed(name: &str, output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name} complains:\n{stdout}{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

/// A virtual environment in the build folder, made when it is first needed.
fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        let folder = build_folder().join("witnesses");
        let requirements = repository().join("tests/requirements.txt");
        let wanted = fs::read_to_string(&requirements).expect("the requirements are readable");
        fs::create_dir_all(&folder).expect("folders can be made");
        // Test processes that start together make it once.
        let lock = File::create(folder.join("lock")).expect("files can be made");
        lock.lock().expect("files can be locked");
        let installed = folder.join("installed.txt");
        let interpreter = folder.join("bin/python");
        if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            return interpreter;
        }
        tool("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()]);
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(OsStr::new);
        tool(interpreter.to_str().expect("UTF-8"), &[&pip[..], &[requirements.as_os_str()]].concat());
        fs::write(installed, wanted).expect("files can be written");
        interpreter
    })
}
