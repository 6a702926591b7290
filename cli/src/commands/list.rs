//! `testamur list`: prints the certificates that were issued.

use std::process::ExitCode;

use crate::args::{Cli, List};
use crate::error::CliError;
use crate::local::DatabaseReader;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &List) -> Result<ExitCode, CliError> {
    for record in DatabaseReader::open(&cli.state_dir)?.records(command.user.as_deref())? {
        if cli.json {
            terminal::print_json(&record);
        } else {
            let (id, enrollment, course) =
                (&record.certificate_id, &record.enrollment_id, &record.course_id);
            terminal::print_line(&format!("{}  {id}  {enrollment}  {course}", record.issued_on));
        }
    }
    Ok(ExitCode::SUCCESS)
}
