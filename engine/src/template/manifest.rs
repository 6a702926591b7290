//! A template's `typst.toml`: the table `[package]`, which every Typst tool reads, and the table
//! `[tool.testamur]`, which only this crate reads.

use std::error::Error;

use serde::Deserialize;
use typst::syntax::package::{PackageManifest, PackageVersion};

use super::accent::AccentColor;
use crate::names::nearest_name;

/// The name of this crate's table below `tool`.
const TABLE: &str = "testamur";

/// The contents of a template's `typst.toml`.
///
/// ```
/// use testamur_engine::{Engine, Fonts};
///
/// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
/// let template = engine.load("tests/fixtures/hello")?;
/// let manifest = template.manifest();
/// assert_eq!((manifest.id.as_str(), manifest.locale.as_str()), ("hello", "en"));
/// assert_eq!((manifest.page.image.width, manifest.page.image.height), (600, 300));
/// # Ok::<(), testamur_engine::LoadError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Manifest {
    /// The template's name, such as `completion`. Key: `package.name`.
    pub id: String,
    /// The template's version, such as `1.0.0`. Key: `package.version`.
    pub version: String,
    /// What the template is for, in a sentence; may be empty. Key: `package.description`.
    pub description: String,
    /// The data field whose value the file `qr.svg` encodes as a QR code, such as
    /// `certificateUrl`. Key: `tool.testamur.qr`.
    pub qr: Option<String>,
    /// The color of the template outside of its pages, such as in the e-mail. Key:
    /// `tool.testamur.accent`.
    pub accent: Option<AccentColor>,
    /// The default locale, used if neither the caller nor the data names one. Key:
    /// `tool.testamur.locale`; `en` if it is missing.
    pub locale: String,
    /// The certificate. Keys: `package.entrypoint`, `tool.testamur.pages` (1 if it is missing) and
    /// the table `[tool.testamur.image]`.
    pub page: Layout,
    /// The social card, if there is one. Table: `[tool.testamur.social-card]`.
    pub social_card: Option<Layout>,
    /// How snapshots are drawn and compared. Table: `[tool.testamur.snapshots]`.
    pub snapshots: SnapshotTolerance,
}

/// A layout of a template: the certificate or the social card.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Layout {
    /// The Typst file to compile, relative to the template's folder, such as `main.typ`.
    pub entrypoint: String,
    /// The exact number of pages. Overflowing content makes more, which is an error.
    pub pages: usize,
    /// The size and quality of the image of the first page.
    pub image: ImageSize,
    /// The size in points below which text is a problem. Key: `tool.testamur.min-text-size`; 6 if it
    /// is missing.
    pub min_text_size: f64,
}

/// The size and quality of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ImageSize {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels. It must match the page's aspect ratio to within half a pixel.
    pub height: u32,
    /// The JPEG quality, 1 to 100; 85 if it is missing.
    #[serde(default = "ImageSize::default_quality")]
    pub quality: u8,
}

/// How snapshots are drawn, and how much an image may differ from its reference.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct SnapshotTolerance {
    /// The largest difference of a color channel, of 255, that does not count. Key: `max-delta`.
    pub max_delta: u8,
    /// How many pixels may differ by more than that. Key: `max-deviations`.
    pub max_deviations: u32,
    /// The resolution, 0.1 to 4 pixels per point. At 1, a shift by a hairline is visible; a lower
    /// resolution makes smaller reference files. Key: `pixels-per-pt`.
    pub pixels_per_pt: f64,
}

impl Default for SnapshotTolerance {
    /// Tolerates differences in rounding between processors, which are invisible: 10 pixels that
    /// differ by more than 2 of 255, at 1 pixel per point.
    fn default() -> Self {
        Self { max_delta: 2, max_deviations: 10, pixels_per_pt: 1.0 }
    }
}

/// The table `[tool.testamur]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tool {
    qr: Option<String>,
    #[serde(default = "default_locale")]
    locale: String,
    #[serde(default = "default_pages")]
    pages: usize,
    #[serde(default = "default_min_text_size")]
    min_text_size: f64,
    image: ImageSize,
    social_card: Option<SocialCard>,
    #[serde(default)]
    snapshots: SnapshotTolerance,
    accent: Option<AccentColor>,
}

/// The table `[tool.testamur.social-card]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SocialCard {
    entrypoint: String,
    width: u32,
    height: u32,
    #[serde(default = "ImageSize::default_quality")]
    quality: u8,
}

