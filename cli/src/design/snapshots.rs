//! Snapshots: compares the page image of every case of a template, and the subject with the text
//! and the HTML of every case of the e-mail, with its reference, the one that a reviewer has
//! accepted.
//!
//! Only [`CaseResult::accept`] writes or deletes a reference.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;
use testamur_engine::{RenderError, SnapshotTolerance, Template};

use testamur_pipeline::mail::RenderedMail;

use crate::design::cases::{Case, Cases};
use crate::design::mail::{MailCase, MailCases, MailTemplate};
use crate::design::near_misses::NearMisses;
use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir::{self, Design, TemplateDir};
use crate::design::{compare, fonts, text_diff, translations};
use crate::error::CliError;
use crate::terminal;

/// The folder of references inside the folder of a template.
const SNAPSHOTS: &str = "snapshots";

/// The extension of page images.
const IMAGE: &str = ".png";

/// The extensions of the parts of an e-mail: the subject with the text, and the HTML.
const MAIL_PARTS: [&str; 2] = [".txt", ".html"];

/// The results of one template, or of the e-mail.
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
    /// The template and the name of the case, such as `completion/ada.fr.social-card` or
    /// `mail/ada.fr.html`.
    pub(crate) id: String,
    pub(crate) status: CaseStatus,
    /// The file of the reference, which may not exist.
    reference: PathBuf,
}

/// What a snapshot holds.
pub(crate) enum Content {
    /// A page image as PNG.
    Image(Vec<u8>),
    /// Text, or HTML as text.
    Text(String),
}

/// How the content of a case compares with its reference.
pub(crate) enum CaseStatus {
    /// It matches.
    Passed,
    /// It differs, or the reference can't be read.
    Changed(Mismatch),
    /// There is no reference yet.
    Missing(Mismatch),
    /// No sample produces this reference any more.
    Stale {
        /// The reference, or none if it can't be read.
        expected: Option<Content>,
    },
    /// The case has problems, so its content can't be accepted.
    Failed {
        problems: Vec<Problem>,
        /// The content, if it was rendered and does not match.
        mismatch: Option<Mismatch>,
    },
}

/// Content that does not match its reference.
pub(crate) struct Mismatch {
    /// How it differs, as a sentence.
    pub(crate) detail: String,
    pub(crate) actual: Content,
    /// The reference and the differences; none without a readable reference.
    pub(crate) reference: Option<Compared>,
}

/// What content was compared with.
pub(crate) struct Compared {
    pub(crate) expected: Content,
    /// An image that marks the differences, or the lines that differ.
    pub(crate) difference: Content,
}

/// Checks all cases of these templates and of the e-mail, in parallel.
///
/// Fails if a folder can't be read. A template that can't be loaded is reported as a problem.
pub(crate) fn check(
    template_dir: &TemplateDir,
    designs: &[Design],
) -> Result<Vec<TemplateReport>, CliError> {
    let check = |design: &Design| match design {
        Design::Template(folder) => check_template(template_dir, folder),
        Design::Mail(folder) => check_mail(folder),
    };
    let fonts = template_dir.check_fonts().map(|(folder, problems)| {
        let report = TemplateReport::new(folder);
        Ok(TemplateReport { problems, ..report })
    });
    fonts.into_iter().chain(designs.iter().map(check)).collect()
}

fn check_template(template_dir: &TemplateDir, folder: &Path) -> Result<TemplateReport, CliError> {
    let mut report = TemplateReport::new(folder);
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
    let keys = translations::check_keys(folder, &template.manifest().locale, template.locales());
    report.problems.extend([keys, problems].concat());
    if !near_misses.samples.is_empty() {
        report.problems.retain(|problem| problem.code != ProblemCode::NoSamples);
        invalid_samples.extend(near_misses.samples);
    }
    report.cases = cases.par_iter().map(|case| check_case(case, &template, &report)).collect();
    let name = |file: &str| file.strip_suffix(IMAGE).map(str::to_owned);
    report.add_stale_references(&invalid_samples, folder, name)?;
    Ok(report)
}

fn check_mail(folder: &Path) -> Result<TemplateReport, CliError> {
    let mut report = TemplateReport::new(folder);
    let mail = match MailTemplate::load(folder)? {
        Ok(mail) => mail,
        Err(problems) => {
            report.problems = problems;
            return Ok(report);
        }
    };
    let MailCases { cases, invalid_samples, problems } = mail.cases()?;
    report.problems = problems;
    let snapshots = folder.join(SNAPSHOTS);
    let results = |case| check_mail_case(&mail, case, &report.template, &snapshots);
    report.cases = cases.par_iter().flat_map(results).collect();
    let is_part = |file: &str| MAIL_PARTS.iter().any(|part| file.ends_with(part));
    let name = |file: &str| is_part(file).then(|| file.to_owned());
    report.add_stale_references(&invalid_samples, folder, name)?;
    Ok(report)
}

/// Returns the results of the two parts of an e-mail.
fn check_mail_case(
    mail: &MailTemplate,
    case: &MailCase,
    template: &str,
    snapshots: &Path,
) -> Vec<CaseResult> {
    let rendered = mail.render_case(case);
    let check_part = |part: &str| {
        let name = format!("{}{part}", case.name());
        let reference = snapshots.join(&name);
        let status = match &rendered {
            Ok(rendered) => compare_text(&reference, part_of(rendered, part)),
            Err(problems) => CaseStatus::Failed { problems: problems.clone(), mismatch: None },
        };
        CaseResult { id: format!("{template}/{name}"), status, reference }
    };
    MAIL_PARTS.map(check_part).into()
}

