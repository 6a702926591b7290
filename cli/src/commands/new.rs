//! `testamur new`: the folder of a template that already previews, tests and compiles, and explains itself.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use testamur_pipeline::templates::is_id;

use crate::args::{Cli, New};
use crate::commands::test;
use crate::design::snapshots;
use crate::design::template_dir::TemplateDir;
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

/// The helpers that all templates share, for a folder of templates that does not have them yet.
const SHARED: [(&str, &str); 5] = [
    ("lib.typ", include_str!("../../../templates/shared/lib.typ")),
    ("text.typ", include_str!("../../../templates/shared/text.typ")),
    ("locale.typ", include_str!("../../../templates/shared/locale.typ")),
    ("parts.typ", include_str!("../../../templates/shared/parts.typ")),
    ("cldr.json", include_str!("../../../templates/shared/cldr.json")),
];

pub(crate) fn run(cli: &Cli, command: &New) -> Result<ExitCode, CliError> {
    let name = &command.name;
    if !is_id(name) || RESERVED.contains(&name.as_str()) {
        return Err(CliError::Usage(format!(
            "{name:?} is no template id: use lower-case letters, digits and hyphens, but not shared or mail"
        )));
    }
    let template_dir = TemplateDir::open(cli)?;
    let (folder, shared) = (template_dir.root().join(name), template_dir.root().join("shared"));
    if folder.exists() {
        return Err(CliError::Exists(folder));
    }
    if !shared.exists() {
        write_all(&shared, &SHARED, name)?;
    } else if !shared.join("lib.typ").is_file() {
        return Err(CliError::NoHelpers(shared));
    }
    write_all(&folder, &FILES, name)?;
    for case in &snapshots::check(&template_dir, std::slice::from_ref(&folder))? {
        if !case.problems.is_empty() {
            terminal::print_line(&test::line(case));
        }
        snapshots::accept(case)?;
    }
    terminal::print_line(&format!("{} is ready; it explains itself in main.typ", folder.display()));
    terminal::print_line(&format!(
        "see it:  testamur preview {name} --open\ntest it: testamur test {name}"
    ));
    Ok(ExitCode::SUCCESS)
}

fn write_all(folder: &Path, files: &[(&str, &str)], name: &str) -> Result<(), CliError> {
    for (file, text) in files {
        let path = folder.join(file);
        let parent = path.parent().expect("a file stands in a folder");
        fs::create_dir_all(parent).map_err(|e| CliError::file("create", parent, &e))?;
        fs::write(&path, text.replace("{name}", name))
            .map_err(|e| CliError::file("write", &path, &e))?;
    }
    Ok(())
}
