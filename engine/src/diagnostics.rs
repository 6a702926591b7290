//! Typst's errors and warnings, resolved to files and lines while the sources are at hand.

use std::fmt;

use typst::WorldExt;
use typst::diag::SourceDiagnostic;
use typst::syntax::DiagSpan;
use typst_kit::diagnostics::termcolor::{Ansi, NoColor, WriteColor};
use typst_kit::diagnostics::{DiagnosticFormat, DiagnosticWorld, emit};

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// There is no document.
    Error,
    /// There is a document, perhaps not the one that was meant.
    Warning,
}

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What could be done about it.
    pub hints: Vec<String>,
    /// Where it is; none if it concerns no place in particular.
    pub place: Option<SourceLocation>,
    /// The calls and imports that led there, innermost first, where they are known.
    pub trace: Vec<(String, Option<SourceLocation>)>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file, as the caller named the template's folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

/// Errors and warnings in the order Typst found them.
///
/// [`Display`](fmt::Display) prints them as the stock Typst command does, with source line, caret and hints, without colour.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    plain: String,
    colored: String,
}

impl Diagnostics {
    pub(crate) fn resolve(world: &dyn DiagnosticWorld, diagnostics: &[SourceDiagnostic]) -> Self {
        if diagnostics.is_empty() {
            return Self::default();
        }
        Self {
            list: diagnostics.iter().map(|diagnostic| resolve_one(world, diagnostic)).collect(),
            plain: printed(world, diagnostics, NoColor::new(Vec::new()), NoColor::into_inner),
            colored: printed(world, diagnostics, Ansi::new(Vec::new()), Ansi::into_inner),
        }
    }

    /// Each diagnostic.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same text as [`Display`](fmt::Display) prints, with ANSI colours for a terminal.
    #[must_use]
    pub fn colored(&self) -> &str {
        &self.colored
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plain.trim_end())
    }
}

fn resolve_one(world: &dyn DiagnosticWorld, diagnostic: &SourceDiagnostic) -> Diagnostic {
    Diagnostic {
        severity: match diagnostic.severity {
            typst::diag::Severity::Error => Severity::Error,
            typst::diag::Severity::Warning => Severity::Warning,
        },
        message: diagnostic.message.to_string(),
        hints: diagnostic.hints.iter().map(|hint| hint.v.to_string()).collect(),
        place: place(world, diagnostic.span),
        trace: diagnostic
            .trace
            .iter()
            .map(|point| (point.v.to_string(), place(world, point.span.into())))
            .collect(),
    }
}

fn place(world: &dyn DiagnosticWorld, span: DiagSpan) -> Option<SourceLocation> {
    let id = span.id()?;
    let start = world.range(span)?.start;
    let lines = world.file(id).ok()?.lines().ok()?;
    let (line, column) = lines.byte_to_line_column(start)?;
    let text = lines.text().get(lines.line_to_range(line)?)?.trim_end().to_owned();
    Some(SourceLocation { file: world.name(id), line: line + 1, column: column + 1, text })
}

fn printed<W: WriteColor>(
    world: &dyn DiagnosticWorld,
    diagnostics: &[SourceDiagnostic],
    mut writer: W,
    into_bytes: impl FnOnce(W) -> Vec<u8>,
) -> String {
    // A span whose file has vanished can't be shown; what was printed before it still helps.
    let _ = emit(&mut writer, world, diagnostics, DiagnosticFormat::Human);
    String::from_utf8_lossy(&into_bytes(writer)).into_owned()
}
