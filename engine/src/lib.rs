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

mod coverage;
mod data;
mod diagnostics;
mod engine;
mod error;
mod fonts;
mod inspect;
mod locale;
mod manifest;
mod pdf;
mod qr;
mod raster;
mod template;
mod world;

pub use data::{Data, clean_text};
pub use diagnostics::{Diagnostic, Diagnostics, Place, Severity};
pub use engine::{Document, Engine};
pub use error::{DataFault, FontError, RenderError, TemplateError};
pub use fonts::Fonts;
pub use inspect::Finding;
pub use locale::canonical_locale;
pub use manifest::{ImageSize, Layout, Manifest, SnapshotRules};
pub use pdf::PdfStamp;
pub use raster::{Jpeg, JpegEncoder};
pub use template::Template;
