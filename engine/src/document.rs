//! Documents: compiling a template with data, and exporting the result.
//!
//! This module is the top of the crate: it calls Typst and the other modules, and none of them
//! depends on it. It makes three guarantees: the layout is the declared one with a glyph for every
//! character, memoized results are evicted, and no panic of Typst or an encoder leaves the crate.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use comemo::Tracked;
use typst::World;
use typst::diag::{SourceDiagnostic, Warned};
use typst_layout::{Page, PagedDocument};

use crate::data::Data;
use crate::diagnostics::Diagnostics;
use crate::error::{CompileError, ExportError, RenderError};
use crate::export::{JpegEncoder, PdfMetadata};
use crate::export::{jpeg, pdf, png, raster, svg};
use crate::lint::{self, LayoutIssue, missing_glyphs, small_text};
use crate::measure;
use crate::template::{Layout, Template};
use crate::world::{RecordingWorld, TemplateWorld};

/// Typst's memoized results are evicted if this number of compilations did not use them.
const CACHE_AGE: usize = 10;

/// A compiled certificate or social card, ready to export.
///
/// All outputs come from the same pages, so they agree.
///
/// ```
/// use testamur_engine::{Data, Engine, Fonts, JpegEncoder, PdfMetadata};
///
/// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
/// let template = engine.load("tests/fixtures/hello")?;
/// let data = Data::from_json(br#"{"userName": "Ada Lovelace", "locale": "en"}"#)?;
/// let document = template.compile(&data)?;
/// assert_eq!(document.size(), (300.0, 150.0));
/// assert!(document.warnings().is_empty() && document.lint()?.is_empty());
///
/// let pdf = document.pdf(&PdfMetadata::new("certificate 1"))?;
/// let jpg = document.jpg(JpegEncoder::Fast)?;
/// assert!(pdf.starts_with(b"%PDF-1.7") && jpg.starts_with(b"\xff\xd8"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Document {
    layout: Layout,
    world: TemplateWorld,
    pages: PagedDocument,
    warnings: Diagnostics,
}

impl Template {
    /// Compiles the certificate with data.
    ///
    /// # Errors
    /// - [`RenderError::Data`] if [`Template::check`] fails, or the value for the QR code is not
    ///   usable.
    /// - [`RenderError::Compile`] if the template has errors, a character has no glyph, or the
    ///   number of pages differs from the manifest.
    pub fn compile(&self, data: &Data) -> Result<Document, RenderError> {
        Document::compile(self, &self.manifest().page, data)
    }

    /// Compiles the social card with data.
    ///
    /// # Errors
    /// [`CompileError::NoSocialCard`] if the manifest declares none, and all errors of
    /// [`Template::compile`].
    pub fn compile_social_card(&self, data: &Data) -> Result<Document, RenderError> {
        let manifest = self.manifest();
        let layout = manifest
            .social_card
            .as_ref()
            .ok_or_else(|| CompileError::NoSocialCard(manifest.id.clone()))?;
        Document::compile(self, layout, data)
    }
}

impl Document {
    fn compile(template: &Template, layout: &Layout, data: &Data) -> Result<Self, RenderError> {
        let result = catch_panics(CompileError::Panic.into(), || {
            template.check(data)?;
            let world = TemplateWorld::new(template, layout, data)?;
            Ok(Self::compile_world(world, layout, data, template.forbids_fallback())?)
        });
        // After failures too: without eviction, Typst's cache grows with every learner.
        comemo::evict(CACHE_AGE);
        result
    }

    fn compile_world(
        world: TemplateWorld,
        layout: &Layout,
        data: &Data,
        forbids_fallback: bool,
    ) -> Result<Self, CompileError> {
        let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
        let pages = output.map_err(|e| CompileError::Template(Diagnostics::resolve(&world, &e)))?;
        if forbids_fallback {
            check_families(&world, &warnings)?;
        }
        missing_glyphs::check(&pages, data, world.template())?;
        small_text::check(&pages, data)?;
        let (found, expected) = (pages.pages().len(), layout.pages);
        if found != expected {
            return Err(CompileError::PageCount { found, expected });
        }
        let warnings = Diagnostics::resolve(&world, &warnings);
        Ok(Self { layout: layout.clone(), world, pages, warnings })
    }

    /// Returns Typst's warnings, such as an unknown font family.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    fn first_page(&self) -> &Page {
        self.pages.pages().first().expect("the manifest declares at least one page")
    }
}

/// Exports.
impl Document {
    /// Exports all pages as a tagged PDF 1.7. Fonts are embedded and subset.
    ///
    /// The same document and metadata give the same bytes.
    ///
    /// # Errors
    /// [`ExportError::Pdf`] if something on the pages is not allowed in a PDF.
    pub fn pdf(&self, metadata: &PdfMetadata<'_>) -> Result<Vec<u8>, ExportError> {
        catch_panics(ExportError::Panic, || {
            pdf::export(&self.pages, metadata)
                .map_err(|errors| ExportError::Pdf(Diagnostics::resolve(&self.world, &errors)))
        })
    }

    /// Exports the first page as a JPEG in sRGB, at the size and quality in the manifest.
    ///
    /// Transparent parts of the page become white. The file contains the resolution in dots per
    /// inch, so its physical size is that of the page.
    ///
    /// # Errors
    /// [`ExportError::AspectRatio`] if the image size does not match the page.
    pub fn jpg(&self, encoder: JpegEncoder) -> Result<Vec<u8>, ExportError> {
        catch_panics(ExportError::Panic, || {
            jpeg::export(self.first_page(), self.layout.image, encoder)
        })
    }

