//! What a run of the snapshots leaves for others: one page that shows every change, a summary, and JUnit's XML.

mod junit;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::json;

use crate::design::snapshots::{CaseResult, CaseStatus, Summary};
use crate::error::CliError;

/// The page; the report's data takes the place of `/*DATA*/null`.
const PAGE: &str = include_str!("../web/assets/review.html");

/// Writes `index.html`, which holds its pictures and needs no server, and `summary.md` into a folder.
pub(crate) fn write(folder: &Path, checked: &[CaseResult]) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(|e| CliError::file("create", folder, &e))?;
    write_file(&folder.join("index.html"), &page::<()>(checked, None))?;
    write_file(&folder.join("summary.md"), &summary(checked))
}

/// Writes what CI systems read.
pub(crate) fn write_junit(path: &Path, checked: &[CaseResult]) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|e| CliError::file("create", folder, &e))?;
    write_file(path, &junit::xml(checked))
}

fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|e| CliError::file("write", path, &e))
}

/// The page of all cases. With `decisions` its reader accepts and rejects, and sees what has been decided.
pub(crate) fn page<D: Serialize>(
    checked: &[CaseResult],
    decisions: Option<&BTreeMap<String, D>>,
) -> String {
    let case = |checked: &CaseResult| {
        let mut case = case(checked);
        if let Some(decision) = decisions.and_then(|decisions| decisions.get(&checked.id)) {
            case["decision"] = json!(decision);
        }
        case
    };
    let cases: Vec<_> = checked.iter().map(case).collect();
    let data = json!({
        "title": "Testamur snapshots",
        "apply": decisions.is_some(),
        "summary": Summary::of(checked),
        "cases": cases,
    });
    // Inside a script element, only a "<" could end it.
    PAGE.replacen("/*DATA*/null", &data.to_string().replace('<', "\\u003c"), 1)
}

fn case(checked: &CaseResult) -> serde_json::Value {
    json!({
        "id": checked.id,
        "template": checked.template,
        "sample": checked.sample,
        "locale": checked.locale,
        "output": checked.output,
        "status": checked.status,
        "detail": checked.detail,
        "findings": checked.problems,
        "expected": checked.expected.as_deref().map(data_url),
        "actual": checked.actual.as_deref().map(data_url),
        "difference": checked.difference.as_deref().map(data_url),
        "width": checked.size.map(|(width, _)| width),
        "height": checked.size.map(|(_, height)| height),
    })
}

fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}

/// Text that Markdown shows as it is: it quotes samples.
fn plain(text: &str) -> String {
    let escaped = |c: char| match c {
        '\n' => "<br>".to_owned(),
        '<' => "&lt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '|' | '`' | '*' | '_' | '[' | ']' | '\\' => format!("\\{c}"),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// A table in Markdown, for a job's summary.
fn summary(checked: &[CaseResult]) -> String {
    let summary = Summary::of(checked);
    let mut text = format!("### Certificates: {summary}\n");
    if summary.all_passed() {
        return text;
    }
    text.push_str("\n| case | status | what |\n|---|---|---|\n");
    for case in checked.iter().filter(|case| case.status != CaseStatus::Passed) {
        let what = plain(&case.explanation());
        text.push_str(&format!("| {} | {} | {what} |\n", case.id, case.status.name()));
    }
    text
}
