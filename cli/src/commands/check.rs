//! `testamur check`: finds everything that can be wrong with a template or the e-mail without
//! comparing snapshots. It is fast enough for a pre-commit hook.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use rayon::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use testamur_engine::{RenderError, Template, best_locale, nearest_name};
use testamur_pipeline::mail::PARTS;

use crate::args::{Check, Cli};
use crate::design::cases::{Case, Cases};
use crate::design::mail::{self, MailCases, MailTemplate};
use crate::design::near_misses::NearMisses;
use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir::{self, Design, TemplateDir};
use crate::design::{fonts, translations};
use crate::error::CliError;
use crate::terminal;

/// The largest allowed file of a template, in bytes. Every Lambda function that issues
/// certificates carries all templates.
const MAX_FILE_BYTES: u64 = 512 << 10;

/// Folders whose files may be larger: fonts are, and functions do not carry the others.
const UNLIMITED_FOLDERS: [&str; 3] = ["fonts", "samples", "snapshots"];

/// Files that belong to a template although no layout reads them.
const EXPECTED_FILES: [&str; 5] = ["typst.toml", "schema.json", "qr.svg", "README.md", "LICENSE"];

/// The folders of the e-mail, and its files that are not parts of it.
const EXPECTED_IN_MAIL: [&str; 5] = ["locales", "samples", "snapshots", "README.md", "LICENSE"];

/// The result of one template or of the e-mail, and its line of `--json`.
#[derive(Default, Serialize)]
struct CheckReport {
    /// The path of its folder.
    template: String,
    problems: Vec<Problem>,
    /// The font families that it uses.
    fonts: BTreeSet<String>,
    /// The files that at least one case reads.
    #[serde(skip)]
    files_read: BTreeSet<String>,
    /// Each layout was rendered, so what no case uses is not used.
    #[serde(skip)]
    is_complete: bool,
}

