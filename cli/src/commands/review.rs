//! `testamur review`: a person looks at each change and accepts it, rejects it, or leaves it for later.
//!
//! Accepting writes the reference. Rejecting writes nothing: the template is what has to change then.

use std::io::{self, BufRead};
use std::process::ExitCode;

use crate::args::{Cli, Review};
use crate::commands::test;
use crate::design::snapshots::{self, CaseResult, CaseStatus};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;
use crate::web;

/// What a reviewer says of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    Accept,
    Reject,
    Skip,
}

pub(crate) fn run(cli: &Cli, command: &Review) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let checked = snapshots::check(&template_dir, &template_dir.select(&command.named)?)?;
    let failed: Vec<_> =
        checked.iter().filter(|case| case.status == CaseStatus::Failed).map(test::line).collect();
    failed.iter().for_each(|line| terminal::print_line(line));
    let open: Vec<_> = checked.into_iter().filter(CaseResult::needs_review).collect();
    let decisions = if open.is_empty() {
        terminal::print_line("nothing to review");
        Vec::new()
    } else if command.accept_all {
        open.iter().map(|case| apply(case, Decision::Accept)).collect::<Result<_, _>>()?
    } else if command.web {
        web::review::ask(open, command.port, command.open)?
    } else {
        ask(&open)?
    };
    Ok(print_summary(&decisions, failed.len()))
}

/// Asks for each change on the terminal; the end of the input skips the rest.
fn ask(open: &[CaseResult]) -> Result<Vec<Decision>, CliError> {
    terminal::print_line(
        "a accepts, r rejects, s skips; to see the pictures: testamur review --web",
    );
    let mut answers = io::stdin().lock().lines();
    let mut decisions = Vec::new();
    for (number, case) in open.iter().enumerate() {
        terminal::print_line(&format!("{}/{}  {}", number + 1, open.len(), test::line(case)));
        decisions.push(apply(case, read_answer(&mut answers))?);
    }
    Ok(decisions)
}

fn read_answer(answers: &mut impl Iterator<Item = io::Result<String>>) -> Decision {
    for answer in answers.map_while(Result::ok) {
        match answer.trim().to_lowercase().as_str() {
            "a" | "accept" => return Decision::Accept,
            "r" | "reject" => return Decision::Reject,
            "s" | "skip" => return Decision::Skip,
            _ => terminal::print_line("a, r or s"),
        }
    }
    Decision::Skip
}

pub(crate) fn apply(case: &CaseResult, decision: Decision) -> Result<Decision, CliError> {
    if decision == Decision::Accept {
        snapshots::accept(case)?;
    }
    Ok(decision)
}

/// Says how many were decided how; anything but acceptance leaves the snapshots failing, and so does what can't be accepted.
fn print_summary(decisions: &[Decision], failed: usize) -> ExitCode {
    let count = |wanted: Decision| decisions.iter().filter(|&&decision| decision == wanted).count();
    let (accepted, rejected, skipped) =
        (count(Decision::Accept), count(Decision::Reject), count(Decision::Skip));
    if !decisions.is_empty() {
        terminal::print_line(&format!(
            "{accepted} accepted, {rejected} rejected, {skipped} skipped"
        ));
    }
    if failed > 0 {
        terminal::print_line(&format!("{failed} failed: what is wrong there has to be repaired"));
    }
    if rejected + skipped + failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
