//! `testamur test`: every sample against its snapshot. Reads, compares and tells; it never overwrites a reference.

use std::process::ExitCode;

use serde_json::json;

use crate::catalog::Catalog;
use crate::error::CliError;
use crate::options::{Options, Test};
use crate::output;
use crate::report;
use crate::snapshots::{self, Checked, Status, Summary};

pub(crate) fn run(options: &Options, command: &Test) -> Result<ExitCode, CliError> {
    let catalog = Catalog::open(options)?;
    let checked = snapshots::check(&catalog, &catalog.select(&command.named)?)?;
    let summary = Summary::of(&checked);
    if let Some(folder) = &command.report {
        report::write(folder, &checked)?;
    }
    if let Some(file) = &command.junit {
        report::write_junit(file, &checked)?;
    }
    for case in checked.iter().filter(|case| options.json || case.status != Status::Passed) {
        print(options, case);
    }
    if options.json {
        output::json(&json!({ "totals": summary }));
    } else {
        output::line(&summary.to_string());
        if checked.iter().any(Checked::is_open) {
            output::line("look at the changes and accept them: testamur review, or testamur review --web");
        }
    }
    Ok(if summary.all_passed() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(options: &Options, case: &Checked) {
    if options.json {
        let (id, status, detail, problems) = (&case.id, case.status, &case.detail, &case.problems);
        return output::json(&json!({ "case": id, "status": status, "detail": detail, "problems": problems }));
    }
    output::line(&line(case));
}

/// A line for a person; what a case has to say beyond its first line stands below it.
pub(crate) fn line(case: &Checked) -> String {
    let explanation = case.explanation().replace('\n', "\n          ");
    format!("{:<9} {}  {explanation}", case.status.name(), case.id)
}
