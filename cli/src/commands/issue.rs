//! `testamur issue`: events in, certificates out.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Cli, Issue};
use crate::error::CliError;
use crate::local::deployment::LocalDeployment;
use crate::local::worker;

pub(crate) fn run(cli: &Cli, command: &Issue) -> Result<ExitCode, CliError> {
    let bytes = read(&command.file)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let events = lines.filter(|line| !line.is_empty()).map(text).collect();
    let deployment = LocalDeployment::open(cli, &command.deployment, &directory(command))?;
    worker::run(cli, &deployment, async |queue| queue.put_completions(events).await)
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    bytes.map_err(|e| CliError::file("read", file, &e))
}

/// A line as text. One that is not UTF-8 is marked, so that it is no event: with its bad bytes replaced it might become
/// somebody else's.
fn text(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("(not UTF-8) {}", String::from_utf8_lossy(line)),
    }
}

fn directory(command: &Issue) -> PathBuf {
    let beside = || command.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    match &command.lms_data {
        Some(folder) => folder.clone(),
        None => beside().unwrap_or(Path::new(".")).to_owned(),
    }
}
