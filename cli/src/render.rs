//! `testamur render`: one file from a template and data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use testamur_engine::{Data, Document, Engine, Fonts, PdfStamp};

use crate::error::CliError;
use crate::options::{Options, Render};
use crate::output;

pub(crate) fn run(options: &Options, command: &Render) -> Result<ExitCode, CliError> {
    let format = Format::of(&command.output)?;
    let engine = Engine::new(Fonts::load(&options.fonts)?);
    let template = engine.load(&folder(options, &command.template)).map_err(CliError::Template)?;
    let data = fs::read(&command.data).map_err(|e| CliError::file("read", &command.data, &e))?;
    let data = Data::from_json(&data).map_err(CliError::Render)?;
    let document = template.render(&data).map_err(CliError::Render)?;
    if !document.warnings().is_empty() {
        output::note(&document.warnings().to_string());
    }
    let bytes = match format {
        Format::Pdf => pdf(&document, &data),
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

/// A path, or the id of a template in the folder of templates.
fn folder(options: &Options, template: &Path) -> PathBuf {
    if template.is_dir() { template.to_owned() } else { options.templates.join(template) }
}

/// Exports with the identity and the date that the data gives.
fn pdf(document: &Document, data: &Data) -> Result<Vec<u8>, testamur_engine::RenderError> {
    let field = |name: &str| data.value().get(name).and_then(|value| value.as_str()).unwrap_or_default();
    document.pdf(&PdfStamp { ident: field("certificateId"), issued_at: moment(field("issuedAt")) })
}

/// A time as data gives it: RFC 3339, or a date, which means its first moment in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    text.parse().ok().or_else(|| text.parse().ok().and_then(midnight))
}
