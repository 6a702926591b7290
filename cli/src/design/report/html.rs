//! The page that shows every change: written by `testamur test --report`, and served by
//! `testamur review --web`, where its reader decides on each.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::design::decision::Decision;
use crate::design::mail::with_sample_picture;
use crate::design::problem::Problem;
use crate::design::snapshots::{CaseResult, CaseStatus, Content, TemplateReport};
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

/// A case. Images are data URLs, and texts are as they are. An e-mail shows a sample picture.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaseJson<'a> {
    id: &'a str,
    status: &'static str,
    detail: Option<String>,
    /// Whether the contents below are texts.
    is_text: bool,
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
        let any = expected.or(mismatch.map(|mismatch| &mismatch.actual));
        Self {
            id: &case.id,
            status: case.status.name(),
            detail: case.detail(),
            is_text: matches!(any, Some(Content::Text(_))),
            problems: case.problems(),
            expected: expected.map(shown),
            actual: mismatch.map(|mismatch| shown(&mismatch.actual)),
            difference: compared.map(|compared| as_is(&compared.difference)),
            decision,
        }
    }
}

fn shown(content: &Content) -> String {
    with_sample_picture(&as_is(content))
}

fn as_is(content: &Content) -> String {
    match content {
        Content::Image(png) => format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)),
        Content::Text(text) => text.clone(),
    }
}