pub(crate) fn run(cli: &Cli, command: &Check) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let fonts = template_dir.check_fonts().map(|(folder, problems)| {
        let template = folder.display().to_string();
        Ok(CheckReport { template, problems, ..CheckReport::default() })
    });
    let check = |design: Design| match design {
        Design::Template(folder) => check_template(&template_dir, &folder),
        Design::Mail(folder) => check_mail(&folder),
    };
    let mut passed = true;
    let designs = template_dir.select(&command.named)?.into_iter();
    for report in fonts.into_iter().chain(designs.map(check)) {
        let report = report?;
        passed &= report.problems.is_empty();
        if cli.json {
            terminal::print_json(&report);
        } else {
            print(&report);
        }
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(CheckReport { template, problems, fonts, .. }: &CheckReport) {
    for problem in problems {
        terminal::print_line(&format!("{template}: {}", problem.message));
    }
    if !problems.is_empty() {
        return;
    }
    let fonts: Vec<_> = fonts.iter().map(String::as_str).collect();
    match fonts.join(", ") {
        fonts if fonts.is_empty() => terminal::print_line(&format!("{template}: no problems")),
        fonts => terminal::print_line(&format!("{template}: no problems; fonts: {fonts}")),
    }
}

fn check_template(template_dir: &TemplateDir, folder: &Path) -> Result<CheckReport, CliError> {
    let template = folder.display().to_string();
    let mut report = CheckReport { template, ..CheckReport::default() };
    let near_misses = NearMisses::find(folder)?;
    report.problems.extend(near_misses.problems);
    let template = match template_dir.engine.load(folder) {
        Ok(template) => template,
        Err(error) => {
            report.problems.push(Problem::from(&error));
            return Ok(report);
        }
    };
    report.problems.extend(check_name(&template));
    // What follows from a wrong name is no problem of its own.
    if !near_misses.affects_pages {
        let (default, locales) = (&template.manifest().locale, template.locales());
        report.problems.extend(translations::check_keys(folder, default, locales));
        report.problems.extend(check_locales(folder, locales));
        render_all(&template, &mut report)?;
    }
    if !near_misses.samples.is_empty() {
        report.problems.retain(|problem| problem.code != ProblemCode::NoSamples);
    }
    if report.is_complete && near_misses.samples.is_empty() {
        report.problems.extend(unused_files(&template, &report.files_read));
        report.problems.extend(unused_fonts(&template, &report.fonts));
    }
    report.problems.extend(fonts::unreadable(&template));
    large_files(folder, folder, &mut report.problems)?;
    Ok(report)
}

fn check_mail(folder: &Path) -> Result<CheckReport, CliError> {
    let template = folder.display().to_string();
    let mut report = CheckReport { template, ..CheckReport::default() };
    report.problems.extend(check_locales(folder, &mail::locales(folder)?));
    match MailTemplate::load(folder)? {
        Ok(mail) => render_mail(&mail, &mut report)?,
        Err(problems) => report.problems.extend(problems),
    }
    report.problems.extend(unknown_files_of_mail(folder)?);
    large_files(folder, folder, &mut report.problems)?;
    Ok(report)
}

/// Renders every case of the e-mail. A problem that several cases share is reported for the first
/// only.
fn render_mail(mail: &MailTemplate, report: &mut CheckReport) -> Result<(), CliError> {
    let MailCases { cases, problems, .. } = mail.cases()?;
    report.problems.extend(problems);
    let mut reported = BTreeSet::new();
    for case in &cases {
        let problems = mail.render_case(case).err().unwrap_or_default();
        report.add_new(&case.name(), problems, &mut reported);
    }
    Ok(())
}

/// Finds files that the e-mail does not use.
fn unknown_files_of_mail(folder: &Path) -> Result<Vec<Problem>, CliError> {
    let mut names = template_dir::names(folder)?;
    names.retain(|name| !EXPECTED_IN_MAIL.contains(&&**name) && !PARTS.contains(&&**name));
    Ok(names.iter().map(|file| unused(file)).collect())
}

/// Compares the name of the folder, by which courses name a template, with the name in the
/// manifest, which records contain.
fn check_name(template: &Template) -> Option<Problem> {
    let folder = template.folder().canonicalize().ok()?;
    let (folder, name) = (folder.file_name()?.to_str()?, &template.manifest().id);
    let message = format!("folder `{folder}` and package name `{name}` differ; rename one of them");
    (folder != name).then(|| Problem::new(ProblemCode::NameMismatch, message))
}

/// Finds locales for which the shared helpers have no dates and numbers.
fn check_locales(folder: &Path, locales: &[String]) -> Vec<Problem> {
    let Some(supported) = supported_locales(folder) else {
        return Vec::new();
    };
    let is_named_well = |locale: &&String| translations::meant_locale(locale).is_none();
    let unsupported =
        locales.iter().filter(is_named_well).filter(|locale| !supported.contains(*locale));
    let others: Vec<_> =
        supported.iter().filter(|other| !locales.contains(other)).cloned().collect();
    let message = |locale: &String| {
        let near = || nearest_name(locale, others.iter().map(String::as_str)).map(str::to_owned);
        let meant = best_locale(&others, locale).or_else(near);
        let advice = meant.map_or_else(String::new, |m| format!("; did you mean `{m}`?"));
        format!(
            "locales/{locale}.toml: shared/cldr.json has no dates and numbers for {locale}{advice}"
        )
    };
    unsupported
        .map(|locale| Problem::new(ProblemCode::UnsupportedLocale, message(locale)))
        .collect()
}

/// The part of `shared/cldr.json` that is checked.
#[derive(Deserialize)]
struct Formats {
    locales: BTreeMap<String, IgnoredAny>,
}

/// Returns the locales of the shared helpers, or none for folders that have none beside them.
fn supported_locales(folder: &Path) -> Option<BTreeSet<String>> {
    let bytes = fs::read(folder.join("../shared/cldr.json")).ok()?;
    let formats: Formats = serde_json::from_slice(&bytes).ok()?;
    Some(formats.locales.into_keys().collect())
}

/// Renders every case. A problem that several cases share is reported for the first only.
fn render_all(template: &Template, report: &mut CheckReport) -> Result<(), CliError> {
    let Cases { cases, problems, .. } = Cases::find(template)?;
    report.problems.extend(problems);
    let rendered: Vec<_> = cases.par_iter().map(|case| (case, render(case))).collect();
    let is_rendered =
        |output| rendered.iter().any(|(case, r)| case.output() == output && r.is_ok());
    report.is_complete = !cases.is_empty() && cases.iter().all(|case| is_rendered(case.output()));
    let mut reported = BTreeSet::new();
    for (case, result) in rendered {
        let problems = match result {
            Ok(rendered) => {
                report.fonts.extend(rendered.fonts);
                report.files_read.extend(rendered.files_read);
                rendered.problems
            }
            Err(problem) => vec![problem],
        };
        report.add_new(&case.name(), problems, &mut reported);
    }
    Ok(())
}

impl CheckReport {
    /// Adds the problems of a case that no other case has reported.
    fn add_new(
        &mut self,
        case: &str,
        problems: impl IntoIterator<Item = Problem>,
        reported: &mut BTreeSet<Problem>,
    ) {
        let new = problems.into_iter().filter(|problem| reported.insert(problem.clone()));
        self.problems.extend(new.map(|problem| problem.within(case)));
    }
}

/// What rendering a case shows about its template.
struct Rendered {
    fonts: Vec<String>,
    files_read: BTreeSet<String>,
    /// The warnings of the compiler, and the issues of the layout.
    problems: Vec<Problem>,
}

fn render(case: &Case<'_>) -> Result<Rendered, Problem> {
    let document = case.render().map_err(|e| Problem::from(&e))?;
    document.check_image().map_err(|e| Problem::from(&RenderError::from(e)))?;
    let files_read = document.files_read().map_err(|e| Problem::from(&RenderError::from(e)))?;
    let warnings = document.warnings();
    let warnings =
        (!warnings.is_empty()).then(|| Problem::new(ProblemCode::Warning, warnings.to_string()));
    let issues = document.lint().map_err(|e| Problem::from(&RenderError::from(e)))?;
    let problems = warnings.into_iter().chain(issues.iter().map(Problem::from)).collect();
    Ok(Rendered { fonts: document.font_families(), files_read, problems })
}

/// Finds files that no case reads.
fn unused_files(template: &Template, files_read: &BTreeSet<String>) -> Vec<Problem> {
    let is_strings =
        |file: &str| file.strip_prefix("locales/").is_some_and(|name| name.ends_with(".toml"));
    let is_expected = |file: &str| {
        EXPECTED_FILES.contains(&file) || file.starts_with("fonts/") || is_strings(file)
    };
    template
        .files()
        .filter(|file| !files_read.contains(*file) && !is_expected(file))
        .map(unused)
        .collect()
}

fn unused(file: &str) -> Problem {
    Problem::new(ProblemCode::UnusedFile, format!("{file} is not used"))
}

/// Finds fonts of the template that no case uses.
fn unused_fonts(template: &Template, used: &BTreeSet<String>) -> Vec<Problem> {
    let families = template.font_families();
    let unused = families.iter().filter(|family| !used.contains(*family));
    let message = |family: &String| format!("the font {family} in fonts/ is not used");
    unused.map(|family| Problem::new(ProblemCode::UnusedFont, message(family))).collect()
}

/// Finds files in `folder`, a folder inside `root`, that are too large.
fn large_files(root: &Path, folder: &Path, problems: &mut Vec<Problem>) -> Result<(), CliError> {
    for name in template_dir::names(folder)? {
        let path = folder.join(&name);
        let metadata = fs::metadata(&path).map_err(|e| CliError::file("read", &path, e))?;
        if metadata.is_dir() && !UNLIMITED_FOLDERS.contains(&name.as_str()) {
            large_files(root, &path, problems)?;
        } else if metadata.is_file() && metadata.len() > MAX_FILE_BYTES {
            let file = path.strip_prefix(root).unwrap_or(&path).display();
            let (size, limit) = (metadata.len() >> 10, MAX_FILE_BYTES >> 10);
            let message = format!("{file} has {size} KiB; at most {limit} KiB are allowed");
            problems.push(Problem::new(ProblemCode::LargeFile, message));
        }
    }
    Ok(())
}
