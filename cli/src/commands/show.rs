//! `testamur show`: one record.

use std::process::ExitCode;

use crate::args::{Cli, Show};
use crate::error::CliError;
use crate::local::DatabaseReader;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Show) -> Result<ExitCode, CliError> {
    let record = DatabaseReader::open(&cli.state_dir)?.record(&command.id)?;
    let record = record.ok_or_else(|| CliError::Unknown {
        what: "certificate or enrollment",
        id: command.id.clone(),
    })?;
    if cli.json {
        terminal::print_json(&record);
    } else {
        terminal::print_line(
            &serde_json::to_string_pretty(&record).expect("records have string keys only"),
        );
    }
    Ok(ExitCode::SUCCESS)
}
