//! JPEG export.

use std::fmt;
use std::str::FromStr;

use mozjpeg::{ColorSpace, Compress, PixelDensity, PixelDensityUnit};
use typst::visualize::Paint;
use typst_layout::Page;

use crate::error::ExportError;
use crate::export::raster::{self, Pixels};
use crate::template::ImageSize;

/// A trade-off between encoding time and file size. The quality is set in the template's manifest.
///
/// ```
/// use testamur_engine::JpegEncoder;
///
/// assert_eq!("small".parse(), Ok(JpegEncoder::Small));
/// assert_eq!(JpegEncoder::default().to_string(), "fast");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum JpegEncoder {
    /// Baseline coding at the speed of libjpeg-turbo. Chroma has half the horizontal resolution.
    #[default]
    Fast,
    /// Progressive coding with trellis quantization and full chroma: smaller and closer to the
    /// original, and over twenty times slower.
    Small,
}

/// The name of a JPEG encoder is neither `fast` nor `small`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected fast or small")]
#[non_exhaustive]
pub struct JpegEncoderError;

impl FromStr for JpegEncoder {
    type Err = JpegEncoderError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "fast" => Ok(Self::Fast),
            "small" => Ok(Self::Small),
            _ => Err(JpegEncoderError),
        }
    }
}

impl fmt::Display for JpegEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "fast",
            Self::Small => "small",
        })
    }
}

/// Exports a page at an exact size in pixels, on white.
pub(crate) fn export(
    page: &Page,
    size: ImageSize,
    encoder: JpegEncoder,
) -> Result<Vec<u8>, ExportError> {
    let mut pixels = raster::render(page, size)?;
    if !is_opaque(page) {
        raster::flatten_on_white(&mut pixels.rgba);
    }
    encode(&pixels, size.quality, encoder).map_err(ExportError::Jpeg)
}

/// Returns true if the page's own fill is opaque. Content on top of it then changes no alpha, so
/// the pass over all pixels can be skipped.
fn is_opaque(page: &Page) -> bool {
    let Some(Paint::Solid(color)) = page.fill_or_white() else { return false };
    color.alpha().is_none_or(|alpha| alpha >= 1.0)
}

fn encode(pixels: &Pixels, quality: u8, encoder: JpegEncoder) -> std::io::Result<Vec<u8>> {
    // The encoder skips the fourth byte of each pixel, so the buffer needs no conversion.
    let mut compress = Compress::new(ColorSpace::JCS_EXT_RGBX);
    compress.set_size(pixels.width, pixels.height);
    // Chroma is halved in one direction at most: colored type on white would show fringes.
    let chroma = match encoder {
        JpegEncoder::Fast => {
            compress.set_fastest_defaults();
            (2, 1)
        }
        JpegEncoder::Small => (1, 1),
    };
    compress.set_chroma_sampling_pixel_sizes(chroma, chroma);
    compress.set_quality(f32::from(quality));
    let density = pixels.dots_per_inch;
    compress.set_pixel_density(PixelDensity {
        unit: PixelDensityUnit::Inches,
        x: density,
        y: density,
    });
    let mut started = compress.start_compress(Vec::new())?;
    started.write_scanlines(&pixels.rgba)?;
    started.finish()
}
