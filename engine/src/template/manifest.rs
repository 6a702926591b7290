//! A template's `typst.toml`: the package table that every Typst tool knows, and our own `[tool.testamur]`.

use serde::Deserialize;
use typst::syntax::package::{PackageManifest, PackageVersion};

/// What a template says of itself.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The template's name, `package.name`.
    pub id: String,
    /// The template's version, `package.version`.
    pub version: String,
    /// What the template is about, `package.description`.
    pub description: String,
    /// The data field whose value the file `qr.svg` shows as a QR code.
    pub qr: Option<String>,
    /// The locale of data that names none.
    pub locale: String,
    /// The certificate itself, from `package.entrypoint`.
    pub page: Layout,
    /// The social card, if the template has one.
    pub social_card: Option<Layout>,
    /// How snapshots are drawn and compared.
    pub snapshots: SnapshotTolerance,
}

/// One layout of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The file to compile, relative to the folder.
    pub entrypoint: String,
    /// How many pages it has. Text that overflows makes more, which is an error.
    pub pages: usize,
    /// The size and quality of the image of the first page.
    pub image: ImageSize,
}

/// The table `[tool.testamur]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tool {
    qr: Option<String>,
    #[serde(default = "english")]
    locale: String,
    #[serde(default = "one")]
    pages: usize,
    image: ImageSize,
    social_card: Option<SocialCard>,
    #[serde(default)]
    snapshots: SnapshotTolerance,
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

impl Tool {
    fn check(&self) -> Result<(), String> {
        if self.pages == 0 {
            return Err("in [tool.testamur]: pages is 0, but every layout has one".to_owned());
        }
        if !(0.1..=4.0).contains(&self.snapshots.pixels_per_pt) {
            return Err(format!(
                "in [tool.testamur.snapshots]: pixels-per-pt is {}, not 0.1 to 4",
                self.snapshots.pixels_per_pt
            ));
        }
        self.image.check("image")?;
        self.social_card
            .as_ref()
            .map_or(Ok(()), |social_card| social_card.image().check("social-card"))
    }
}

impl SocialCard {
    fn image(&self) -> ImageSize {
        ImageSize { width: self.width, height: self.height, quality: self.quality }
    }
}

/// The table `[tool.testamur.snapshots]`: how pictures are drawn, and how much one may differ from its reference and still pass.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SnapshotTolerance {
    /// By how much each channel of a pixel may differ, of 255.
    pub max_delta: u8,
    /// How many pixels may differ by more.
    pub max_deviations: u32,
    /// Pixels per point. One shows a hairline move; less keeps the references of a busy page small.
    pub pixels_per_pt: f64,
}

impl Default for SnapshotTolerance {
    /// Room for the last bit of a rounding, and for nothing that an eye could see.
    fn default() -> Self {
        Self { max_delta: 2, max_deviations: 10, pixels_per_pt: 1.0 }
    }
}

/// The table `[tool.testamur.image]`: the image of the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels; page and image must be alike in shape to within half a pixel.
    pub height: u32,
    /// JPEG quality, 1 to 100.
    #[serde(default = "ImageSize::default_quality")]
    pub quality: u8,
}

impl ImageSize {
    /// The most pixels an image may have; four bytes each are allocated.
    pub const MAX_PIXELS: u64 = 64_000_000;

    const fn default_quality() -> u8 {
        85
    }

    fn check(self, table: &str) -> Result<(), String> {
        let Self { width, height, quality } = self;
        if !(1..=100).contains(&quality) {
            return Err(format!("in [tool.testamur.{table}]: quality is {quality}, not 1 to 100"));
        }
        if !(1..=Self::MAX_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
            return Err(format!(
                "in [tool.testamur.{table}]: {width} x {height} pixels are not between 1 and {}",
                Self::MAX_PIXELS
            ));
        }
        Ok(())
    }
}

const fn one() -> usize {
    1
}

fn english() -> String {
    "en".to_owned()
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// A text that names the line, or the key and what is expected of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut manifest: PackageManifest = toml::from_str(text).map_err(|e| e.to_string())?;
        if let Some(bound) = manifest.package.compiler
            && !PackageVersion::compiler().matches_ge(&bound)
        {
            return Err(format!(
                "the template needs Typst {bound}, this is {}",
                PackageVersion::compiler()
            ));
        }
        let table = manifest.tool.sections.remove("testamur").ok_or(
            "the table [tool.testamur] is missing: add it, with at least [tool.testamur.image]",
        )?;
        let tool = Tool::deserialize(table)
            .map_err(|e| format!("in [tool.testamur]: {}", e.to_string().trim_end()))?;
        tool.check()?;
        Ok(Self {
            id: manifest.package.name.into(),
            version: manifest.package.version.to_string(),
            description: manifest.package.description.unwrap_or_default().into(),
            qr: tool.qr,
            locale: tool.locale,
            page: Layout {
                entrypoint: manifest.package.entrypoint.into(),
                pages: tool.pages,
                image: tool.image,
            },
            social_card: tool.social_card.map(|social_card| Layout {
                image: social_card.image(),
                entrypoint: social_card.entrypoint,
                pages: 1,
            }),
            snapshots: tool.snapshots,
        })
    }
}
