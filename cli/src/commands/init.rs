//! `testamur init`: a project that issues certificates at once, made of the files that the program
//! carries.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::args::Init;
use crate::assets;
use crate::commands::new;
use crate::design::template_dir::{TemplateDir, write_whole};
use crate::error::CliError;
use crate::terminal;

const SUMMARY: &str = "  \
  events.jsonl, users.json, courses.json  demo data
  templates/completion                    the certificate, its translations and samples
  templates/shared, templates/mail        helpers for templates, and the e-mail
  fonts                                   fonts for Latin, Greek and Cyrillic
  README.md                               what to do with all this";

pub(crate) fn run(command: &Init) -> Result<ExitCode, CliError> {
    let folder = &command.folder;
    check_empty(folder)?;
    for (path, bytes) in assets::CARRIED {
        write_whole(&folder.join(path), bytes)?;
    }
    let template_dir = TemplateDir::open_project(folder)?;
    new::accept_snapshots(&template_dir, &template_dir.select(&[])?)?;
    print_next_steps(folder);
    Ok(ExitCode::SUCCESS)
}

/// Fails unless the folder is new, empty, or an empty Git repository.
fn check_empty(folder: &Path) -> Result<(), CliError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(CliError::file("read", folder, e)),
    };
    for entry in entries {
        let name = entry.map_err(|e| CliError::file("read", folder, e))?.file_name();
        if name != ".git" {
            return Err(CliError::NotEmpty {
                folder: folder.to_owned(),
                name: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

fn print_next_steps(folder: &Path) {
    let place = if folder == Path::new(".") {
        "this folder".to_owned()
    } else {
        folder.display().to_string()
    };
    terminal::print_line(&format!("created a project in {place}:\n{SUMMARY}\n\nnext:"));
    if folder != Path::new(".") {
        terminal::print_line(&format!("  cd {}", folder.display()));
    }
    terminal::print_line("  testamur issue events.jsonl");
}
