//! External validators: programs of others that check the output.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use crate::{build_folder, repository};

/// Runs a system tool and returns its standard output. Panics if the tool is missing or fails.
#[track_caller]
pub fn tool(name: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|e| {
        panic!("{name}: {e}; the README's tests need qpdf, poppler-utils, python3 and gcc")
    });
    printed(name, &output)
}

/// Runs a Python script in `tests/validators`, with the packages of
/// `tests/requirements/validators.txt`, and returns its standard output.
#[track_caller]
pub fn python(script: &str, arguments: &[&OsStr]) -> String {
    python_with("validators", script, arguments)
}

/// Runs a Python script in `tests/validators`, with the packages of
/// `tests/requirements/<name>.txt`, such as `emulator`, `moto` or `sam`.
#[track_caller]
pub fn python_with(requirements: &str, script: &str, arguments: &[&OsStr]) -> String {
    let path = repository().join("tests/validators").join(script);
    let interpreter = environment(requirements).join("bin/python");
    printed(
        script,
        &Command::new(interpreter).arg(path).args(arguments).output().expect("Python starts"),
    )
}

#[track_caller]
fn printed(name: &str, output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{name} failed:\n{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// Returns the virtual environment with the packages of `tests/requirements/<name>.txt`. It is
/// created in the build folder when it is first needed, and again when the file changes.
pub fn environment(name: &str) -> &'static Path {
    static ENVIRONMENTS: Mutex<BTreeMap<String, &'static Path>> = Mutex::new(BTreeMap::new());
    let mut environments = ENVIRONMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = environments.get(name) {
        return folder;
    }
    let folder = install(name);
    environments.insert(name.to_owned(), folder);
    folder
}

fn install(name: &str) -> &'static Path {
    let folder: &Path = Box::leak(build_folder().join(name).into_boxed_path());
    let requirements = repository().join(format!("tests/requirements/{name}.txt"));
    let wanted = fs::read_to_string(&requirements).expect("the requirements are readable");
    fs::create_dir_all(folder).expect("folders can be made");
    // Of several test processes that start at once, one creates it.
    let lock = File::create(folder.join("lock")).expect("files can be made");
    lock.lock().expect("files can be locked");
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return folder;
    }
    tool("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()]);
    let interpreter = folder.join("bin/python");
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(OsStr::new);
    tool(interpreter.to_str().expect("UTF-8"), &[&pip[..], &[requirements.as_os_str()]].concat());
    fs::write(installed, wanted).expect("files can be written");
    folder
}