impl Manifest {
    /// Parses a manifest. An error names the line and column, or the key and its expected value.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut manifest: PackageManifest = toml::from_str(text)?;
        check_compiler(&manifest)?;
        let table = manifest.tool.sections.remove(TABLE).ok_or_else(|| no_table(&manifest))?;
        let tool = Tool::deserialize(table).map_err(|e| {
            let message = e.to_string();
            let meant = meant_key(&message)
                .map_or_else(String::new, |key| format!("; did you mean `{key}`?"));
            format!("in [tool.testamur]: {}{meant}", message.trim_end())
        })?;
        tool.check()?;
        Ok(Self {
            id: manifest.package.name.into(),
            version: manifest.package.version.to_string(),
            description: manifest.package.description.unwrap_or_default().into(),
            qr: tool.qr,
            accent: tool.accent,
            locale: tool.locale,
            page: Layout {
                entrypoint: manifest.package.entrypoint.into(),
                pages: tool.pages,
                image: tool.image,
                min_text_size: tool.min_text_size,
            },
            social_card: tool.social_card.map(|card| card.into_layout(tool.min_text_size)),
            snapshots: tool.snapshots,
        })
    }
}

/// The message about a manifest without the table of this crate.
fn no_table(manifest: &PackageManifest) -> String {
    let tables = manifest.tool.sections.keys().map(|name| &**name);
    let advice = nearest_name(TABLE, tables).map_or_else(
        || "add it, with at least [tool.testamur.image]".to_owned(),
        |found| format!("rename [tool.{found}] to [tool.testamur]"),
    );
    format!("the table [tool.testamur] is missing; {advice}")
}

/// Returns the key that an unknown one was meant to be, from the message of `serde` about it:
/// "unknown field `pags`, expected one of `qr`, `pages`".
fn meant_key(message: &str) -> Option<&str> {
    let (_, message) = message.split_once("unknown field `")?;
    let (found, known) = message.split_once('`')?;
    nearest_name(found, known.split('`').skip(1).step_by(2))
}

fn check_compiler(manifest: &PackageManifest) -> Result<(), String> {
    let current = PackageVersion::compiler();
    match manifest.package.compiler {
        Some(bound) if !current.matches_ge(&bound) => {
            Err(format!("the template needs Typst {bound}, but this program has Typst {current}"))
        }
        _ => Ok(()),
    }
}

impl Tool {
    fn check(&self) -> Result<(), String> {
        if self.pages == 0 {
            return Err("in [tool.testamur]: `pages` is 0; expected 1 or more".to_owned());
        }
        let min_text_size = self.min_text_size;
        if !(4.0..=100.0).contains(&min_text_size) {
            return Err(format!(
                "in [tool.testamur]: `min-text-size` is {min_text_size}; expected 4 to 100"
            ));
        }
        let pixels_per_pt = self.snapshots.pixels_per_pt;
        if !(0.1..=4.0).contains(&pixels_per_pt) {
            return Err(format!(
                "in [tool.testamur.snapshots]: `pixels-per-pt` is {pixels_per_pt}; \
                 expected 0.1 to 4"
            ));
        }
        self.image.check("image")?;
        self.social_card.as_ref().map_or(Ok(()), |card| card.image().check("social-card"))
    }
}

impl SocialCard {
    fn image(&self) -> ImageSize {
        ImageSize { width: self.width, height: self.height, quality: self.quality }
    }

    fn into_layout(self, min_text_size: f64) -> Layout {
        Layout { image: self.image(), entrypoint: self.entrypoint, pages: 1, min_text_size }
    }
}

impl ImageSize {
    /// The largest number of pixels of an image. Rendering allocates four bytes for each.
    pub const MAX_PIXELS: u64 = 64_000_000;

    const fn default_quality() -> u8 {
        85
    }

    fn check(self, table: &str) -> Result<(), String> {
        let Self { width, height, quality } = self;
        if !(1..=100).contains(&quality) {
            return Err(format!(
                "in [tool.testamur.{table}]: `quality` is {quality}; expected 1 to 100"
            ));
        }
        if !(1..=Self::MAX_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
            return Err(format!(
                "in [tool.testamur.{table}]: the image has {width} x {height} pixels; \
                 expected 1 to {} pixels",
                Self::MAX_PIXELS
            ));
        }
        Ok(())
    }
}

const fn default_pages() -> usize {
    1
}

const fn default_min_text_size() -> f64 {
    6.0
}

fn default_locale() -> String {
    "en".to_owned()
}
