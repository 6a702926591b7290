//! A table in Markdown, for the summary of a CI job.

use crate::design::snapshots::{CaseResult, TemplateReport};
use crate::design::summary::Summary;

/// Returns the totals, and a table of everything that has not passed.
pub(super) fn summary(reports: &[TemplateReport]) -> String {
    let mut text = format!("### Certificates: {}\n", Summary::new(reports));
    if reports.iter().all(TemplateReport::has_passed) {
        return text;
    }
    text.push_str("\n| Case | Status | Explanation |\n|---|---|---|\n");
    for report in reports {
        for problem in &report.problems {
            text.push_str(&row(&report.template, "problem", &problem.message));
        }
        for case in report.cases.iter().filter(|case| !CaseResult::has_passed(case)) {
            text.push_str(&row(&case.id, case.status.name(), &case.explanation()));
        }
    }
    text
}

fn row(id: &str, status: &str, explanation: &str) -> String {
    format!("| {} | {status} | {} |\n", escape(id), escape(explanation))
}

/// Escapes text, which may quote samples, so that Markdown shows it unchanged.
fn escape(text: &str) -> String {
    let escape_char = |c: char| match c {
        '\n' => "<br>".to_owned(),
        '<' => "&lt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '|' | '`' | '*' | '_' | '[' | ']' | '\\' => format!("\\{c}"),
        c => c.to_string(),
    };
    text.chars().map(escape_char).collect()
}
