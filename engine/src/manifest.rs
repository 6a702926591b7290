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
    /// The file to compile, relative to the folder.
    pub entrypoint: String,
    /// The data field whose value the file `qr.svg` shows as a QR code.
    pub qr: Option<String>,
    /// How many pages the layout has. Text that overflows makes more, which is an error.
    pub pages: usize,
    /// The size and quality of the image of the first page.
    pub image: ImageSize,
}

/// The table `[tool.testamur]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tool {
    qr: Option<String>,
    #[serde(default = "one")]
    pages: usize,
    image: ImageSize,
}

impl Tool {
    fn check(&self) -> Result<(), String> {
        let ImageSize { width, height, quality } = self.image;
        if !(1..=100).contains(&quality) {
            return Err(format!("in [tool.testamur.image]: quality is {quality}, not 1 to 100"));
        }
        if !(1..=ImageSize::MAX_PIXELS).contains(&(u64::from(width) * u64::from(height))) {
            return Err(format!(
                "in [tool.testamur.image]: {width} x {height} pixels are not between 1 and {}",
                ImageSize::MAX_PIXELS
            ));
        }
        if self.pages == 0 {
            return Err("in [tool.testamur]: pages is 0, but every layout has one".to_owned());
        }
        Ok(())
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
}

const fn one() -> usize {
    1
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
            return Err(format!("the template needs Typst {bound}, this is {}", PackageVersion::compiler()));
        }
        let table = manifest
            .tool
            .sections
            .remove("testamur")
            .ok_or("the table [tool.testamur] is missing: add it, with at least [tool.testamur.image]")?;
        let tool = Tool::deserialize(table).map_err(|e| format!("in [tool.testamur]: {}", e.to_string().trim_end()))?;
        tool.check()?;
        Ok(Self {
            id: manifest.package.name.into(),
            version: manifest.package.version.to_string(),
            entrypoint: manifest.package.entrypoint.into(),
            qr: tool.qr,
            pages: tool.pages,
            image: tool.image,
        })
    }
}
