//! The engine: one Typst library and one set of fonts for the life of the process, and the documents made with them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use comemo::Tracked;
use typst::diag::Warned;
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::{Page, PagedDocument};

use crate::data::Data;
use crate::diagnostics::Diagnostics;
use crate::error::{RenderError, TemplateError};
use crate::export::pdf::{self, PdfMetadata};
use crate::export::raster::{self, Jpeg};
use crate::fonts::Fonts;
use crate::lint::missing_glyphs;
use crate::lint::{self, LayoutIssue};
use crate::template::Layout;
use crate::template::Template;
use crate::world::TemplateWorld;

/// How many renders a memoised result outlives its last use.
const CACHE_AGE: usize = 10;

/// Loads templates. Make one for a process: everything loaded through it shares its caches.
#[derive(Clone)]
pub struct Engine {
    library: Arc<LazyHash<Library>>,
    fonts: Fonts,
}

impl Engine {
    /// Makes an engine that prints with these fonts.
    #[must_use]
    pub fn new(fonts: Fonts) -> Self {
        Self { library: Arc::new(LazyHash::new(Library::default())), fonts }
    }

    /// Loads the template in a folder: `typst.toml`, the entrypoint it names, `schema.json`, and whatever these use.
    ///
    /// # Errors
    /// [`TemplateError`] with the file that is missing, unreadable or wrong. Typst sources are looked at when rendering.
    pub fn load(&self, folder: &Path) -> Result<Template, TemplateError> {
        Template::load(self, folder)
    }

    /// Loads a template from files in memory. The paths are those that the files would have on disk; `folder` selects the
    /// template. Files outside it and outside the folder `shared` beside it are ignored.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_files<P, B>(
        &self,
        folder: impl AsRef<Path>,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Template, TemplateError>
    where
        P: AsRef<Path>,
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        Template::load_files(self, folder.as_ref(), files)
    }

    pub(crate) fn with_fonts(&self, fonts: Fonts) -> Self {
        Self { library: Arc::clone(&self.library), fonts }
    }

    pub(crate) fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    pub(crate) fn fonts(&self) -> &Fonts {
        &self.fonts
    }
}

/// A laid-out certificate, from which every output is made.
pub struct Document {
    layout: Layout,
    world: TemplateWorld,
    pages: PagedDocument,
    warnings: Diagnostics,
}

impl Document {
    pub(crate) fn compile(
        template: &Template,
        layout: &Layout,
        data: &Data,
    ) -> Result<Self, RenderError> {
        let result = catch_panics(|| compile_layout(template, layout, data));
        comemo::evict(CACHE_AGE);
        result
    }

    /// What Typst warned of, such as an unknown font family.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Exports all pages as a tagged PDF 1.7 with its fonts embedded and subset.
    ///
    /// # Errors
    /// [`RenderError::Template`] if something on the pages can't be put into a PDF.
    pub fn pdf(&self, stamp: &PdfMetadata<'_>) -> Result<Vec<u8>, RenderError> {
        catch_panics(|| pdf::export(&self.pages, stamp, &self.world))
    }

    /// Exports the first page as a JPEG in sRGB, on white where the page is transparent, at the size in the manifest and
    /// tagged with its resolution.
    ///
    /// # Errors
    /// [`RenderError::ImageSize`] if the page does not have the shape the manifest says.
    pub fn jpg(&self, jpeg: Jpeg) -> Result<Vec<u8>, RenderError> {
        catch_panics(|| raster::jpg(self.first_page(), self.layout.image, jpeg))
    }

    /// Exports the first page as a PNG with the same pixels that [`Self::jpg`] starts from, transparency kept.
    ///
    /// # Errors
    /// [`RenderError::ImageSize`] if the page does not have the shape the manifest says.
    pub fn png(&self) -> Result<Vec<u8>, RenderError> {
        catch_panics(|| raster::png(self.first_page(), self.layout.image))
    }

