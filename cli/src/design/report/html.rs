//! The page that shows every change: written by `testamur test --report`, and served by
//! `testamur review --web`, where its reader decides on each.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::design::decision::Decision;
use crate::design::problem::Problem;
use crate::design::snapshots::{CaseResult, CaseStatus, TemplateReport};
use crate::design::summary::Summary;
use crate::web::pages;

/// The data that the script of the page reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageData<'a> {
    /// Whether the page has buttons to decide.
    can_decide: bool,
    summary: Summary,
    /// The templates with problems.
    templates: Vec<TemplateJson<'a>>,
    cases: Vec<CaseJson<'a>>,
}

#[derive(Serialize)]
struct TemplateJson<'a> {
    id: &'a str,
    problems: &'a [Problem],
}

/// A case. Images are data URLs.
#[derive(Serialize)]
struct CaseJson<'a> {
    id: &'a str,
    status: &'static str,
    detail: Option<String>,
    problems: &'a [Problem],
    expected: Option<String>,
    actual: Option<String>,
    difference: Option<String>,
    decision: Option<Decision>,
}

/// Returns a page that shows all cases and problems.
pub(super) fn report(reports: &[TemplateReport]) -> String {
    let broken = reports.iter().filter(|report| !report.problems.is_empty());
    let cases = reports.iter().flat_map(|report| &report.cases);
    page(&PageData {
        can_decide: false,
        summary: Summary::new(reports),
        templates: broken
            .map(|report| TemplateJson { id: &report.template, problems: &report.problems })
            .collect(),
        cases: cases.map(|case| CaseJson::new(case, None)).collect(),
    })
}

/// Returns a page where a reviewer decides on these cases. `decisions` are those made so far, by
/// the id of the case.
pub(crate) fn review(cases: &[CaseResult], decisions: &BTreeMap<String, Decision>) -> String {
    page(&PageData {
        can_decide: true,
        summary: Summary::of_cases(cases),
        templates: Vec::new(),
        cases: cases
            .iter()
            .map(|case| CaseJson::new(case, decisions.get(&case.id).copied()))
            .collect(),
    })
}

fn page(data: &PageData<'_>) -> String {
    pages::review(&serde_json::to_string(data).expect("the data has string keys only"))
}

impl<'a> CaseJson<'a> {
    fn new(case: &'a CaseResult, decision: Option<Decision>) -> Self {
        let mismatch = case.status.mismatch();
        let compared = mismatch.and_then(|mismatch| mismatch.reference.as_ref());
        let expected = match &case.status {
            CaseStatus::Stale { expected } => expected.as_ref(),
            _ => compared.map(|compared| &compared.expected),
        };
        Self {
            id: &case.id,
            status: case.status.name(),
            detail: case.detail(),
            problems: case.problems(),
            expected: expected.map(|png| data_url(png)),
            actual: mismatch.map(|mismatch| data_url(&mismatch.actual)),
            difference: compared.map(|compared| data_url(&compared.difference)),
            decision,
        }
    }
}

fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}
