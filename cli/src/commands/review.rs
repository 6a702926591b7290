//! `testamur review`: accepts, rejects or skips each changed snapshot, on the terminal or on a
//! local web page.

use std::io::{self, BufRead};
use std::process::ExitCode;

use crate::args::{Cli, Review};
use crate::design::decision::Decision;
use crate::design::snapshots::{self, CaseResult, CaseStatus, TemplateReport};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;
use crate::web;

pub(crate) fn run(cli: &Cli, command: &Review) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let reports = snapshots::check(&template_dir, &template_dir.select(&command.named)?)?;
    let unreviewable = print_unreviewable(&reports);
    let cases = reports.into_iter().flat_map(|report| report.cases);
    let cases: Vec<_> = cases.filter(CaseResult::needs_review).collect();
    let decisions = if cases.is_empty() {
        terminal::print_line("nothing to review");
        Vec::new()
    } else if command.accept_all {
        accept_all(&cases)?
    } else if command.web {
        web::review::decide(cases, command.port, command.open)?
    } else {
        decide(&cases)?
    };
    if !decisions.is_empty() {
        terminal::print_line(&summary(&decisions));
    }
    if let Some(text) = &unreviewable {
        terminal::print_line(text);
    }
    let all_accepted = decisions.iter().all(|&decision| decision == Decision::Accept);
    let passed = unreviewable.is_none() && all_accepted;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints what has to be fixed and can't be accepted, and returns a sentence with its totals, or
/// none if there is nothing.
fn print_unreviewable(reports: &[TemplateReport]) -> Option<String> {
    let (mut templates, mut failed) = (0, 0);
    for report in reports {
        report.problem_lines().for_each(|line| terminal::print_line(&line));
        templates += usize::from(!report.problems.is_empty());
        for case in &report.cases {
            if let CaseStatus::Failed { .. } = case.status {
                terminal::print_line(&case.to_string());
                failed += 1;
            }
        }
    }
    let parts = [
        (failed, "failed case", "failed cases"),
        (templates, "template with problems", "templates with problems"),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    let text = format!("can't be reviewed: {}; fix the problems first", parts.join(", "));
    (!parts.is_empty()).then_some(text)
}

fn accept_all(cases: &[CaseResult]) -> Result<Vec<Decision>, CliError> {
    cases.iter().map(|case| Decision::Accept.apply(case).map(|()| Decision::Accept)).collect()
}

/// Asks for a decision on each case on the terminal. The end of the input skips the rest.
fn decide(cases: &[CaseResult]) -> Result<Vec<Decision>, CliError> {
    terminal::print_line(
        "a accepts, r rejects, s skips; to see the page images and e-mails: testamur review --web",
    );
    let mut answers = io::stdin().lock().lines();
    let mut decisions = Vec::new();
    for (number, case) in (1..).zip(cases) {
        terminal::print_line(&format!("{number}/{}  {case}", cases.len()));
        print_changed_lines(case);
        let decision = read_decision(&mut answers);
        decision.apply(case)?;
        decisions.push(decision);
    }
    Ok(decisions)
}

/// Prints the lines that differ, if the snapshot is a text.
fn print_changed_lines(case: &CaseResult) {
    for line in case.changed_lines().unwrap_or_default().lines() {
        terminal::print_line(&format!("  {}", terminal::escape_control_chars(line)));
    }
}

fn read_decision(answers: &mut impl Iterator<Item = io::Result<String>>) -> Decision {
    for answer in answers.map_while(Result::ok) {
        match answer.trim().to_lowercase().as_str() {
            "a" | "accept" => return Decision::Accept,
            "r" | "reject" => return Decision::Reject,
            "s" | "skip" => return Decision::Skip,
            _ => terminal::print_line("type a, r or s, then Enter"),
        }
    }
    Decision::Skip
}

fn summary(decisions: &[Decision]) -> String {
    let count = |kind| decisions.iter().filter(|&&decision| decision == kind).count();
    format!(
        "{} accepted, {} rejected, {} skipped",
        count(Decision::Accept),
        count(Decision::Reject),
        count(Decision::Skip)
    )
}
