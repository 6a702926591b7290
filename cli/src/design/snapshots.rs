//! Snapshots: compares the page image of every case with its reference, the image that a reviewer
//! has accepted.
//!
//! Only [`CaseResult::accept`] writes or deletes a reference.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;
use testamur_engine::{RenderError, SnapshotTolerance, Template};

use crate::design::cases::{Case, Cases};
use crate::design::near_misses::NearMisses;
use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir::{self, TemplateDir};
use crate::design::{compare, fonts, translations};
use crate::error::CliError;
use crate::terminal;

/// The folder of references inside the folder of a template.
const SNAPSHOTS: &str = "snapshots";

/// The results of one template.
pub(crate) struct TemplateReport {
    /// The name of its folder, which is known even if its manifest is invalid.
    pub(crate) template: String,
    /// Problems of the template as a whole, such as an invalid manifest or sample.
    pub(crate) problems: Vec<Problem>,
    /// The results of its cases, sorted by id.
    pub(crate) cases: Vec<CaseResult>,
}

/// The result of one case.
pub(crate) struct CaseResult {
    /// The template and the name of the case, such as `completion/ada.fr.social-card`.
    pub(crate) id: String,
    pub(crate) status: CaseStatus,
    /// The file of the reference, which may not exist.
    reference: PathBuf,
}

/// How the page image of a case compares with its reference.
pub(crate) enum CaseStatus {
    /// It matches.
    Passed,
    /// It differs, or the reference can't be read.
    Changed(Mismatch),
    /// There is no reference yet.
    Missing(Mismatch),
    /// No sample produces this reference any more.
    Stale {
        /// The reference as PNG, or none if it can't be read.
        expected: Option<Vec<u8>>,
    },
    /// The case has problems, so its page image can't be accepted.
    Failed {
        problems: Vec<Problem>,
        /// The page image, if it was rendered and does not match.
        mismatch: Option<Mismatch>,
    },
}

/// A page image that does not match its reference. Images are PNG.
pub(crate) struct Mismatch {
    /// How it differs, as a sentence.
    pub(crate) detail: String,
    pub(crate) actual: Vec<u8>,
    /// The reference and an image that marks the differences; none without a readable reference.
    pub(crate) reference: Option<Compared>,
}

/// What a page image was compared with.
pub(crate) struct Compared {
    pub(crate) expected: Vec<u8>,
    pub(crate) difference: Vec<u8>,
}

/// Checks all cases of the templates in these folders, in parallel.
///
/// Fails if a folder can't be read. A template that can't be loaded is reported as a problem.
pub(crate) fn check(
    template_dir: &TemplateDir,
    folders: &[PathBuf],
) -> Result<Vec<TemplateReport>, CliError> {
    folders.iter().map(|folder| check_template(template_dir, folder)).collect()
}

fn check_template(template_dir: &TemplateDir, folder: &Path) -> Result<TemplateReport, CliError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let mut report = TemplateReport { template: name, problems: Vec::new(), cases: Vec::new() };
    let near_misses = NearMisses::find(folder)?;
    report.problems.extend(near_misses.problems);
    let template = match template_dir.engine.load(folder) {
        Ok(template) => template,
        Err(error) => {
            report.problems.push(Problem::from(&error));
            return Ok(report);
        }
    };
    report.problems.extend(fonts::unreadable(&template));
    // No page is as it will be once the names are right.
    if near_misses.affects_pages {
        return Ok(report);
    }
    let Cases { cases, mut invalid_samples, problems } = Cases::find(&template)?;
    report.problems.extend(translations::check_keys(&template));
    report.problems.extend(problems);
    if !near_misses.samples.is_empty() {
        report.problems.retain(|problem| problem.code != ProblemCode::NoSamples);
        invalid_samples.extend(near_misses.samples);
    }
    report.cases = cases.par_iter().map(|case| check_case(case, &template, &report)).collect();
    report.cases.extend(stale_references(&report, &invalid_samples, folder)?);
    report.cases.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(report)
}

fn check_case(case: &Case<'_>, template: &Template, report: &TemplateReport) -> CaseResult {
    let (name, tolerance) = (case.name(), template.manifest().snapshots);
    let reference = template.folder().join(SNAPSHOTS).join(format!("{name}.png"));
    let status = match render(case, tolerance) {
        Ok((actual, problems)) => {
            compare_with(&reference, &actual, tolerance).with_problems(problems)
        }
        Err(error) => CaseStatus::Failed { problems: vec![Problem::from(&error)], mismatch: None },
    };
    CaseResult { id: format!("{}/{name}", report.template), status, reference }
}

/// Returns the page image of a case, and the problems that it shows.
fn render(
    case: &Case<'_>,
    tolerance: SnapshotTolerance,
) -> Result<(RgbImage, Vec<Problem>), RenderError> {
    let document = case.render()?;
    document.check_image()?;
    let mut problems: Vec<_> = document.warnings().iter().map(Problem::from).collect();
    problems.extend(document.lint()?.iter().map(Problem::from));
    Ok((document.page_image(tolerance.pixels_per_pt)?, problems))
}

