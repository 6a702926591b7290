//! `testamur issue`: issues a certificate for each event in a file.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Cli, Issue};
use crate::error::CliError;
use crate::local::deployment::LocalDeployment;
use crate::local::worker;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(crate) fn run(cli: &Cli, command: &Issue) -> Result<ExitCode, CliError> {
    let bytes = read(&command.file)?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let events = lines.filter(|line| !line.is_empty()).map(text).collect();
    let deployment = LocalDeployment::open(cli, &command.deployment, &lms_data(command))?;
    worker::run(cli, &deployment, async |queue| queue.put_completions(events).await)
}

/// Reads a file, or standard input if it is named `-`.
fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    bytes.map_err(|e| CliError::file("read", file, e))
}

/// Returns a line as text. A line that is not UTF-8 gets a prefix that makes it invalid JSON:
/// with its invalid bytes replaced, it could become the event of another enrollment.
fn text(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("(not UTF-8) {}", String::from_utf8_lossy(line)),
    }
}

/// Returns the folder of `--lms-data`, else the folder of the events.
fn lms_data(command: &Issue) -> PathBuf {
    let events = command.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = command.lms_data.as_deref().or(events);
    folder.unwrap_or(Path::new(".")).to_owned()
}
