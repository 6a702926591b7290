//! `testamur preview`: a local web page that shows every sample of a template, drawn anew whenever a file is saved.

mod api;
mod studio;
mod watch;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::CliError;
use crate::options::{Options, Preview};
use crate::output;
use crate::preview::studio::Studio;
use crate::web::{self, Page};

/// The page.
const PAGE: &str = include_str!("../web/preview.html");

pub(crate) fn run(options: &Options, command: &Preview) -> Result<ExitCode, CliError> {
    let catalog = Catalog::open(options)?;
    let start = command.template.as_deref().map(|template| id(&catalog, template)).transpose()?;
    let studio = Arc::new(Studio::new(catalog));
    let changes = watch::start(&studio)?;
    if let Some(id) = &start {
        output::line(&format!("previewing {id}"));
    }
    let routes = api::routes(studio, changes, Page::new(PAGE.to_owned()), start);
    web::serve(routes, command.port, command.open, std::future::pending())?;
    Ok(ExitCode::SUCCESS)
}

/// The id of a template, from that or from its path.
fn id(catalog: &Catalog, template: &Path) -> Result<String, CliError> {
    let folder = catalog.find(template)?;
    let folder = folder.canonicalize().map_err(|e| CliError::file("read", &folder, &e))?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if folder.parent() == catalog.root().canonicalize().ok().as_deref() {
        return Ok(name.to_owned());
    }
    let parent = folder.parent().unwrap_or(Path::new("/")).display();
    Err(CliError::Setting(format!("{name} is in {parent}: name that folder with --templates")))
}
