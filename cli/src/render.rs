//! `testamur render`: one file from a template and data.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use testamur_engine::{Data, PdfStamp};

use crate::catalog::Catalog;
use crate::error::CliError;
use crate::options::{Options, Render};
use crate::output;

pub(crate) fn run(options: &Options, command: &Render) -> Result<ExitCode, CliError> {
    let format = Format::of(&command.output)?;
    let catalog = Catalog::open(options)?;
    let template = catalog.load(&catalog.find(&command.template)?)?;
    let data = fs::read(&command.data).map_err(|e| CliError::file("read", &command.data, &e))?;
    let data = Data::from_json(&data).map_err(CliError::Render)?;
    let data = template.localised(&data, command.locale.as_deref());
    let document = if command.card { template.render_card(&data) } else { template.render(&data) };
    let document = document.map_err(CliError::Render)?;
    if !document.warnings().is_empty() {
        output::note(&document.warnings().to_string());
    }
    let bytes = match format {
        Format::Pdf => document.pdf(&PdfStamp::of(&data)),
        Format::Jpg => document.jpg(command.jpeg.into()),
        Format::Png => document.png(),
    };
    let bytes = bytes.map_err(CliError::Render)?;
    fs::write(&command.output, bytes).map_err(|e| CliError::file("write", &command.output, &e))?;
    Ok(ExitCode::SUCCESS)
}

enum Format {
    Pdf,
    Jpg,
    Png,
}

impl Format {
    fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("pdf") => Ok(Self::Pdf),
            Some("jpg" | "jpeg") => Ok(Self::Jpg),
            Some("png") => Ok(Self::Png),
            _ => Err(CliError::Setting(format!("{}: the extension must be .pdf, .jpg or .png", path.display()))),
        }
    }
}
