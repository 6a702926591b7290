//! PNG export.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use typst_layout::Page;

use crate::error::ExportError;
use crate::export::raster::{self, Pixels};
use crate::template::ImageSize;

/// Exports a page at an exact size in pixels. Transparency is kept.
pub(crate) fn export(page: &Page, size: ImageSize) -> Result<Vec<u8>, ExportError> {
    let Pixels { mut rgba, .. } = raster::render(page, size)?;
    unmultiply(&mut rgba);
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
        .write_image(&rgba, size.width, size.height, ExtendedColorType::Rgba8)
        .map_err(ExportError::Png)?;
    Ok(png)
}

/// Converts premultiplied alpha to straight alpha, which PNG requires.
fn unmultiply(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4).filter(|pixel| !matches!(pixel[3], 0 | 255)) {
        let alpha = u16::from(pixel[3]);
        for channel in &mut pixel[..3] {
            *channel = u8::try_from((u16::from(*channel) * 255 + alpha / 2) / alpha).unwrap_or(255);
        }
    }
}