    /// Exports each page as an SVG image that holds all it shows, with glyphs as outlines.
    ///
    /// # Errors
    /// [`RenderError::Panic`] only.
    pub fn svg(&self) -> Result<Vec<String>, RenderError> {
        let options = typst_svg::SvgOptions::default();
        catch_panics(|| {
            Ok(self.pages.pages().iter().map(|page| typst_svg::svg(page, &options)).collect())
        })
    }

    /// Draws all pages, one below the other, on white: the picture that snapshots compare. `scale` is in pixels per point.
    ///
    /// # Errors
    /// [`RenderError::ImageSize`] if that would be more than [`ImageSize::MAX_PIXELS`](crate::ImageSize::MAX_PIXELS).
    pub fn page_image(&self, scale: f64) -> Result<image::RgbImage, RenderError> {
        catch_panics(|| raster::page_image(self.pages.pages(), scale))
    }

    /// Checks that the first page has the shape of the image in the manifest, without drawing it.
    ///
    /// # Errors
    /// [`RenderError::ImageSize`] if it has not.
    pub fn check_image(&self) -> Result<(), RenderError> {
        raster::scale(self.first_page().frame.size(), self.layout.image).map(drop)
    }

    /// Looks for what no reader should meet: text beyond its box or the page, and text too pale for what is under it.
    ///
    /// # Errors
    /// [`RenderError::ImageSize`] if a page is too large to look at.
    pub fn lint(&self) -> Result<Vec<LayoutIssue>, RenderError> {
        catch_panics(|| lint::layout_issues(self.pages.pages()))
    }

    /// The font families on its pages, sorted.
    #[must_use]
    pub fn font_families(&self) -> Vec<String> {
        lint::font_families(self.pages.pages())
    }

    /// The first page's width and height in points.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        let size = self.first_page().frame.size();
        (size.x.to_pt(), size.y.to_pt())
    }

    /// The width and height of its image in pixels.
    #[must_use]
    pub fn image_size(&self) -> [u32; 2] {
        [self.layout.image.width, self.layout.image.height]
    }

    /// How far the content of the first page stays from its edges in points, top, right, bottom and left; none without content.
    #[must_use]
    pub fn margins(&self) -> Option<[f64; 4]> {
        lint::margins(self.first_page())
    }

    fn first_page(&self) -> &Page {
        self.pages.pages().first().expect("a layout has at least one page")
    }
}

fn compile_layout(
    template: &Template,
    layout: &Layout,
    data: &Data,
) -> Result<Document, RenderError> {
    template.check(data)?;
    check_locale(template, data)?;
    let world = TemplateWorld::new(template, layout, data)?;
    let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
    let pages =
        output.map_err(|errors| RenderError::Template(Diagnostics::resolve(&world, &errors)))?;
    missing_glyphs::check(&pages, data)?;
    check_pages(&pages, layout.pages)?;
    let warnings = Diagnostics::resolve(&world, &warnings);
    Ok(Document { layout: layout.clone(), world, pages, warnings })
}

fn check_locale(template: &Template, data: &Data) -> Result<(), RenderError> {
    let supported = template.locales();
    match data.locale() {
        Some(locale) if !supported.is_empty() && !supported.iter().any(|tag| tag == locale) => {
            Err(RenderError::Locale { locale: locale.to_owned(), supported: supported.join(", ") })
        }
        _ => Ok(()),
    }
}

fn check_pages(document: &PagedDocument, expected: usize) -> Result<(), RenderError> {
    match document.pages().len() {
        found if found == expected => Ok(()),
        found => Err(RenderError::Pages { found, expected }),
    }
}

/// Turns a panic below into an error, so that one bad render never ends the process. Its text is left to the panic hook: it
/// could quote a learner.
fn catch_panics<T>(work: impl FnOnce() -> Result<T, RenderError>) -> Result<T, RenderError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(RenderError::Panic))
}

/// Holds only while our comemo is Typst's own. A second copy would have caches of its own, and evicting them would leave
/// Typst's to grow without a word.
#[expect(unused_qualifications, reason = "naming both copies is the point")]
const _: for<'a> fn(Tracked<'a, dyn World + 'a>) -> typst::comemo::Tracked<'a, dyn World + 'a> =
    |tracked| tracked;
