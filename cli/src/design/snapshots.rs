//! Snapshots: every sample of a template, in each of its locales and outputs, against the picture that was accepted.
//!
//! Nothing here overwrites a reference but [`accept`], which a reviewer calls.

use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;
use testamur_engine::{Document, ExportError, SnapshotTolerance};
use testamur_pipeline::error::chain;

use crate::design::cases::{self, Case, Cases};
use crate::design::template_dir::{self, TemplateDir};
use crate::design::{compare, translations};
use crate::error::CliError;

/// The folder of references in a template's.
const FOLDER: &str = "snapshots";

/// What was found out about one case.
pub(crate) struct CaseResult {
    /// `completion/ada.fr`, or the template's id for what concerns all of it.
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) sample: String,
    pub(crate) locale: String,
    pub(crate) output: &'static str,
    pub(crate) status: CaseStatus,
    /// What has changed, in a sentence; empty if nothing has.
    pub(crate) detail: String,
    /// What is wrong whatever the picture looks like: it can be repaired, not accepted.
    pub(crate) problems: Vec<String>,
    /// The pictures, as PNG: the accepted one, the one of now, and where they differ.
    pub(crate) expected: Option<Vec<u8>>,
    pub(crate) actual: Option<Vec<u8>>,
    pub(crate) difference: Option<Vec<u8>>,
    /// The width and height of the picture, in pixels.
    pub(crate) size: Option<(u32, u32)>,
    reference: PathBuf,
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CaseStatus {
    /// The picture is the accepted one.
    Passed,
    /// It is another.
    Changed,
    /// None was accepted yet.
    Missing,
    /// One was accepted of a case that is no more.
    Stale,
    /// It has problems, or there is no picture.
    Failed,
}

impl CaseStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }
}

/// How many cases stand how.
#[derive(Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) passed: usize,
    pub(crate) changed: usize,
    pub(crate) missing: usize,
    pub(crate) stale: usize,
    pub(crate) failed: usize,
}

impl Summary {
    pub(crate) fn of(checked: &[CaseResult]) -> Self {
        let mut summary = Self { cases: checked.len(), ..Self::default() };
        for case in checked {
            *match case.status {
                CaseStatus::Passed => &mut summary.passed,
                CaseStatus::Changed => &mut summary.changed,
                CaseStatus::Missing => &mut summary.missing,
                CaseStatus::Stale => &mut summary.stale,
                CaseStatus::Failed => &mut summary.failed,
            } += 1;
        }
        summary
    }

    pub(crate) fn all_passed(&self) -> bool {
        self.passed == self.cases
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}: {} passed",
            self.cases,
            if self.cases == 1 { "case" } else { "cases" },
            self.passed
        )?;
        let others = [
            (self.changed, "changed"),
            (self.missing, "missing"),
            (self.stale, "stale"),
            (self.failed, "failed"),
        ];
        others
            .iter()
            .filter(|(count, _)| *count > 0)
            .try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

/// Checks all cases of these templates on all cores; the result is in the order of their ids.
pub(crate) fn check(
    template_dir: &TemplateDir,
    folders: &[PathBuf],
) -> Result<Vec<CaseResult>, CliError> {
    let mut checked = Vec::new();
    for folder in folders {
        checked.extend(check_template(template_dir, folder)?);
    }
    Ok(checked)
}

fn check_template(template_dir: &TemplateDir, folder: &Path) -> Result<Vec<CaseResult>, CliError> {
    let template = match template_dir.engine.load(folder) {
        Ok(template) => template,
        Err(error) => return Ok(vec![CaseResult::of_template(folder, vec![chain(&error)])]),
    };
    let Cases { cases, unusable, problems } = cases::of(&template)?;
    let problems = [translations::check_keys(&template), problems].concat();
    let tolerance = template.manifest().snapshots;
    let mut checked: Vec<_> =
        cases.par_iter().map(|case| CaseResult::of(case, folder, tolerance)).collect();
    checked.extend(stale(&checked, &unusable, folder)?);
    if !problems.is_empty() {
        checked.push(CaseResult::of_template(folder, problems));
    }
    checked.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(checked)
}

