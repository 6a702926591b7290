//! The totals of a run of the snapshots.

use std::fmt;

use serde::Serialize;

use crate::design::snapshots::{CaseResult, CaseStatus, TemplateReport};

/// The number of cases with each status, and of templates with problems.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) passed: usize,
    pub(crate) changed: usize,
    pub(crate) missing: usize,
    pub(crate) stale: usize,
    pub(crate) failed: usize,
    pub(crate) templates_with_problems: usize,
}

impl Summary {
    pub(crate) fn new(reports: &[TemplateReport]) -> Self {
        let broken = reports.iter().filter(|report| !report.problems.is_empty());
        Self {
            templates_with_problems: broken.count(),
            ..Self::of_cases(reports.iter().flat_map(|report| &report.cases))
        }
    }

    /// Counts cases alone, without the problems of their templates.
    pub(crate) fn of_cases<'a>(cases: impl IntoIterator<Item = &'a CaseResult>) -> Self {
        let mut summary = Self::default();
        for case in cases {
            summary.cases += 1;
            *match case.status {
                CaseStatus::Passed => &mut summary.passed,
                CaseStatus::Changed(_) => &mut summary.changed,
                CaseStatus::Missing(_) => &mut summary.missing,
                CaseStatus::Stale { .. } => &mut summary.stale,
                CaseStatus::Failed { .. } => &mut summary.failed,
            } += 1;
        }
        summary
    }

    pub(crate) fn all_passed(&self) -> bool {
        self.passed == self.cases && self.templates_with_problems == 0
    }
}

/// Such as `5 cases: 4 passed, 1 changed; 1 template has problems`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.cases == 1 { "case" } else { "cases" };
        write!(f, "{} {noun}: {} passed", self.cases, self.passed)?;
        let others = [
            (self.changed, "changed"),
            (self.missing, "missing"),
            (self.stale, "stale"),
            (self.failed, "failed"),
        ];
        for (count, status) in others.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {status}")?;
        }
        match self.templates_with_problems {
            0 => Ok(()),
            1 => f.write_str("; 1 template has problems"),
            count => write!(f, "; {count} templates have problems"),
        }
    }
}
