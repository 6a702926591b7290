//! Runs the program `testamur` in a temporary folder.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{build_folder, repository};

/// The id key of every test. Certificate ids are therefore the same in all tests.
const ID_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The program, with a temporary folder as its current folder. Templates and fonts are those of the
/// repository, except in [`Program::alone`].
pub struct Program {
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// The folder in which a copy of the program is installed. `None` runs the program in the build
    /// folder.
    installation: Option<TempDir>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code. `None` if a signal ended the process.
    pub code: Option<i32>,
    /// The text on standard output.
    pub stdout: String,
    /// The text on standard error.
    pub stderr: String,
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

impl Program {
    /// Makes a folder with two learners, `u-ada` and `u-grace`, and two courses, `c-1` and `c-2`.
    #[must_use]
    pub fn new() -> Self {
        let asset = |name: &str| {
            let path = repository().join(name).into_os_string();
            path.into_string().expect("the path of the repository is UTF-8")
        };
        let program = Self::empty(None)
            .with("TESTAMUR_ID_KEY", ID_KEY)
            .with("TESTAMUR_TEMPLATES", &asset("templates"))
            .with("TESTAMUR_FONTS", &asset("fonts"));
        program.write(
            "users.json",
            &json!([user("u-ada", "Ada Lovelace"), user("u-grace", "Grace Hopper")]).to_string(),
        );
        program.write(
            "courses.json",
            &json!([course("c-1", "Analytical Engines"), course("c-2", "Compilers")]).to_string(),
        );
        program
    }

    /// Makes an empty folder, and installs a copy of the program in another folder. The copy finds
    /// neither the fonts nor the templates of the repository.
    #[must_use]
    pub fn alone() -> Self {
        let installation = tempfile::tempdir().expect("temporary folders can be made");
        let copy = installation.path().join("bin/testamur");
        fs::create_dir(installation.path().join("bin")).expect("folders can be made");
        // A hard link saves the copy, but works within one file system only.
        fs::hard_link(binary(), &copy)
            .or_else(|_| fs::copy(binary(), &copy).map(drop))
            .expect("the program can be copied");
        Self::empty(Some(installation))
    }

    fn empty(installation: Option<TempDir>) -> Self {
        Self {
            folder: tempfile::tempdir().expect("temporary folders can be made"),
            environment: Vec::new(),
            installation,
        }
    }

    /// Returns the folder in which the copy of the program is installed.
    ///
    /// # Panics
    /// If there is no copy. Only [`Self::alone`] makes one.
    #[must_use]
    pub fn installation(&self) -> &Path {
        self.installation.as_ref().expect("the program is installed").path()
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the current folder of the program.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a path in [`Self::folder`].
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file in [`Self::folder`].
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a parent folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }

    /// Reads a file in [`Self::folder`].
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Returns the files in a folder, with their paths relative to [`Self::folder`], sorted.
    #[must_use]
    pub fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let names = entries.map(|entry| {
            entry.expect("folders are readable").file_name().into_string().expect("UTF-8")
        });
        let mut files: Vec<_> = names
            .map(|name| format!("{folder}/{name}"))
            .map(|name| (name.clone(), self.read(&name)))
            .collect();
        files.sort();
        files
    }

    /// Returns the e-mails in the state folder, without the time of sending.
    #[must_use]
    pub fn mails(&self) -> Vec<(String, Vec<u8>)> {
        let mut mails = self.files("state/mail");
        for (_, mail) in &mut mails {
            let lines = mail.split(|&byte| byte == b'\n');
            *mail = lines.filter(|line| !line.starts_with(b"Date: ")).collect::<Vec<_>>().concat();
        }
        mails
    }

    /// Returns the path of a file of a certificate, such as its `pdf`.
    #[must_use]
    pub fn certificate(&self, enrollment: &str, extension: &str) -> PathBuf {
        let record = self.json(&["show", enrollment]).remove(0);
        let text = |name: &str| record[name].as_str().expect("a record has texts").to_owned();
        self.path(&format!(
            "state/certificates/{}-{}.{extension}",
            text("certificateId"),
            text("contentHash")
        ))
    }

    /// Runs the program.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs the program with a text on standard input.
    #[must_use]
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // The program may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Outcome::of(&child.wait_with_output().expect("the program ends"))
    }

    /// Starts a command that serves a web page, and waits until it prints the address.
    #[must_use]
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut child =
            self.command(arguments).stderr(Stdio::inherit()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut server = Server { child, stdout: BufReader::new(stdout), url: String::new() };
        server.url = server.read_url();
        server
    }

    /// Writes events to `events.jsonl` and issues them.
    #[must_use]
    pub fn issue(&self, events: &[Value]) -> Outcome {
        let lines: Vec<_> = events.iter().map(Value::to_string).collect();
        self.write("events.jsonl", &lines.join("\n"));
        self.run(&["issue", "events.jsonl"])
    }

    /// Runs the program with `--json` and returns the printed objects.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let outcome = self.run(&[arguments, &["--json"]].concat());
        outcome
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("--json prints JSON"))
            .collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let installed = self.installation.as_ref().map(|folder| folder.path().join("bin/testamur"));
        let mut command = Command::new(installed.as_deref().unwrap_or(binary()));
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// The program while it serves a web page. Dropping this ends the process.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The address of the page.
    pub url: String,
}

impl Server {
    fn read_url(&mut self) -> String {
        let mut printed = String::new();
        while self.stdout.read_line(&mut printed).expect("it prints text") > 0 {
            if let Some((_, rest)) = printed.split_once("open http://") {
                return format!(
                    "http://{}",
                    rest.split_whitespace().next().expect("an address follows")
                );
            }
        }
        panic!("it ended without an address: {printed}");
    }

    /// Waits until the program ends by itself. Returns its exit code and the text that it printed
    /// after the address.
    #[must_use]
    pub fn finish(mut self) -> (Option<i32>, String) {
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("it prints text");
        (self.child.wait().expect("it ends").code(), printed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outcome {
    fn of(output: &Output) -> Self {
        let text =
            |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Panics if the program has another exit code.
    #[track_caller]
    #[must_use]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Panics if neither standard output nor standard error contains the text.
    #[track_caller]
    pub fn prints(&self, text: &str) -> &Self {
        let both = format!("{}{}", self.stdout, self.stderr);
        assert!(both.contains(text), "{text:?} is not in\n{both}");
        self
    }
}

pub(crate) fn user(id: &str, name: &str) -> Value {
    json!({ "userId": id, "name": name, "email": format!("{id}@example.com") })
}

pub(crate) fn course(id: &str, name: &str) -> Value {
    json!({ "courseId": id, "name": name, "author": "Charles Babbage" })
}

/// Builds the program as `cargo run` builds it, once for each test process, and returns its path.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let folder = build_folder();
        let target = folder.parent().expect("the build folder is in the target folder");
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--bin", "testamur", "--target-dir"])
            .arg(target)
            .current_dir(repository())
            .status();
        assert!(status.expect("cargo runs").success(), "the program does not build");
        folder.join("testamur")
    })
}
