//! `testamur new`: the folder of a template that already previews, tests and compiles, and explains itself.

use std::path::PathBuf;
use std::process::ExitCode;

use testamur_pipeline::templates::is_id;

use crate::args::{Cli, New};
use crate::assets;
use crate::commands::test;
use crate::design::snapshots;
use crate::design::template_dir::{TemplateDir, write_whole};
use crate::error::CliError;
use crate::terminal;

/// The files of a new template. `{name}` stands for its id.
const FILES: [(&str, &str); 9] = [
    ("typst.toml", include_str!("../../scaffold/typst.toml")),
    ("main.typ", include_str!("../../scaffold/main.typ")),
    ("social-card.typ", include_str!("../../scaffold/social-card.typ")),
    ("schema.json", include_str!("../../scaffold/schema.json")),
    ("locales/en.toml", include_str!("../../scaffold/locales/en.toml")),
    ("locales/fr.toml", include_str!("../../scaffold/locales/fr.toml")),
    ("samples/ada.json", include_str!("../../scaffold/samples/ada.json")),
    ("samples/long.json", include_str!("../../scaffold/samples/long.json")),
    ("qr.svg", include_str!("../../scaffold/qr.svg")),
];

/// Folders beside the templates that are none.
const RESERVED: [&str; 2] = ["shared", "mail"];

pub(crate) fn run(cli: &Cli, command: &New) -> Result<ExitCode, CliError> {
    let name = &command.name;
    if !is_id(name) || RESERVED.contains(&name.as_str()) {
        return Err(CliError::Usage(format!(
            "{name:?} is no template id: use lower-case letters, digits and hyphens, but not shared or mail"
        )));
    }
    let template_dir = TemplateDir::open_own(cli)?;
    let (folder, shared) = (template_dir.root().join(name), template_dir.root().join("shared"));
    if folder.exists() {
        return Err(CliError::Exists(folder));
    }
    if !shared.exists() {
        for (file, bytes) in assets::carried_in("templates/shared") {
            write_whole(&shared.join(file), bytes)?;
        }
    } else if !shared.join("lib.typ").is_file() {
        return Err(CliError::NoHelpers(shared));
    }
    for (file, text) in FILES {
        write_whole(&folder.join(file), text.replace("{name}", name).as_bytes())?;
    }
    create_snapshots(&template_dir, &[folder.clone()])?;
    terminal::print_line(&format!("{} is ready; it explains itself in main.typ", folder.display()));
    terminal::print_line(&format!(
        "see it:  testamur preview {name} --open\ntest it: testamur test {name}"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Creates the first snapshots of templates. A sample with a problem gets none; the problem is printed.
pub(crate) fn create_snapshots(
    template_dir: &TemplateDir,
    folders: &[PathBuf],
) -> Result<(), CliError> {
    for case in &snapshots::check(template_dir, folders)? {
        if !case.problems.is_empty() {
            terminal::print_line(&test::line(case));
        }
        snapshots::accept(case)?;
    }
    Ok(())
}
