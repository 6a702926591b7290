//! Snapshots: every sample of a template, in each of its locales and outputs, against the picture that was accepted.
//!
//! Nothing here overwrites a reference but [`accept`], which a reviewer calls.

pub(crate) mod cases;
mod picture;

use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;
use testamur_engine::{Document, RenderError, SnapshotRules};
use testamur_pipeline::error::chain;

use crate::catalog::{self, Catalog};
use crate::error::CliError;
use crate::snapshots::cases::{Case, Cases};
use crate::strings;

/// The folder of references in a template's.
const FOLDER: &str = "snapshots";

/// What was found out about one case.
pub(crate) struct Checked {
    /// `completion/ada.fr`, or the template's id for what concerns all of it.
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) sample: String,
    pub(crate) locale: String,
    pub(crate) output: &'static str,
    pub(crate) status: Status,
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
pub(crate) enum Status {
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

impl Status {
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
    pub(crate) fn of(checked: &[Checked]) -> Self {
        let mut summary = Self { cases: checked.len(), ..Self::default() };
        for case in checked {
            *match case.status {
                Status::Passed => &mut summary.passed,
                Status::Changed => &mut summary.changed,
                Status::Missing => &mut summary.missing,
                Status::Stale => &mut summary.stale,
                Status::Failed => &mut summary.failed,
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
        write!(f, "{} {}: {} passed", self.cases, if self.cases == 1 { "case" } else { "cases" }, self.passed)?;
        let others =
            [(self.changed, "changed"), (self.missing, "missing"), (self.stale, "stale"), (self.failed, "failed")];
        others.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

/// Checks all cases of these templates on all cores; the result is in the order of their ids.
pub(crate) fn check(catalog: &Catalog, folders: &[PathBuf]) -> Result<Vec<Checked>, CliError> {
    let mut checked = Vec::new();
    for folder in folders {
        checked.extend(check_template(catalog, folder)?);
    }
    Ok(checked)
}

fn check_template(catalog: &Catalog, folder: &Path) -> Result<Vec<Checked>, CliError> {
    let template = match catalog.engine.load(folder) {
        Ok(template) => template,
        Err(error) => return Ok(vec![Checked::of_template(folder, vec![chain(&error)])]),
    };
    let Cases { cases, unusable, problems } = cases::of(&template)?;
    let problems = [strings::problems(&template), problems].concat();
    let rules = template.manifest().snapshots;
    let mut checked: Vec<_> = cases.par_iter().map(|case| Checked::of(case, folder, rules)).collect();
    checked.extend(stale(&checked, &unusable, folder)?);
    if !problems.is_empty() {
        checked.push(Checked::of_template(folder, problems));
    }
    checked.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(checked)
}

/// The references that belong to no case, nor to a sample that only has to be repaired.
fn stale(checked: &[Checked], unusable: &[String], folder: &Path) -> Result<Vec<Checked>, CliError> {
    let snapshots = folder.join(FOLDER);
    if !snapshots.is_dir() {
        return Ok(Vec::new());
    }
    let files = catalog::names(&snapshots)?;
    let made = |name: &str| checked.iter().any(|case| case.reference.file_name().is_some_and(|file| file == name));
    let kept =
        |name: &str| unusable.iter().any(|sample| name.strip_prefix(sample).is_some_and(|end| end.starts_with('.')));
    Ok(files
        .iter()
        .filter(|name| name.ends_with(".png") && !made(name) && !kept(name))
        .map(|name| {
            let reference = snapshots.join(name);
            let id = format!("{}/{}", id(folder), name.trim_end_matches(".png"));
            let expected = fs::read(&reference).ok();
            let detail = format!("no sample makes {} any more", reference.display());
            Checked { status: Status::Stale, detail, expected, reference, ..Checked::empty(id, folder) }
        })
        .collect())
}

/// The template's id as the ids of its cases begin: the folder's name, which a broken manifest has too.
fn id(folder: &Path) -> String {
    folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
}

impl Checked {
    fn of(case: &Case<'_>, folder: &Path, rules: SnapshotRules) -> Self {
        let mut checked = Self {
            sample: case.sample.clone(),
            locale: case.locale.clone(),
            output: case.output.name(),
            reference: folder.join(FOLDER).join(case.file()),
            ..Self::empty(format!("{}/{}", id(folder), case.name()), folder)
        };
        match case.render().and_then(|document| {
            checked.problems = problems(&document)?;
            document.picture(rules.scale)
        }) {
            Ok(actual) => checked.compare(&actual, rules),
            Err(error) => checked.problems.push(error.to_string()),
        }
        if !checked.problems.is_empty() {
            checked.status = Status::Failed;
        }
        checked
    }

    fn of_template(folder: &Path, problems: Vec<String>) -> Self {
        Self { status: Status::Failed, problems, ..Self::empty(id(folder), folder) }
    }

    fn empty(id: String, folder: &Path) -> Self {
        Self {
            id,
            template: self::id(folder),
            sample: String::new(),
            locale: String::new(),
            output: "page",
            status: Status::Passed,
            detail: String::new(),
            problems: Vec::new(),
            expected: None,
            actual: None,
            difference: None,
            size: None,
            reference: PathBuf::new(),
        }
    }

    fn compare(&mut self, actual: &RgbImage, rules: SnapshotRules) {
        self.size = Some(actual.dimensions());
        if !self.reference.is_file() {
            self.status = Status::Missing;
            self.detail = format!("there is no {} yet", self.reference.display());
        } else {
            match picture::read(&self.reference) {
                Ok(expected) => {
                    let Some(change) = picture::compare(&expected, actual, rules) else { return };
                    self.detail = change.to_string();
                    self.difference = Some(picture::png(&picture::difference(&expected, actual, rules)));
                    self.expected = Some(picture::png(&expected));
                }
                Err(reason) => self.detail = reason,
            }
            self.status = Status::Changed;
        }
        self.actual = Some(picture::png(actual));
    }

    /// What a line or a tooltip says: what has changed and what is wrong.
    pub(crate) fn explanation(&self) -> String {
        let parts: Vec<_> =
            self.problems.iter().chain(Some(&self.detail).filter(|detail| !detail.is_empty())).collect();
        parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Whether a reviewer has something to decide.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status, Status::Changed | Status::Missing | Status::Stale)
    }
}

fn problems(document: &Document) -> Result<Vec<String>, RenderError> {
    let warnings = document.warnings().iter().map(|warning| match &warning.place {
        Some(place) => format!("warning: {} ({}:{}:{})", warning.message, place.file, place.line, place.column),
        None => format!("warning: {}", warning.message),
    });
    document.check_image()?;
    Ok(warnings.chain(document.findings()?.iter().map(ToString::to_string)).collect())
}

/// Makes what a case shows now its reference; of a stale case, removes the reference. What has failed stays as it is.
pub(crate) fn accept(checked: &Checked) -> Result<(), CliError> {
    let path = &checked.reference;
    match (checked.status, &checked.actual) {
        (Status::Stale, _) => fs::remove_file(path).map_err(|e| CliError::file("remove", path, &e)),
        (Status::Changed | Status::Missing, Some(actual)) => catalog::write_whole(path, &picture::small(actual)),
        _ => Ok(()),
    }
}
