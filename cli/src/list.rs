//! `testamur list`: what was issued.

use std::process::ExitCode;

use crate::embedded::Archive;
use crate::error::CliError;
use crate::options::{List, Options};
use crate::output;

pub(crate) fn run(options: &Options, command: &List) -> Result<ExitCode, CliError> {
    for record in Archive::open(&options.out)?.records(command.user.as_deref())? {
        if options.json {
            output::json(&record);
        } else {
            let (id, enrollment, course) = (&record.certificate_id, &record.enrollment_id, &record.course_id);
            output::line(&format!("{}  {id}  {enrollment}  {course}", record.issued_at));
        }
    }
    Ok(ExitCode::SUCCESS)
}
