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

pub(crate) use crate::snapshots::picture::png;

use crate::catalog::Catalog;
use crate::error::CliError;
use crate::snapshots::cases::Case;
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
    pub(crate) expected: Option<RgbImage>,
    pub(crate) actual: Option<RgbImage>,
    pub(crate) difference: Option<RgbImage>,
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
        Err(error) => return Ok(vec![Checked::of_template(folder, vec![error.to_string()])]),
    };
    let mut problems = strings::problems(&template);
    let cases = cases::of(&template, &mut problems)?;
    let rules = template.manifest().snapshots;
    let mut checked: Vec<_> = cases.par_iter().map(|case| Checked::of(case, folder, rules)).collect();
    checked.extend(stale(&checked, folder)?);
    if !problems.is_empty() {
        checked.push(Checked::of_template(folder, problems));
    }
    checked.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(checked)
}

/// The references that belong to no case.
fn stale(checked: &[Checked], folder: &Path) -> Result<Vec<Checked>, CliError> {
    let snapshots = folder.join(FOLDER);
    if !snapshots.is_dir() {
        return Ok(Vec::new());
    }
    let files = crate::catalog::names(&snapshots)?;
    let known = |name: &str| checked.iter().any(|case| case.reference.file_name().is_some_and(|file| file == name));
    Ok(files
        .iter()
        .filter(|name| !known(name))
        .map(|name| {
            let reference = snapshots.join(name);
            let id = format!("{}/{}", id(folder), name.trim_end_matches(".png"));
            let expected = picture::read(&reference).ok();
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
            Ok(actual) => checked.compare(actual, rules),
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
            reference: PathBuf::new(),
        }
    }

    fn compare(&mut self, actual: RgbImage, rules: SnapshotRules) {
        if !self.reference.is_file() {
            self.status = Status::Missing;
            self.detail = format!("there is no {} yet", self.reference.display());
            self.actual = Some(actual);
            return;
        }
        match picture::read(&self.reference) {
            Ok(expected) => {
                let Some(change) = picture::compare(&expected, &actual, rules) else { return };
                self.status = Status::Changed;
                self.detail = change.to_string();
                self.difference = Some(picture::difference(&expected, &actual, rules));
                self.expected = Some(expected);
            }
            Err(reason) => {
                self.status = Status::Changed;
                self.detail = reason;
            }
        }
        self.actual = Some(actual);
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
    Ok(warnings.chain(document.findings()?.iter().map(ToString::to_string)).collect())
}

/// Makes what a case shows now its reference; of a stale case, removes the reference.
pub(crate) fn accept(checked: &Checked) -> Result<(), CliError> {
    let path = &checked.reference;
    let Some(actual) = &checked.actual else {
        return fs::remove_file(path).map_err(|e| CliError::file("remove", path, &e));
    };
    let failed = |e: std::io::Error| CliError::file("write", path, &e);
    let folder = path.parent().expect("a reference stands in a folder");
    fs::create_dir_all(folder).map_err(failed)?;
    let unfinished = folder.join(format!(".{}", path.file_name().unwrap_or_default().to_string_lossy()));
    fs::write(&unfinished, picture::small_png(actual)).and_then(|()| fs::rename(&unfinished, path)).map_err(failed)
}
