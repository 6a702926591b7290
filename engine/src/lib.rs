#![doc = include_str!("../README.md")]
#![warn(missing_debug_implementations)]

// No import cycle: each of these modules imports only modules to its left.
// names, color, diagnostics, json, error, coverage, data, fonts, engine, word_fonts, template,
// measure, export, lint, world, document
mod color;
mod coverage;
mod data;
mod diagnostics;
mod document;
mod engine;
mod error;
mod export;
mod fonts;
mod json;
mod lint;
mod measure;
mod names;
mod template;
mod word_fonts;
mod world;

pub use data::{Data, is_invisible, normalize_text};
pub use diagnostics::{Diagnostic, Diagnostics, Severity, SourceLocation};
pub use document::Document;
pub use engine::Engine;
pub use error::{
    CompileError, DataError, ExportError, LoadError, MissingCharacter, RenderError, SchemaViolation,
};
pub use export::{JpegEncoder, JpegEncoderError, PdfMetadata};
pub use fonts::Fonts;
pub use json::{JsonError, ParsedJson, decode, parse_json, wide_encoding};
pub use lint::LayoutIssue;
pub use names::{misnamed_file, nearest_name};
pub use template::{
    AccentColor, AccentColorError, ImageSize, Layout, Manifest, SnapshotTolerance, Template,
    best_locale, canonical_locale,
};

/// Returns the version of the Typst compiler that the engine contains, such as `0.15.1`.
#[must_use]
pub fn typst_version() -> &'static str {
    typst::utils::version().raw()
}
