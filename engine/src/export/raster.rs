//! Pages as pixels, for all image formats and for snapshots.

use image::{Rgb, RgbImage};
use typst::layout::Size;
use typst::utils::Scalar;
use typst_layout::Page;
use typst_render::RenderOptions;

use crate::error::ExportError;
use crate::template::ImageSize;

/// A page as pixels: four bytes each, with premultiplied alpha.
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) dots_per_inch: u16,
    pub(crate) rgba: Vec<u8>,
}

/// Renders a page at an exact size in pixels.
pub(crate) fn render(page: &Page, size: ImageSize) -> Result<Pixels, ExportError> {
    let scale = scale(page.frame.size(), size)?;
    Ok(Pixels {
        width: size.width as usize,
        height: size.height as usize,
        // Only a page of a few points with an image of millions of pixels exceeds u16. The stated
        // resolution is then too low.
        dots_per_inch: (scale * 72.0).round().clamp(1.0, f64::from(u16::MAX)) as u16,
        rgba: typst_render::render(page, &options(scale)).take(),
    })
}

/// Returns the pixels per point at which a page has exactly the declared size in pixels.
///
/// Typst rounds both sides to whole pixels, so a range of scales gives the declared size. The
/// result is the middle of that range, which is the safest from rounding errors.
pub(crate) fn scale(page: Size, size: ImageSize) -> Result<f64, ExportError> {
    let (page_width, page_height) = (page.x.to_pt(), page.y.to_pt());
    let range = |pixels: u32, points: f64| {
        ((f64::from(pixels) - 0.5) / points, (f64::from(pixels) + 0.5) / points)
    };
    let (x, y) = (range(size.width, page_width), range(size.height, page_height));
    let (low, high) = (x.0.max(y.0), x.1.min(y.1));
    if low < high {
        return Ok(f64::midpoint(low, high));
    }
    Err(ExportError::AspectRatio {
        image: [size.width, size.height],
        page: [page_width, page_height],
        height: (f64::from(size.width) / page_width * page_height).round() as u32,
    })
}

/// Draws all pages below each other on white.
pub(crate) fn page_image(pages: &[Page], pixels_per_pt: f64) -> Result<RgbImage, ExportError> {
    check_area(pages, pixels_per_pt)?;
    let images: Vec<_> = pages.iter().map(|page| render_on_white(page, pixels_per_pt)).collect();
    let width = images.iter().map(RgbImage::width).max().unwrap_or_default();
    let height = images.iter().map(RgbImage::height).sum();
    let mut all = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut top = 0;
    for image in images {
        image::imageops::replace(&mut all, &image, 0, top);
        top += i64::from(image.height());
    }
    Ok(all)
}

/// Draws a page on white.
pub(crate) fn render_opaque(page: &Page, pixels_per_pt: f64) -> Result<RgbImage, ExportError> {
    check_area(std::slice::from_ref(page), pixels_per_pt)?;
    Ok(render_on_white(page, pixels_per_pt))
}

/// Draws a page without a background, and returns how much of each pixel is covered, 0 to 255.
pub(crate) fn coverage(page: &Page, pixels_per_pt: f64) -> Vec<u8> {
    let pixmap = typst_render::render(page, &options(pixels_per_pt));
    pixmap.pixels().iter().map(|pixel| pixel.alpha()).collect()
}

/// Blends premultiplied pixels with white, in place.
pub(crate) fn flatten_on_white(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4) {
        let uncovered = 255 - pixel[3];
        for channel in &mut pixel[..3] {
            *channel = channel.saturating_add(uncovered);
        }
    }
}

/// Bounds the size of an image before memory is allocated for it.
fn check_area(pages: &[Page], pixels_per_pt: f64) -> Result<(), ExportError> {
    let sizes = pages.iter().map(|page| page.frame.size());
    let area: f64 = sizes.map(|size| size.x.to_pt() * size.y.to_pt()).sum();
    if area * pixels_per_pt * pixels_per_pt > ImageSize::MAX_PIXELS as f64 {
        let limit = ImageSize::MAX_PIXELS;
        return Err(ExportError::TooManyPixels { area, pixels_per_pt, limit });
    }
    Ok(())
}

fn render_on_white(page: &Page, pixels_per_pt: f64) -> RgbImage {
    let pixmap = typst_render::render(page, &options(pixels_per_pt));
    let (width, height) = (pixmap.width(), pixmap.height());
    let mut rgba = pixmap.take();
    flatten_on_white(&mut rgba);
    let rgb = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    RgbImage::from_raw(width, height, rgb).expect("three bytes of every pixel are kept")
}

fn options(pixels_per_pt: f64) -> RenderOptions {
    RenderOptions { pixel_per_pt: Scalar::new(pixels_per_pt), render_bleed: false }
}
