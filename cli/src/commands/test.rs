//! `testamur test`: compares every case of the templates with its snapshot. Never writes a
//! reference.

use std::process::ExitCode;

use serde::Serialize;

use crate::args::{Cli, Test};
use crate::design::problem::Problem;
use crate::design::report;
use crate::design::snapshots::{self, CaseResult, TemplateReport};
use crate::design::summary::Summary;
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;

/// One line of `--json`.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Case { case: &'a str, status: &'static str, detail: Option<String>, problems: &'a [Problem] },
    Template { template: &'a str, problems: &'a [Problem] },
    Totals { totals: &'a Summary },
}

pub(crate) fn run(cli: &Cli, command: &Test) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let reports = snapshots::check(&template_dir, &template_dir.select(&command.named)?)?;
    if let Some(folder) = &command.report {
        report::write(folder, &reports)?;
    }
    if let Some(file) = &command.junit {
        report::write_junit(file, &reports)?;
    }
    let summary = Summary::new(&reports);
    if cli.json {
        print_json(&reports, &summary);
    } else {
        print(&reports, &summary);
    }
    Ok(if summary.all_passed() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(reports: &[TemplateReport], summary: &Summary) {
    for report in reports {
        report.problem_lines().for_each(|line| terminal::print_line(&line));
        for case in report.cases.iter().filter(|case| !case.has_passed()) {
            terminal::print_line(&case.to_string());
        }
    }
    terminal::print_line(&summary.to_string());
    if reports.iter().flat_map(|report| &report.cases).any(CaseResult::needs_review) {
        terminal::print_line(
            "view and accept the changes: testamur review, or testamur review --web",
        );
    }
}

fn print_json(reports: &[TemplateReport], summary: &Summary) {
    for TemplateReport { template, problems, cases } in reports {
        if !problems.is_empty() {
            terminal::print_json(&Line::Template { template, problems });
        }
        for case in cases {
            terminal::print_json(&Line::Case {
                case: &case.id,
                status: case.status.name(),
                detail: case.detail(),
                problems: case.problems(),
            });
        }
    }
    terminal::print_json(&Line::Totals { totals: summary });
}
