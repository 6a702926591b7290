//! External validators: programs of others that check the output.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use crate::{build_folder, repository};

/// Runs a system tool and returns its standard output. Panics if the tool is missing or fails.
#[track_caller]
pub fn tool(name: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|e| {
        panic!("{name}: {e}; the tests need qpdf, poppler-utils, python3, npm and gcc")
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

/// Runs a script in `tests/validators` with the Node.js of `tests/requirements/cldr`, and returns its
/// standard output. Where that has none for this system, it is the system's own.
#[track_caller]
pub fn node(script: &str, arguments: &[&OsStr]) -> String {
    let path = repository().join("tests/validators").join(script);
    let packages = fs::read_dir(cldr_packages()).expect("the folder is readable");
    let binary = |package: DirEntry| Some(package.path().join("bin/node")).filter(|p| p.exists());
    let node = packages.filter_map(Result::ok).find_map(binary);
    let node = node.unwrap_or_else(|| "node".into());
    printed(script, &Command::new(node).arg(path).args(arguments).output().expect("Node.js starts"))
}

/// Returns the folder with the npm packages of `tests/requirements/cldr`.
pub fn cldr_packages() -> PathBuf {
    let npm = |folder: &Path, lock_file: &Path| {
        for file in [lock_file, &lock_file.with_file_name("package.json")] {
            let name = file.file_name().expect("a file has a name");
            fs::copy(file, folder.join(name)).expect("files can be copied");
        }
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"];
        tool("npm", &[&arguments.map(OsStr::new)[..], &[folder.as_os_str()]].concat());
    };
    installed("cldr", "cldr/package-lock.json", npm).join("node_modules")
}

/// Returns the virtual environment with the packages of `tests/requirements/<name>.txt`.
pub fn environment(name: &str) -> &'static Path {
    installed(name, &format!("{name}.txt"), |folder, requirements| {
        tool("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()]);
        let interpreter = folder.join("bin/python");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        let arguments = [&pip.map(OsStr::new)[..], &[requirements.as_os_str()]].concat();
        tool(interpreter.to_str().expect("UTF-8"), &arguments);
    })
}

/// Returns the folder `name` of the build folder with the packages that a file in
/// `tests/requirements` lists. They are installed when they are first needed, and again when the
/// file changes.
fn installed(name: &str, requirements: &str, install: impl Fn(&Path, &Path)) -> &'static Path {
    static FOLDERS: Mutex<BTreeMap<String, &'static Path>> = Mutex::new(BTreeMap::new());
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = folders.get(name) {
        return folder;
    }
    let folder: &Path = Box::leak(build_folder().join(name).into_boxed_path());
    let requirements = repository().join("tests/requirements").join(requirements);
    let wanted = fs::read_to_string(&requirements).expect("the requirements are readable");
    fs::create_dir_all(folder).expect("folders can be made");
    // Of several test processes that start at once, one creates it.
    let lock = File::create(folder.join("lock")).expect("files can be made");
    lock.lock().expect("files can be locked");
    let installed = folder.join("installed.txt");
    if !fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        install(folder, &requirements);
        fs::write(installed, wanted).expect("files can be written");
    }
    folders.insert(name.to_owned(), folder);
    folder
}
