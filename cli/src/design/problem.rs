//! Problems of templates: each has a sentence for people and a stable code for programs.

use serde::Serialize;
use testamur_engine::{
    CompileError, DataError, Diagnostic, ExportError, LayoutIssue, LoadError, RenderError,
};
use testamur_pipeline::error::chain;

use crate::assets;

/// Something that is wrong with a template. A designer has to fix it; a review can't accept it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Problem {
    pub(crate) code: ProblemCode,
    /// What is wrong, such as `locales/fr.toml: missing key title`.
    pub(crate) message: String,
}

/// The kind of a problem. `--json` prints it, such as `unused-file`, so a name never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProblemCode {
    /// A file of the template is missing or invalid, so it can't be loaded.
    InvalidTemplate,
    /// A file or folder has a name that is nearly right, so that nothing reads it.
    Misnamed,
    /// The folder and typst.toml name the template differently.
    NameMismatch,
    /// The default locale has no file of strings.
    MissingLocale,
    /// A file of strings can't be read or is not TOML.
    InvalidLocale,
    /// The shared helpers have no dates and numbers for a locale.
    UnsupportedLocale,
    /// A sample names a locale that the template does not have.
    UnknownLocale,
    /// A locale lacks a string of the default locale.
    MissingKey,
    /// A locale has a string that the default locale lacks.
    UnknownKey,
    /// There are no samples.
    NoSamples,
    /// A sample is not JSON.
    InvalidSample,
    /// A sample does not match the schema.
    InvalidData,
    /// The layout does not compile.
    CompileError,
    /// The compiler printed a warning.
    Warning,
    /// No font has a glyph for a character.
    UnsupportedCharacter,
    /// The layout has another number of pages than typst.toml declares.
    PageCount,
    /// The page and the declared image have different aspect ratios.
    ImageSize,
    /// Rendering failed for another reason.
    RenderError,
    /// Text overflows its box or the page.
    Overflow,
    /// Text has too little contrast.
    Contrast,
    /// Text is too small to read.
    SmallText,
    /// The letters of a word come from two fonts.
    MixedFonts,
    /// A font family lacks a face that the layout asks for.
    MissingFace,
    /// An SVG picture names fonts that are not there.
    PictureFont,
    /// The ink of two lines touches.
    TouchingLines,
    /// A font file of the template can't be read.
    UnreadableFont,
    /// No layout reads a file.
    UnusedFile,
    /// No layout uses a font of the template.
    UnusedFont,
    /// A file is too large.
    LargeFile,
}

impl Problem {
    pub(crate) fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The problem of a case or a file: the message begins with its name, such as `ada.fr: `.
    pub(crate) fn within(self, name: &str) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }
}

impl From<&LoadError> for Problem {
    fn from(error: &LoadError) -> Self {
        Self::new(ProblemCode::InvalidTemplate, chain(error))
    }
}

impl From<&RenderError> for Problem {
    fn from(error: &RenderError) -> Self {
        let code = match error {
            RenderError::Data(DataError::Json(_)) => ProblemCode::InvalidSample,
            RenderError::Data(DataError::UnknownLocale { .. }) => ProblemCode::UnknownLocale,
            RenderError::Data(_) => ProblemCode::InvalidData,
            RenderError::Compile(CompileError::Template(_)) => ProblemCode::CompileError,
            RenderError::Compile(
                CompileError::MissingCharacters(_) | CompileError::ForbiddenFallback(_),
            ) => ProblemCode::UnsupportedCharacter,
            RenderError::Compile(CompileError::IllegibleText { .. }) => ProblemCode::SmallText,
            RenderError::Compile(CompileError::PageCount { .. }) => ProblemCode::PageCount,
            RenderError::Export(ExportError::AspectRatio { .. }) => ProblemCode::ImageSize,
            _ => ProblemCode::RenderError,
        };
        Self::new(code, assets::explain(error))
    }
}

impl From<&LayoutIssue> for Problem {
    fn from(issue: &LayoutIssue) -> Self {
        let code = match issue {
            LayoutIssue::Contrast { .. } => ProblemCode::Contrast,
            LayoutIssue::SmallText { .. } => ProblemCode::SmallText,
            LayoutIssue::MixedFonts { .. } => ProblemCode::MixedFonts,
            LayoutIssue::MissingFace { .. } => ProblemCode::MissingFace,
            LayoutIssue::PictureFont { .. } => ProblemCode::PictureFont,
            LayoutIssue::TouchingLines { .. } => ProblemCode::TouchingLines,
            _ => ProblemCode::Overflow,
        };
        Self::new(code, issue.to_string())
    }
}

/// A warning of the compiler, in one line.
impl From<&Diagnostic> for Problem {
    fn from(warning: &Diagnostic) -> Self {
        let location = warning.location.as_ref().map_or_else(String::new, |location| {
            format!(" ({}:{}:{})", location.file, location.line, location.column)
        });
        Self::new(ProblemCode::Warning, format!("warning: {}{location}", warning.message))
    }
}
