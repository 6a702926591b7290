//! `testamur show`: one record.

use std::process::ExitCode;

use crate::embedded::Archive;
use crate::error::CliError;
use crate::options::{Options, Show};
use crate::output;

pub(crate) fn run(options: &Options, command: &Show) -> Result<ExitCode, CliError> {
    let record = Archive::open(&options.out)?.record(&command.id)?;
    let record =
        record.ok_or_else(|| CliError::Unknown { what: "certificate or enrolment", id: command.id.clone() })?;
    if options.json {
        output::json(&record);
    } else {
        output::line(&serde_json::to_string_pretty(&record).expect("records have string keys only"));
    }
    Ok(ExitCode::SUCCESS)
}
