//! The real program, run in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{build_folder, repository};

/// The id key of every test, so that ids are the same in all of them.
const ID_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// `testamur` with a directory of learners, a place for state, and copies of nothing: templates and fonts are the repository's.
pub struct Program {
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// Where a copy of the program is installed; none if the one in the build folder is run.
    installation: Option<TempDir>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

impl Program {
    /// Makes a folder with two learners, Ada and Grace, and two courses, engines and compilers.
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

    /// Makes an empty folder and a copy of the program in another one, which finds neither the fonts nor the templates of the
    /// repository.
    #[must_use]
    pub fn alone() -> Self {
        let installation = tempfile::tempdir().expect("temporary folders can be made");
        let copy = installation.path().join("bin/testamur");
        fs::create_dir(installation.path().join("bin")).expect("folders can be made");
        // A hard link is as good as a copy, but is possible within one file system only.
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

    /// The folder that the copy of the program is installed in.
    ///
    /// # Panics
    /// If there is no copy: only [`Self::alone`] makes one.
    #[must_use]
    pub fn installation(&self) -> &Path {
        self.installation.as_ref().expect("the program is installed").path()
    }

    /// The same program with an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file into its folder.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }

    /// Reads a file in its folder.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The files below a folder of its folder, by relative path.
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

    /// The path of a file of an enrollment's certificate.
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

    /// Runs it.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs it with standard input.
    #[must_use]
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // The program may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Outcome::of(&child.wait_with_output().expect("the program ends"))
    }

    /// Starts it as a server of web pages and waits until it says where.
    #[must_use]
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut child =
            self.command(arguments).stderr(Stdio::inherit()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut server = Server { child, stdout: BufReader::new(stdout), url: String::new() };
        server.url = server.read_url();
        server
    }

    /// Issues events, given as JSON, and expects nothing of the outcome.
    #[must_use]
    pub fn issue(&self, events: &[Value]) -> Outcome {
        let lines: Vec<_> = events.iter().map(Value::to_string).collect();
        self.write("events.jsonl", &lines.join("\n"));
        self.run(&["issue", "events.jsonl"])
    }

    /// Runs it with `--json` and gives the objects it printed.
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

/// The program while it serves pages; it is ended when this is dropped.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The address of its page.
    pub url: String,
}

impl Server {
    fn read_url(&mut self) -> String {
        let mut said = String::new();
        while self.stdout.read_line(&mut said).expect("it prints text") > 0 {
            if let Some((_, rest)) = said.split_once("open http://") {
                return format!(
                    "http://{}",
                    rest.split_whitespace().next().expect("an address follows")
                );
            }
        }
        panic!("it ended without an address: {said}");
    }

    /// Waits until it ends by itself; gives its exit code and what it has printed since it said its address.
    #[must_use]
    pub fn finish(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).expect("it prints text");
        (self.child.wait().expect("it ends").code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
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

    /// Fails unless the exit code is this.
    #[track_caller]
    #[must_use]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless standard output or standard error holds this text.
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

/// The program, built as `cargo run` builds it, whichever tests were asked for.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let folder = build_folder();
        let target = folder.parent().expect("the build folder stands in the target folder");
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
