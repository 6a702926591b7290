//! Reports of a run of the snapshots: an HTML page, a summary in Markdown, and JUnit XML.

pub(crate) mod html;
mod junit;
mod markdown;

use std::fs;
use std::path::Path;

use crate::design::snapshots::TemplateReport;
use crate::error::CliError;

/// Writes `index.html`, which contains its images and needs no server, and `summary.md`.
pub(crate) fn write(folder: &Path, reports: &[TemplateReport]) -> Result<(), CliError> {
    write_file(&folder.join("index.html"), &html::report(reports))?;
    write_file(&folder.join("summary.md"), &markdown::summary(reports))
}

/// Writes JUnit XML for CI systems.
pub(crate) fn write_junit(path: &Path, reports: &[TemplateReport]) -> Result<(), CliError> {
    write_file(path, &junit::xml(reports))
}

fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|e| CliError::file("create", folder, e))?;
    fs::write(path, text).map_err(|e| CliError::file("write", path, e))
}
