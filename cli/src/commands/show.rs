//! `testamur show`: prints the record of one certificate.

use std::process::ExitCode;

use crate::args::{Cli, Show};
use crate::error::CliError;
use crate::ids;
use crate::local::DatabaseReader;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Show) -> Result<ExitCode, CliError> {
    let id = ids::as_seen(&command.id);
    let record = DatabaseReader::open(&cli.state_dir)?
        .record(&id)?
        .ok_or_else(|| CliError::UnknownRecord(id))?;
    if cli.json {
        terminal::print_json(&record);
    } else {
        let text = serde_json::to_string_pretty(&record);
        terminal::print_line(&text.expect("records have string keys only"));
    }
    Ok(ExitCode::SUCCESS)
}
