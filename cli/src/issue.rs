//! `testamur issue`: events in, certificates out.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::CliError;
use crate::options::{Issue, Options};
use crate::station::Station;
use crate::worker;

pub(crate) fn run(options: &Options, command: &Issue) -> Result<ExitCode, CliError> {
    let text = read(&command.file)?;
    let events: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let station = Station::open(options, &command.deployment, &directory(command))?;
    worker::run(options, &station, async |queue| queue.put_completions(events).await)
}

fn read(file: &Path) -> Result<String, CliError> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    let bytes = bytes.map_err(|e| CliError::file("read", file, &e))?;
    // A line that is not UTF-8 is not JSON either, and goes to the dead letters as such.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn directory(command: &Issue) -> PathBuf {
    let beside = || command.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    match &command.directory {
        Some(folder) => folder.clone(),
        None => beside().unwrap_or(Path::new(".")).to_owned(),
    }
}