    /// Exports the first page as a PNG at the size in the manifest. Transparency is kept.
    ///
    /// # Errors
    /// [`ExportError::AspectRatio`] if the image size does not match the page.
    pub fn png(&self) -> Result<Vec<u8>, ExportError> {
        catch_panics(ExportError::Panic, || png::export(self.first_page(), self.layout.image))
    }

    /// Exports each page as a self-contained SVG image, with glyphs as outlines.
    ///
    /// # Errors
    /// [`ExportError::Panic`] only.
    pub fn svg(&self) -> Result<Vec<String>, ExportError> {
        catch_panics(ExportError::Panic, || Ok(svg::export(self.pages.pages())))
    }

    /// Draws all pages below each other on white: the image that a snapshot compares.
    ///
    /// # Errors
    /// [`ExportError::TooManyPixels`] if the image would exceed
    /// [`ImageSize::MAX_PIXELS`](crate::ImageSize::MAX_PIXELS).
    pub fn page_image(&self, pixels_per_pt: f64) -> Result<image::RgbImage, ExportError> {
        catch_panics(ExportError::Panic, || raster::page_image(self.pages.pages(), pixels_per_pt))
    }
}

/// Checks and measurements.
impl Document {
    /// Checks that the image size in the manifest matches the first page, without drawing it.
    ///
    /// # Errors
    /// [`ExportError::AspectRatio`] if the image size does not match the page.
    pub fn check_image(&self) -> Result<(), ExportError> {
        raster::scale(self.first_page().frame.size(), self.layout.image).map(drop)
    }

    /// Lints the document: reports every [`LayoutIssue`].
    ///
    /// This compiles the document again to find faces that a font family lacks.
    ///
    /// # Errors
    /// [`ExportError::TooManyPixels`] if a page is too large to draw.
    pub fn lint(&self) -> Result<Vec<LayoutIssue>, ExportError> {
        let recorded = self.record().map_err(|_| ExportError::Panic)?;
        catch_panics(ExportError::Panic, || {
            let (pages, template) = (self.pages.pages(), self.world.template());
            let mut issues = lint::lint(pages, self.layout.min_text_size, template)?;
            issues.extend(recorded.into_missing_faces());
            Ok(issues)
        })
    }

    /// Compiles the document again with a world that records what it reads.
    fn record(&self) -> Result<RecordingWorld<'_>, CompileError> {
        let result = catch_panics(CompileError::Panic, || {
            let world = RecordingWorld::new(&self.world);
            // The result is dropped, because it equals this document.
            drop(typst::compile::<PagedDocument>(&world));
            Ok(world)
        });
        comemo::evict(CACHE_AGE);
        result
    }

    /// Returns the names of the font families on the pages, sorted.
    #[must_use]
    pub fn font_families(&self) -> Vec<String> {
        measure::font_families(self.pages.pages())
    }

    /// Returns the width and height of the first page in points.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        let size = self.first_page().frame.size();
        (size.x.to_pt(), size.y.to_pt())
    }

    /// Returns the width and height of the first page's image in pixels.
    #[must_use]
    pub fn image_size(&self) -> [u32; 2] {
        [self.layout.image.width, self.layout.image.height]
    }

    /// Returns the distances of the content from the edges of the first page in points: top,
    /// right, bottom, left. Shapes and edge-to-edge images count as background. Returns `None`
    /// for a page without content.
    #[must_use]
    pub fn margins(&self) -> Option<[f64; 4]> {
        measure::margins(self.first_page())
    }

    /// Returns the template's files that the layout reads, relative to its folder, such as
    /// `assets/logo.svg`.
    ///
    /// This compiles the document again with a world that records file access; normal compilations
    /// record nothing. The injected files, such as `data.json`, are included, files in `shared`
    /// are not.
    ///
    /// ```
    /// # let fonts = testamur_engine::Fonts::load("../fonts/source-sans-3")?;
    /// # let engine = testamur_engine::Engine::new(fonts);
    /// # let template = engine.load("tests/fixtures/hello")?;
    /// # let data = serde_json::json!({ "userName": "Ada", "locale": "fr" });
    /// let document = template.compile(&testamur_engine::Data::new(data))?;
    /// let files = document.files_read()?;
    /// assert_eq!(files.iter().collect::<Vec<_>>(), ["data.json", "locales/fr.toml", "main.typ"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CompileError::Panic`] only.
    pub fn files_read(&self) -> Result<BTreeSet<String>, CompileError> {
        Ok(self.record()?.into_paths())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("layout", &self.layout)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Fails if a font family is unknown. Without fallback, Typst omits the text in it.
fn check_families(
    world: &TemplateWorld,
    warnings: &[SourceDiagnostic],
) -> Result<(), CompileError> {
    let is_unknown =
        |warning: &&SourceDiagnostic| warning.message.starts_with("unknown font family");
    let unknown: Vec<_> = warnings.iter().filter(is_unknown).cloned().collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(CompileError::Template(Diagnostics::resolve(world, &unknown)))
    }
}

/// Turns a panic into an error. Without this, one document could end the process.
///
/// The panic's message is deliberately not part of the error, because it could quote the data.
fn catch_panics<T, E>(panic: E, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // Unwind safety: the closures share only Typst's caches, which are made for this, and files,
    // which no compilation changes.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(panic))
}

/// Fails to compile if our `comemo` and Typst's differ in version. [`comemo::evict`] would then
/// clear the wrong cache, and Typst's would grow without bound.
#[expect(unused_qualifications, reason = "the types of both copies must be named")]
const _: for<'a> fn(Tracked<'a, dyn World + 'a>) -> typst::comemo::Tracked<'a, dyn World + 'a> =
    |tracked| tracked;
