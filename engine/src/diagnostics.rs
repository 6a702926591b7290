//! Typst's errors and warnings, resolved to files and lines.
//!
//! They are resolved as soon as Typst returns them, because a span has no meaning without the
//! sources of the compilation that made it.

use std::fmt;

use typst::WorldExt;
use typst::diag::SourceDiagnostic;
use typst::syntax::DiagSpan;
use typst_kit::diagnostics::termcolor::{Ansi, NoColor, WriteColor};
use typst_kit::diagnostics::{DiagnosticFormat, DiagnosticWorld, emit};

/// How serious a diagnostic is. Typst has these two levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Typst made no document.
    Error,
    /// Typst made a document that may not be the intended one.
    Warning,
}

/// One error or warning of Typst.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether this is an error or a warning.
    pub severity: Severity,
    /// What is wrong, such as `unknown variable: nmae`.
    pub message: String,
    /// Typst's suggestions, in the order Typst gives them.
    pub hints: Vec<String>,
    /// Where the problem is. `None` if it belongs to no particular line.
    pub location: Option<SourceLocation>,
    /// The calls and imports that led to the problem, innermost first, with their locations where
    /// these are known.
    pub trace: Vec<(String, Option<SourceLocation>)>,
}

/// A position in a file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLocation {
    /// The file's path, beginning with the folder from which the template was loaded, such as
    /// `templates/completion/main.typ`.
    pub file: String,
    /// The line number, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line, without the line break.
    pub text: String,
}

/// Leaves out the text of the line, because the file may be a learner's data.
impl fmt::Debug for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Errors and warnings in the order Typst reports them.
///
/// [`Display`](fmt::Display) formats them like the `typst` command, with source line, caret and
/// hints, without color:
///
/// ```text
/// error: dictionary does not contain key "nmae"
///   ┌─ templates/completion/main.typ:2:6
///   │
/// 2 │ #data.nmae
///   │       ^^^^
/// ```
#[derive(Clone, Default)]
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
            plain: format(world, diagnostics, NoColor::new(Vec::new()), NoColor::into_inner),
            colored: format(world, diagnostics, Ansi::new(Vec::new()), Ansi::into_inner),
        }
    }

    /// Iterates over the errors and warnings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Returns true if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the text of [`Display`](fmt::Display) with ANSI colors for a terminal.
    #[must_use]
    pub fn colored(&self) -> &str {
        &self.colored
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
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
        location: location(world, diagnostic.span),
        trace: diagnostic
            .trace
            .iter()
            .map(|point| (point.v.to_string(), location(world, point.span.into())))
            .collect(),
    }
}

fn location(world: &dyn DiagnosticWorld, span: DiagSpan) -> Option<SourceLocation> {
    let id = span.id()?;
    let start = world.range(span)?.start;
    let lines = world.file(id).ok()?.lines().ok()?;
    let (line, column) = lines.byte_to_line_column(start)?;
    let text = lines.text().get(lines.line_to_range(line)?)?.trim_end().to_owned();
    Some(SourceLocation { file: world.name(id), line: line + 1, column: column + 1, text })
}

fn format<W: WriteColor>(
    world: &dyn DiagnosticWorld,
    diagnostics: &[SourceDiagnostic],
    mut writer: W,
    into_bytes: impl FnOnce(W) -> Vec<u8>,
) -> String {
    // `emit` fails only if a span points into a file that can't be read. The text before the
    // failure is still useful, so the error is ignored.
    let _ = emit(&mut writer, world, diagnostics, DiagnosticFormat::Human);
    String::from_utf8_lossy(&into_bytes(writer)).into_owned()
}
