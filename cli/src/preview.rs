//! `testamur preview`: a local web page that shows every sample of a template, drawn anew whenever a file is saved.

mod api;
mod studio;
mod watch;

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
    let start = command.template.as_deref().map(|template| catalog.find(template)).transpose()?;
    let start = start.and_then(|folder| Some(folder.file_name()?.to_str()?.to_owned()));
    let studio = Arc::new(Studio::new(catalog));
    let changes = watch::start(&studio)?;
    if let Some(id) = &start {
        output::line(&format!("previewing {id}"));
    }
    let routes = api::routes(studio, changes, Page::new(PAGE.to_owned()), start);
    web::serve(routes, command.port, command.open, std::future::pending())?;
    Ok(ExitCode::SUCCESS)
}
