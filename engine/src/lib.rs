//! Typesets certificates: a template folder and a learner's data become pages, and the pages a PDF, a JPG or a PNG.
//!
//! ```no_run
//! use testamur_engine::{Data, Engine, Fonts, Jpeg};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Fonts::load("fonts".as_ref())?);
//! let template = engine.load("templates/completion".as_ref())?;
//! let data = Data::from_json(br#"{"userName": "Ada Lovelace"}"#)?;
//! let document = template.render(&data)?;
//! std::fs::write("ada.jpg", document.jpg(Jpeg::default())?)?;
//! # Ok(())
//! # }
//! ```
//!
//! It reads fonts and templates from disk and is otherwise bytes in, bytes out. It deliberately leaves out clocks, random
//! numbers, the network, async code, and everything about where certificates come from or go to: time and ids are
//! parameters, so the same input yields the same bytes.

mod data;
mod diagnostics;
mod engine;
mod error;
mod export;
mod fonts;
mod lint;
mod template;
mod world;

pub use data::{Data, normalize_text};
pub use diagnostics::{Diagnostic, Diagnostics, Severity, SourceLocation};
pub use engine::{Document, Engine};
pub use error::{DataFault, FontError, RenderError, TemplateError};
pub use export::{Jpeg, JpegEncoder, PdfMetadata};
pub use fonts::Fonts;
pub use lint::LayoutIssue;
pub use template::{ImageSize, Layout, Manifest, SnapshotTolerance, Template, canonical_locale};

/// Returns the version of the Typst compiler that the engine contains, such as `0.15.1`.
#[must_use]
pub fn typst_version() -> &'static str {
    typst::utils::version().raw()
}
