//! The JSON that the page of the preview and its server exchange.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use testamur_engine::{Diagnostic, SchemaViolation, Severity};

/// A request to render.
#[derive(Deserialize)]
pub(super) struct RenderRequest {
    pub(super) template: String,
    pub(super) sample: String,
    /// The locale, such as `pt-BR`; none means the locale of the data.
    pub(super) locale: Option<String>,
    #[serde(default)]
    pub(super) output: PreviewOutput,
    /// Edited data, used instead of the sample.
    pub(super) data: Option<Value>,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PreviewOutput {
    /// The certificate as SVG.
    #[default]
    Page,
    /// The certificate as the JPG that is issued with it.
    Thumbnail,
    SocialCard,
    /// The HTML of the e-mail.
    Mail,
    /// The text of the e-mail.
    MailText,
}

/// A file to download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DownloadFormat {
    Pdf,
    Jpg,
    Png,
    SocialCard,
}

/// An entry of the list of templates.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum TemplateEntry {
    Usable {
        id: String,
        description: String,
        samples: Vec<String>,
        locales: Vec<String>,
        outputs: &'static [PreviewOutput],
    },
    /// A template that can't be loaded, and why.
    Broken { id: String, error: String },
}

/// The reply to a [`RenderRequest`].
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum RenderReply {
    Rendered(Rendered),
    Mail(RenderedMailParts),
    Failed {
        errors: Vec<PreviewDiagnostic>,
        /// The errors as the command line prints them.
        text: String,
    },
}

/// Rendered pages. Lengths are in points for the page, and in pixels for images.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rendered {
    /// A hash of the images.
    pub(super) version: String,
    /// The paths of the images, one for each page.
    pub(super) images: Vec<String>,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) margins: Option<Margins>,
    pub(super) warnings: Vec<PreviewDiagnostic>,
    pub(super) locale: Option<String>,
    /// The time that rendering took.
    pub(super) milliseconds: f64,
}

/// A rendered e-mail.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RenderedMailParts {
    /// A hash of the documents.
    pub(super) version: String,
    pub(super) subject: String,
    pub(super) text: String,
    /// The path of the HTML as a mail program in light colors shows it.
    pub(super) light: String,
    /// The path of the HTML as a mail program in dark colors shows it.
    pub(super) dark: String,
    pub(super) locale: Option<String>,
    /// The time that rendering took.
    pub(super) milliseconds: f64,
}

/// The distances of the content from the edges of the page.
#[derive(Serialize)]
pub(super) struct Margins {
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) left: f64,
}

/// An error or a warning.
#[derive(Serialize)]
pub(super) struct PreviewDiagnostic {
    severity: &'static str,
    message: String,
    hints: Vec<String>,
    /// The field of the data that it concerns, such as `scores/0/title`.
    path: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    /// The text of the line.
    source: Option<String>,
}

/// A message to the page that files have changed: those of a template, or of any if none.
#[derive(Serialize)]
pub(super) struct Change {
    pub(super) template: Option<String>,
}

impl PreviewDiagnostic {
    pub(super) fn error(message: String) -> Self {
        Self::new("error", message)
    }

    pub(super) fn warning(message: String) -> Self {
        Self::new("warning", message)
    }

    fn new(severity: &'static str, message: String) -> Self {
        let (hints, path, file, line, column, source) = Default::default();
        Self { severity, message, hints, path, file, line, column, source }
    }
}

impl From<&Diagnostic> for PreviewDiagnostic {
    fn from(diagnostic: &Diagnostic) -> Self {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (hints, location) = (diagnostic.hints.clone(), diagnostic.location.as_ref());
        Self {
            hints,
            file: location.map(|location| location.file.clone()),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
            source: location.map(|location| location.text.clone()),
            ..Self::new(severity, diagnostic.message.clone())
        }
    }
}

impl From<&SchemaViolation> for PreviewDiagnostic {
    fn from(violation: &SchemaViolation) -> Self {
        Self { path: Some(violation.path.clone()), ..Self::error(violation.message.clone()) }
    }
}
