//! `testamur check`: everything that can be wrong with a template but its looks, in one go; fast enough for a pre-commit hook.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use testamur_engine::Template;
use testamur_pipeline::error::chain;

use crate::args::{Check, Cli};
use crate::design::cases::{self, Case};
use crate::design::template_dir::{self, TemplateDir};
use crate::design::translations;
use crate::error::CliError;
use crate::terminal;

/// The largest a file of a template should be, in bytes: every function that issues certificates carries it.
const LARGE: u64 = 512 << 10;

/// Files that no layout reads, and that belong there.
const EXPECTED: [&str; 5] = ["typst.toml", "schema.json", "qr.svg", "README.md", "LICENSE"];

/// What was found out about a template.
#[derive(Default)]
struct Findings {
    problems: Vec<String>,
    fonts: BTreeSet<String>,
    /// The files that at least one case reads.
    files_read: BTreeSet<String>,
}

pub(crate) fn run(cli: &Cli, command: &Check) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    let mut all_well = true;
    for folder in template_dir.select(&command.named)? {
        let findings = check_template(&template_dir, &folder)?;
        all_well &= findings.problems.is_empty();
        print(cli, &folder, &findings);
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(cli: &Cli, folder: &Path, findings: &Findings) {
    let Findings { problems, fonts, .. } = findings;
    let fonts: Vec<_> = fonts.iter().map(String::as_str).collect();
    if cli.json {
        return terminal::print_json(
            &json!({ "template": folder.display().to_string(), "problems": problems, "fonts": fonts }),
        );
    }
    for problem in problems {
        terminal::print_line(&format!("{}: {problem}", folder.display()));
    }
    if problems.is_empty() {
        terminal::print_line(&format!(
            "{}: all is well; fonts: {}",
            folder.display(),
            fonts.join(", ")
        ));
    }
}

fn check_template(template_dir: &TemplateDir, folder: &Path) -> Result<Findings, CliError> {
    let mut findings = Findings::default();
    let template = match template_dir.engine.load(folder) {
        Ok(template) => template,
        Err(error) => {
            findings.problems.push(chain(&error));
            return Ok(findings);
        }
    };
    let problems = &mut findings.problems;
    problems.extend(identity(&template));
    problems.extend(translations::check_keys(&template));
    problems.extend(unknown_locales(&template));
    render_all(&template, &mut findings)?;
    // What can't be rendered reads nothing.
    if !findings.fonts.is_empty() {
        findings.problems.extend(unused_files(&template, &findings.fonts, &findings.files_read));
    }
    findings.problems.extend(large_files(folder)?);
    Ok(findings)
}

/// Courses name a template by its folder, and records by what its manifest says.
fn identity(template: &Template) -> Option<String> {
    let folder = template.folder().canonicalize().ok()?;
    let (folder, name) = (folder.file_name()?.to_str()?, &template.manifest().id);
    (folder != name).then(|| format!("typst.toml calls it {name}: name the folder so too"))
}

/// Locales for which the shared helpers have no dates and numbers.
fn unknown_locales(template: &Template) -> Vec<String> {
    let formats = template.folder().join("../shared/cldr.json");
    let known: Map<String, Value> = fs::read(formats)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let unknown =
        template.locales().iter().filter(|tag| !known.is_empty() && !known.contains_key(*tag));
    unknown
        .map(|tag| {
            format!("locales/{tag}.toml: shared/cldr.json has no dates and numbers for {tag}")
        })
        .collect()
}

/// Renders every case. Sentences that many cases share are told once.
fn render_all(template: &Template, findings: &mut Findings) -> Result<(), CliError> {
    let found = cases::of(template)?;
    findings.problems.extend(found.problems);
    let rendered: Vec<_> = found.cases.par_iter().map(|case| (case, render_case(case))).collect();
    let mut told = BTreeSet::new();
    for (case, (fonts, files_read, problem)) in rendered {
        findings.fonts.extend(fonts);
        findings.files_read.extend(files_read);
        if let Some(problem) = problem.filter(|problem| told.insert(problem.clone())) {
            findings.problems.push(format!("{}: {problem}", case.name()));
        }
    }
    Ok(())
}

/// The fonts of a case, the files it reads, and what is wrong with it.
fn render_case(case: &Case<'_>) -> (Vec<String>, BTreeSet<String>, Option<String>) {
    let rendered = case.render().and_then(|document| {
        document.check_image()?;
        let files_read = document.files_read()?;
        Ok((document, files_read))
    });
    match rendered {
        Ok((document, files_read)) => {
            let warnings = Some(document.warnings().to_string()).filter(|text| !text.is_empty());
            (document.font_families(), files_read, warnings)
        }
        Err(error) => (Vec::new(), BTreeSet::new(), Some(chain(&error))),
    }
}

fn unused_files(
    template: &Template,
    fonts: &BTreeSet<String>,
    files_read: &BTreeSet<String>,
) -> Vec<String> {
    let locale =
        |file: &str| file.strip_prefix("locales/").is_some_and(|file| file.ends_with(".toml"));
    let expected =
        |file: &str| EXPECTED.contains(&file) || file.starts_with("fonts/") || locale(file);
    let unused = template
        .files()
        .filter(|file| !files_read.contains(*file) && !expected(file))
        .map(|file| format!("nothing uses {file}"));
    let own = template.font_families();
    let idle = own
        .iter()
        .filter(|family| !fonts.contains(*family))
        .map(|family| format!("nothing uses the font {family} in fonts/"));
    unused.chain(idle).collect()
}

fn large_files(folder: &Path) -> Result<Vec<String>, CliError> {
    let mut large = Vec::new();
    for name in template_dir::names(folder)? {
        let path = folder.join(&name);
        let metadata = fs::metadata(&path).map_err(|e| CliError::file("read", &path, &e))?;
        if metadata.is_dir() && ["fonts", "samples", "snapshots"].contains(&name.as_str()) {
            continue; // Fonts are large by nature, and no function carries the others.
        } else if metadata.is_dir() {
            large.extend(large_files(&path)?);
        } else if metadata.len() > LARGE {
            large.push(format!(
                "{} has {} KiB, more than {}",
                path.display(),
                metadata.len() >> 10,
                LARGE >> 10
            ));
        }
    }
    Ok(large)
}
