//! `testamur render`: one file from a template and data.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use testamur_engine::Data;
use testamur_pipeline::model::certificate_data::pdf_metadata;

use crate::args::{Cli, Render};
use crate::design::template_dir::TemplateDir;
use crate::error::CliError;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Render) -> Result<ExitCode, CliError> {
    let format = OutputFormat::of(&command.output)?;
    let template_dir = TemplateDir::open(cli)?;
    let template = template_dir.load(&template_dir.find(&command.template)?)?;
    let data = fs::read(&command.data).map_err(|e| CliError::file("read", &command.data, &e))?;
    let data = Data::from_json(&data).map_err(|e| CliError::Render(e.into()))?;
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
    let bytes = match format {
        OutputFormat::Pdf => document.pdf(&pdf_metadata(&data, None)),
        OutputFormat::Jpg => document.jpg(command.jpeg),
        OutputFormat::Png => document.png(),
    };
    let bytes = bytes.map_err(|e| CliError::Render(e.into()))?;
    fs::write(&command.output, bytes).map_err(|e| CliError::file("write", &command.output, &e))?;
    Ok(ExitCode::SUCCESS)
}

enum OutputFormat {
    Pdf,
    Jpg,
    Png,
}

impl OutputFormat {
    fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("pdf") => Ok(Self::Pdf),
            Some("jpg" | "jpeg") => Ok(Self::Jpg),
            Some("png") => Ok(Self::Png),
            _ => Err(CliError::Usage(format!(
                "{}: the extension must be .pdf, .jpg or .png",
                path.display()
            ))),
        }
    }
}
