//! `testamur preview`: a local web page that shows every sample of a template and renders it
//! again whenever a file is saved.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::args::{Cli, Preview};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;
use crate::web::preview_state::PreviewState;
use crate::web::{preview_api, server, watch};

pub(crate) fn run(cli: &Cli, command: &Preview) -> Result<ExitCode, CliError> {
    let template_dir = TemplateDir::open(cli)?;
    template_dir.ids()?;
    let start = command.template.as_deref().map(|name| id(&template_dir, name)).transpose()?;
    let state = Arc::new(PreviewState::new(template_dir));
    let changes = watch::start(&state)?;
    if let Some(id) = &start {
        terminal::print_line(&format!("previewing {id}"));
    }
    let routes = preview_api::routes(state, changes, start);
    server::serve(routes, command.port, command.open, std::future::pending())?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the id of a template or the e-mail from its id or its path. Fails if the template is outside the
/// folder of templates, because only that folder is watched and served.
fn id(template_dir: &TemplateDir, template: &Path) -> Result<String, CliError> {
    let design = template_dir.find_design(template)?;
    let folder = design.folder();
    let folder = folder.canonicalize().map_err(|e| CliError::file("read", folder, e))?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if folder.parent() == template_dir.root().canonicalize().ok().as_deref() {
        return Ok(name.to_owned());
    }
    let parent = folder.parent().unwrap_or(Path::new("/")).display();
    Err(CliError::Usage(format!(
        "template {name} is outside {}: add --templates {parent}",
        template_dir.root().display()
    )))
}
