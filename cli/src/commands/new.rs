//! `testamur new`: writes the folder of a template that renders and passes its tests at once.

use std::process::ExitCode;

use testamur_pipeline::templates::is_id;

use crate::args::{Cli, New};
use crate::assets;
use crate::design::snapshots;
use crate::design::template_dir::{Design, MAIL, TemplateDir, write_whole};
use crate::error::CliError;
use crate::terminal;

/// The files of a new template. `{name}` in them stands for its id.
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

/// The folders beside templates that are not templates.
const RESERVED: [&str; 2] = ["shared", MAIL];

pub(crate) fn run(cli: &Cli, command: &New) -> Result<ExitCode, CliError> {
    let name = &command.name;
    if !is_id(name) || RESERVED.contains(&name.as_str()) {
        return Err(CliError::Usage(format!(
            "{name:?} is not a valid template id: use lower-case letters, digits and hyphens, \
             but not shared or mail"
        )));
    }
    let template_dir = TemplateDir::open_own(cli)?;
    let folder = template_dir.root().join(name);
    if folder.exists() {
        return Err(CliError::Exists(folder));
    }
    write_shared(&template_dir)?;
    for (file, text) in FILES {
        write_whole(&folder.join(file), text.replace("{name}", name).as_bytes())?;
    }
    accept_snapshots(&template_dir, &[Design::Template(folder.clone())])?;
    terminal::print_line(&format!("created {}: main.typ explains the rest", folder.display()));
    terminal::print_line(&format!("preview it: testamur preview {name} --open"));
    terminal::print_line(&format!("test it:    testamur test {name}"));
    Ok(ExitCode::SUCCESS)
}

/// Writes the helpers of all templates and the e-mail, if the folder of templates is new.
fn write_shared(template_dir: &TemplateDir) -> Result<(), CliError> {
    let root = template_dir.root();
    let shared = root.join("shared");
    if shared.join("lib.typ").is_file() {
        return Ok(());
    }
    if shared.exists() {
        return Err(CliError::NoHelpers(shared));
    }
    for name in RESERVED.into_iter().filter(|name| !root.join(name).exists()) {
        for (file, bytes) in assets::carried_in(&format!("{}/{name}", assets::TEMPLATES)) {
            write_whole(&root.join(name).join(file), bytes)?;
        }
        if name == MAIL {
            accept_snapshots(template_dir, &[Design::Mail(root.join(name))])?;
        }
    }
    Ok(())
}

/// Makes the results of all cases the references. Prints problems: shared helpers that the user has
/// changed, or other fonts, can cause them.
pub(crate) fn accept_snapshots(
    template_dir: &TemplateDir,
    designs: &[Design],
) -> Result<(), CliError> {
    for report in &snapshots::check(template_dir, designs)? {
        report.problem_lines().for_each(|line| terminal::print_line(&line));
        for case in &report.cases {
            if !case.problems().is_empty() {
                terminal::print_line(&case.to_string());
            }
            case.accept()?;
        }
    }
    Ok(())
}
