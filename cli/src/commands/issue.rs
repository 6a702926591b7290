//! `testamur issue`: issues a certificate for each event in a file.

use std::fs;
use std::io::{self, Read};
use std::path::{self, Path, PathBuf};
use std::process::ExitCode;

use testamur_engine::JsonError;

use crate::args::{Cli, Issue};
use crate::error::CliError;
use crate::local::deployment::LocalDeployment;
use crate::local::event_file::{self, Line};
use crate::local::worker;

/// How messages call standard input.
const STDIN: &str = "standard input";

pub(crate) fn run(cli: &Cli, command: &Issue) -> Result<ExitCode, CliError> {
    let file = &command.file;
    let bytes = read(file)?;
    let place = if is_stdin(file) {
        PathBuf::from(STDIN)
    } else {
        path::absolute(file).map_err(|e| CliError::file("find", file, e))?
    };
    let invalid = |e: JsonError| CliError::Content {
        path: if is_stdin(file) { place.clone() } else { file.clone() },
        reason: e.to_string(),
    };
    let lines = event_file::split(&bytes).map_err(invalid)?;
    // The path is absolute, so that a line has the same source from every current folder.
    let source = |line: &Line| format!("{}, line {}", place.display(), line.number);
    let events = lines.into_iter().map(|line| (line.text.clone(), source(&line))).collect();
    let deployment = LocalDeployment::open(cli, &command.deployment, &lms_data(command))?;
    worker::run(cli, &deployment, async |queue| queue.put_completions(events).await)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads a file, or standard input if it is named `-`.
fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = if is_stdin(file) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    bytes.map_err(|e| CliError::file("read", file, e))
}

/// Returns the folder of `--lms-data`, else the folder of the events.
fn lms_data(command: &Issue) -> PathBuf {
    let events = command.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = command.lms_data.as_deref().or(events);
    folder.unwrap_or(Path::new(".")).to_owned()
}