fn compare_with(path: &Path, actual: &RgbImage, tolerance: SnapshotTolerance) -> CaseStatus {
    let mismatch = |detail: String, reference: Option<Compared>| Mismatch {
        detail,
        actual: compare::png(actual),
        reference,
    };
    if !path.is_file() {
        let detail = format!("{} does not exist yet", path.display());
        return CaseStatus::Missing(mismatch(detail, None));
    }
    let expected = match compare::read(path) {
        Ok(expected) => expected,
        Err(reason) => return CaseStatus::Changed(mismatch(reason, None)),
    };
    match compare::compare(&expected, actual, tolerance) {
        None => CaseStatus::Passed,
        Some(change) => {
            let difference = compare::png(&compare::difference(&expected, actual, tolerance));
            let compared = Compared { expected: compare::png(&expected), difference };
            CaseStatus::Changed(mismatch(change.to_string(), Some(compared)))
        }
    }
}

/// Finds references that belong to no case. The references of an invalid sample are kept, because
/// they are valid again when the sample is fixed.
fn stale_references(
    report: &TemplateReport,
    invalid_samples: &[String],
    folder: &Path,
) -> Result<Vec<CaseResult>, CliError> {
    let snapshots = folder.join(SNAPSHOTS);
    if !snapshots.is_dir() {
        return Ok(Vec::new());
    }
    let id = |name: &str| format!("{}/{name}", report.template);
    let is_case = |name: &str| report.cases.iter().any(|case| case.id == id(name));
    let is_of_invalid_sample = |name: &str| {
        let rests = invalid_samples.iter().filter_map(|sample| name.strip_prefix(sample.as_str()));
        rests.into_iter().any(|rest| rest.starts_with('.'))
    };
    let files = template_dir::names(&snapshots)?;
    let names = files.iter().filter_map(|file| file.strip_suffix(".png"));
    let stale = names.filter(|name| !is_case(name) && !is_of_invalid_sample(name)).map(|name| {
        let reference = snapshots.join(format!("{name}.png"));
        let status = CaseStatus::Stale { expected: fs::read(&reference).ok() };
        CaseResult { id: id(name), status, reference }
    });
    Ok(stale.collect())
}

impl TemplateReport {
    /// Returns whether there are no problems and all cases have passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.problems.is_empty() && self.cases.iter().all(CaseResult::has_passed)
    }

    /// Returns a line for each problem of the template as a whole.
    pub(crate) fn problem_lines(&self) -> impl Iterator<Item = String> {
        let line = |problem: &Problem| line("problem", &self.template, &problem.message);
        self.problems.iter().map(line)
    }
}

impl CaseResult {
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self.status, CaseStatus::Passed)
    }

    /// Returns whether a reviewer can accept or reject something.
    pub(crate) fn needs_review(&self) -> bool {
        use CaseStatus::{Changed, Missing, Stale};
        matches!(self.status, Changed(_) | Missing(_) | Stale { .. })
    }

    /// Returns how the page image differs, as a sentence, or none if it does not.
    pub(crate) fn detail(&self) -> Option<String> {
        match &self.status {
            CaseStatus::Passed => None,
            CaseStatus::Stale { .. } => {
                Some(format!("no sample produces {} any more", self.reference.display()))
            }
            CaseStatus::Changed(mismatch) | CaseStatus::Missing(mismatch) => {
                Some(mismatch.detail.clone())
            }
            CaseStatus::Failed { mismatch, .. } => {
                mismatch.as_ref().map(|mismatch| mismatch.detail.clone())
            }
        }
    }

    pub(crate) fn problems(&self) -> &[Problem] {
        if let CaseStatus::Failed { problems, .. } = &self.status { problems } else { &[] }
    }

    /// Returns the problems and the detail, one a line.
    pub(crate) fn explanation(&self) -> String {
        let problems = self.problems().iter().map(|problem| problem.message.clone());
        problems.chain(self.detail()).collect::<Vec<_>>().join("\n")
    }

    /// Makes the page image the reference, or deletes a stale reference. A case that has passed or
    /// failed stays as it is.
    pub(crate) fn accept(&self) -> Result<(), CliError> {
        match &self.status {
            CaseStatus::Changed(mismatch) | CaseStatus::Missing(mismatch) => {
                template_dir::write_whole(&self.reference, &compare::optimize(&mismatch.actual))
            }
            CaseStatus::Stale { .. } => fs::remove_file(&self.reference)
                .map_err(|e| CliError::file("delete", &self.reference, e)),
            CaseStatus::Passed | CaseStatus::Failed { .. } => Ok(()),
        }
    }
}

/// The line that commands print, such as `changed   demo/ada.en  25 pixels differ`.
impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(self.status.name(), &self.id, &self.explanation()))
    }
}

impl CaseStatus {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Changed(_) => "changed",
            Self::Missing(_) => "missing",
            Self::Stale { .. } => "stale",
            Self::Failed { .. } => "failed",
        }
    }

    pub(crate) fn mismatch(&self) -> Option<&Mismatch> {
        match self {
            Self::Changed(mismatch) | Self::Missing(mismatch) => Some(mismatch),
            Self::Failed { mismatch, .. } => mismatch.as_ref(),
            Self::Passed | Self::Stale { .. } => None,
        }
    }

    fn with_problems(self, problems: Vec<Problem>) -> Self {
        match self {
            status if problems.is_empty() => status,
            Self::Changed(mismatch) | Self::Missing(mismatch) => {
                Self::Failed { problems, mismatch: Some(mismatch) }
            }
            _ => Self::Failed { problems, mismatch: None },
        }
    }
}

fn line(status: &str, id: &str, text: &str) -> String {
    format!("{status:<9} {id}  {}", terminal::hang(text, 10))
}
