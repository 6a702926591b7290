//! `testamur test`: every sample against its snapshot. Reads, compares and tells; it never overwrites a reference.

use std::process::ExitCode;

use serde_json::json;

use crate::args::{Cli, Test};
use crate::design::report;
use crate::design::snapshots::{self, CaseResult, CaseStatus, Summary};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Test) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let checked = snapshots::check(&template_dir, &template_dir.select(&command.named)?)?;
    let summary = Summary::of(&checked);
    if let Some(folder) = &command.report {
        report::write(folder, &checked)?;
    }
    if let Some(file) = &command.junit {
        report::write_junit(file, &checked)?;
    }
    for case in checked.iter().filter(|case| cli.json || case.status != CaseStatus::Passed) {
        print(cli, case);
    }
    if cli.json {
        terminal::print_json(&json!({ "totals": summary }));
    } else {
        terminal::print_line(&summary.to_string());
        if checked.iter().any(CaseResult::needs_review) {
            terminal::print_line(
                "look at the changes and accept them: testamur review, or testamur review --web",
            );
        }
    }
    Ok(if summary.all_passed() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(cli: &Cli, case: &CaseResult) {
    if cli.json {
        let (id, status, detail, problems) = (&case.id, case.status, &case.detail, &case.problems);
        return terminal::print_json(
            &json!({ "case": id, "status": status, "detail": detail, "problems": problems }),
        );
    }
    terminal::print_line(&line(case));
}

/// A line for a person; what a case has to say beyond its first line stands below it.
pub(crate) fn line(case: &CaseResult) -> String {
    let explanation = case.explanation().replace('\n', "\n          ");
    format!("{:<9} {}  {explanation}", case.status.name(), case.id)
}