/// The references that belong to no case, nor to a sample that only has to be repaired.
fn stale(
    checked: &[CaseResult],
    unusable: &[String],
    folder: &Path,
) -> Result<Vec<CaseResult>, CliError> {
    let snapshots = folder.join(FOLDER);
    if !snapshots.is_dir() {
        return Ok(Vec::new());
    }
    let files = template_dir::names(&snapshots)?;
    let made = |name: &str| {
        checked.iter().any(|case| case.reference.file_name().is_some_and(|file| file == name))
    };
    let kept = |name: &str| {
        unusable
            .iter()
            .any(|sample| name.strip_prefix(sample).is_some_and(|end| end.starts_with('.')))
    };
    Ok(files
        .iter()
        .filter(|name| name.ends_with(".png") && !made(name) && !kept(name))
        .map(|name| {
            let reference = snapshots.join(name);
            let id = format!("{}/{}", id(folder), name.trim_end_matches(".png"));
            let expected = fs::read(&reference).ok();
            let detail = format!("no sample makes {} any more", reference.display());
            CaseResult {
                status: CaseStatus::Stale,
                detail,
                expected,
                reference,
                ..CaseResult::empty(id, folder)
            }
        })
        .collect())
}

/// The template's id as the ids of its cases begin: the folder's name, which a broken manifest has too.
fn id(folder: &Path) -> String {
    folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
}

impl CaseResult {
    fn of(case: &Case<'_>, folder: &Path, tolerance: SnapshotTolerance) -> Self {
        let mut checked = Self {
            sample: case.sample.clone(),
            locale: case.locale.clone(),
            output: case.output.name(),
            reference: folder.join(FOLDER).join(case.file()),
            ..Self::empty(format!("{}/{}", id(folder), case.name()), folder)
        };
        match case.render().and_then(|document| {
            checked.problems = problems(&document)?;
            Ok(document.page_image(tolerance.pixels_per_pt)?)
        }) {
            Ok(actual) => checked.compare(&actual, tolerance),
            Err(error) => checked.problems.push(chain(&error)),
        }
        if !checked.problems.is_empty() {
            checked.status = CaseStatus::Failed;
        }
        checked
    }

    fn of_template(folder: &Path, problems: Vec<String>) -> Self {
        Self { status: CaseStatus::Failed, problems, ..Self::empty(id(folder), folder) }
    }

    fn empty(id: String, folder: &Path) -> Self {
        Self {
            id,
            template: self::id(folder),
            sample: String::new(),
            locale: String::new(),
            output: "page",
            status: CaseStatus::Passed,
            detail: String::new(),
            problems: Vec::new(),
            expected: None,
            actual: None,
            difference: None,
            size: None,
            reference: PathBuf::new(),
        }
    }

    fn compare(&mut self, actual: &RgbImage, tolerance: SnapshotTolerance) {
        self.size = Some(actual.dimensions());
        if !self.reference.is_file() {
            self.status = CaseStatus::Missing;
            self.detail = format!("there is no {} yet", self.reference.display());
        } else {
            match compare::read(&self.reference) {
                Ok(expected) => {
                    let Some(change) = compare::compare(&expected, actual, tolerance) else {
                        return;
                    };
                    self.detail = change.to_string();
                    self.difference =
                        Some(compare::png(&compare::difference(&expected, actual, tolerance)));
                    self.expected = Some(compare::png(&expected));
                }
                Err(reason) => self.detail = reason,
            }
            self.status = CaseStatus::Changed;
        }
        self.actual = Some(compare::png(actual));
    }

    /// What a line or a tooltip says: what has changed and what is wrong.
    pub(crate) fn explanation(&self) -> String {
        let parts: Vec<_> = self
            .problems
            .iter()
            .chain(Some(&self.detail).filter(|detail| !detail.is_empty()))
            .collect();
        parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Whether a reviewer has something to apply.
    pub(crate) fn needs_review(&self) -> bool {
        matches!(self.status, CaseStatus::Changed | CaseStatus::Missing | CaseStatus::Stale)
    }
}

fn problems(document: &Document) -> Result<Vec<String>, ExportError> {
    let warnings = document.warnings().iter().map(|warning| match &warning.location {
        Some(place) => {
            format!("warning: {} ({}:{}:{})", warning.message, place.file, place.line, place.column)
        }
        None => format!("warning: {}", warning.message),
    });
    document.check_image()?;
    Ok(warnings.chain(document.lint()?.iter().map(ToString::to_string)).collect())
}

/// Makes what a case shows now its reference; of a stale case, removes the reference. What has failed stays as it is.
pub(crate) fn accept(checked: &CaseResult) -> Result<(), CliError> {
    let path = &checked.reference;
    match (checked.status, &checked.actual) {
        (CaseStatus::Stale, _) => {
            fs::remove_file(path).map_err(|e| CliError::file("remove", path, &e))
        }
        (CaseStatus::Changed | CaseStatus::Missing, Some(actual)) => {
            template_dir::write_whole(path, &compare::small(actual))
        }
        _ => Ok(()),
    }
}
