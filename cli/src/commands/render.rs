//! `testamur render`: writes one file from a template and data.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use testamur_engine::{Data, Document, ExportError};
use testamur_pipeline::model::certificate_data::pdf_metadata;

use crate::args::{Cli, Render};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Render) -> Result<ExitCode, CliError> {
    let format = OutputFormat::from_extension(&command.output)?;
    let template_dir = TemplateDir::open(cli)?;
    let template = template_dir.load_named(&command.template)?;
    let json = fs::read(&command.data).map_err(|e| CliError::file("read", &command.data, e))?;
    let data = Data::from_json(&json).map_err(|e| CliError::Render(e.into()))?;
    let data = template.with_resolved_locale(&data, command.locale.as_deref());
    let document = if command.social_card {
        template.compile_social_card(&data)
    } else {
        template.compile(&data)
    };
    let document = document.map_err(CliError::Render)?;
    if !document.warnings().is_empty() {
        terminal::eprint_line(&document.warnings().to_string());
    }
    let bytes =
        export(&document, &data, format, command).map_err(|e| CliError::Render(e.into()))?;
    fs::write(&command.output, bytes).map_err(|e| CliError::file("write", &command.output, e))?;
    Ok(ExitCode::SUCCESS)
}

fn export(
    document: &Document,
    data: &Data,
    format: OutputFormat,
    command: &Render,
) -> Result<Vec<u8>, ExportError> {
    match format {
        OutputFormat::Pdf => document.pdf(&pdf_metadata(data, None)),
        OutputFormat::Jpg => document.jpg(command.jpeg),
        OutputFormat::Png => document.png(),
    }
}

#[derive(Clone, Copy)]
enum OutputFormat {
    Pdf,
    Jpg,
    Png,
}

impl OutputFormat {
    fn from_extension(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("pdf") => Ok(Self::Pdf),
            Some("jpg" | "jpeg") => Ok(Self::Jpg),
            Some("png") => Ok(Self::Png),
            _ => {
                let path = path.display();
                Err(CliError::Usage(format!("{path}: the extension must be .pdf, .jpg or .png")))
            }
        }
    }
}