fn part_of(mail: &RenderedMail, part: &str) -> String {
    let [text, _] = MAIL_PARTS;
    if part == text {
        format!("Subject: {}\n\n{}\n", mail.subject, mail.text.trim_end())
    } else {
        format!("{}\n", mail.html.trim_end())
    }
}

fn compare_text(path: &Path, actual: String) -> CaseStatus {
    let expected = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return CaseStatus::Missing(Mismatch::missing(path, Content::Text(actual)));
        }
        Err(e) => {
            let detail = format!("can't read {}: {e}", path.display());
            let actual = Content::Text(actual);
            return CaseStatus::Changed(Mismatch { detail, actual, reference: None });
        }
    };
    let Some(difference) = text_diff::compare(&expected, &actual) else {
        return CaseStatus::Passed;
    };
    let detail = difference.to_string();
    let (expected, difference) = (Content::Text(expected), Content::Text(difference.lines));
    let reference = Some(Compared { expected, difference });
    CaseStatus::Changed(Mismatch { detail, actual: Content::Text(actual), reference })
}

fn check_case(case: &Case<'_>, template: &Template, report: &TemplateReport) -> CaseResult {
    let (name, tolerance) = (case.name(), template.manifest().snapshots);
    let reference = template.folder().join(SNAPSHOTS).join(format!("{name}{IMAGE}"));
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
        actual: Content::Image(compare::png(actual)),
        reference,
    };
    if !path.is_file() {
        let actual = Content::Image(compare::png(actual));
        return CaseStatus::Missing(Mismatch::missing(path, actual));
    }
    let expected = match compare::read(path) {
        Ok(expected) => expected,
        Err(reason) => return CaseStatus::Changed(mismatch(reason, None)),
    };
    match compare::compare(&expected, actual, tolerance) {
        None => CaseStatus::Passed,
        Some(change) => {
            let difference = compare::png(&compare::difference(&expected, actual, tolerance));
            let (expected, difference) =
                (Content::Image(compare::png(&expected)), Content::Image(difference));
            let compared = Compared { expected, difference };
            CaseStatus::Changed(mismatch(change.to_string(), Some(compared)))
        }
    }
}

impl Mismatch {
    fn missing(path: &Path, actual: Content) -> Self {
        let detail = format!("{} does not exist yet", path.display());
        Self { detail, actual, reference: None }
    }
}

impl Content {
    /// Reads a reference. Returns none if it can't be read.
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        if path.to_string_lossy().ends_with(IMAGE) {
            return Some(Self::Image(bytes));
        }
        Some(Self::Text(String::from_utf8(bytes).ok()?))
    }

    /// Returns the bytes of a reference with this content.
    fn to_reference(&self) -> Vec<u8> {
        match self {
            Self::Image(png) => compare::optimize(png),
            Self::Text(text) => text.clone().into_bytes(),
        }
    }
}

impl TemplateReport {
    fn new(folder: &Path) -> Self {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Self { template: name, problems: Vec::new(), cases: Vec::new() }
    }

    /// Adds the references that belong to no case, and sorts all cases. The references of an
    /// invalid sample are kept, because they are valid again when the sample is fixed. `case_name`
    /// returns the name of a case from the file of its reference.
    fn add_stale_references(
        &mut self,
        invalid_samples: &[String],
        folder: &Path,
        case_name: impl Fn(&str) -> Option<String>,
    ) -> Result<(), CliError> {
        let snapshots = folder.join(SNAPSHOTS);
        if snapshots.is_dir() {
            for file in template_dir::names(&snapshots)? {
                let Some(name) = case_name(&file) else { continue };
                let id = format!("{}/{name}", self.template);
                if is_of_invalid_sample(&name, invalid_samples) || self.has_case(&id) {
                    continue;
                }
                let reference = snapshots.join(file);
                let status = CaseStatus::Stale { expected: Content::read(&reference) };
                self.cases.push(CaseResult { id, status, reference });
            }
        }
        self.cases.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    fn has_case(&self, id: &str) -> bool {
        self.cases.iter().any(|case| case.id == id)
    }

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

    /// Returns the lines that differ from the reference, if it is a text.
    pub(crate) fn changed_lines(&self) -> Option<&str> {
        match &self.status.mismatch()?.reference.as_ref()?.difference {
            Content::Text(lines) => Some(lines),
            Content::Image(_) => None,
        }
    }

    /// Returns how the content differs, as a sentence, or none if it does not.
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

    /// Makes the content the reference, or deletes a stale reference. A case that has passed or
    /// failed stays as it is.
    pub(crate) fn accept(&self) -> Result<(), CliError> {
        match &self.status {
            CaseStatus::Changed(mismatch) | CaseStatus::Missing(mismatch) => {
                template_dir::write_whole(&self.reference, &mismatch.actual.to_reference())
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

fn is_of_invalid_sample(case: &str, invalid_samples: &[String]) -> bool {
    let rests = invalid_samples.iter().filter_map(|sample| case.strip_prefix(sample.as_str()));
    rests.into_iter().any(|rest| rest.starts_with('.'))
}

fn line(status: &str, id: &str, text: &str) -> String {
    format!("{status:<9} {id}  {}", terminal::hang(text, 10))
}
