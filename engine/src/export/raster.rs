//! Pixels: the first page at an exact size, as JPEG or PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageEncoder, RgbImage};
use typst::layout::{Frame, FrameItem, Size};
use typst::utils::Scalar;
use typst::visualize::Paint;
use typst_layout::Page;
use typst_render::RenderOptions;

use crate::error::RenderError;
use crate::template::ImageSize;

/// How JPEGs are encoded. The quality is the template's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jpeg {
    /// Which trade between time and size.
    pub encoder: JpegEncoder,
}

/// Which trade between time and size a JPEG makes; the picture is the same to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JpegEncoder {
    /// Baseline coding at libjpeg-turbo's speed, chroma halved in width.
    #[default]
    Fast,
    /// Progressive with trellis quantisation and full chroma: smaller and truer, over twenty times slower.
    Small,
}

pub(crate) fn jpg(page: &Page, size: ImageSize, jpeg: Jpeg) -> Result<Vec<u8>, RenderError> {
    let mut pixels = render(page, size)?;
    if !is_opaque(page) {
        flatten_on_white(&mut pixels.rgba);
    }

    let mut encoder = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_EXT_RGBX);
    encoder.set_size(pixels.width, pixels.height);
    // Coloured type on white shows the fringes of halved chroma, so it is halved in one direction at most.
    let chroma = match jpeg.encoder {
        JpegEncoder::Fast => {
            encoder.set_fastest_defaults();
            (2, 1)
        }
        JpegEncoder::Small => (1, 1),
    };
    encoder.set_chroma_sampling_pixel_sizes(chroma, chroma);
    encoder.set_quality(f32::from(size.quality));
    let density = pixels.dots_per_inch;
    encoder.set_pixel_density(mozjpeg::PixelDensity {
        unit: mozjpeg::PixelDensityUnit::Inches,
        x: density,
        y: density,
    });
    let failed = |e: std::io::Error| RenderError::Encode(e.to_string());
    let mut encoder = encoder.start_compress(Vec::new()).map_err(failed)?;
    encoder.write_scanlines(&pixels.rgba).map_err(failed)?;
    encoder.finish().map_err(failed)
}

pub(crate) fn png(page: &Page, size: ImageSize) -> Result<Vec<u8>, RenderError> {
    let pixels = render(page, size)?;
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            &unmultiplied(pixels.rgba),
            size.width,
            size.height,
            image::ExtendedColorType::Rgba8,
        )
        .map_err(|e| RenderError::Encode(e.to_string()))?;
    Ok(png)
}

/// All pages, one below the other, on white.
pub(crate) fn page_image(pages: &[Page], scale: f64) -> Result<RgbImage, RenderError> {
    let area: f64 =
        pages.iter().map(|page| page.frame.width().to_pt() * page.frame.height().to_pt()).sum();
    if area * scale * scale > ImageSize::MAX_PIXELS as f64 {
        return Err(RenderError::ImageSize(format!(
            "the pages are too large to draw at {scale} pixels a point"
        )));
    }
    let pictures: Vec<_> = pages.iter().map(|page| flat(page, scale)).collect::<Result<_, _>>()?;
    let width = pictures.iter().map(RgbImage::width).max().unwrap_or_default();
    let height = pictures.iter().map(RgbImage::height).sum();
    let mut all = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
    let mut top = 0;
    for picture in pictures {
        image::imageops::replace(&mut all, &picture, 0, top);
        top += i64::from(picture.height());
    }
    Ok(all)
}

/// What lies under the text of a page, one pixel a point.
pub(crate) fn ground(page: &Page) -> Result<RgbImage, RenderError> {
    let mut page = page.clone();
    strip_text(&mut page.frame);
    flat(&page, 1.0)
}

fn strip_text(frame: &mut Frame) {
    frame.retain(|item| {
        if let FrameItem::Group(group) = item {
            strip_text(&mut group.frame);
        }
        !matches!(item, FrameItem::Text(_))
    });
}

/// A page on white.
fn flat(page: &Page, scale: f64) -> Result<RgbImage, RenderError> {
    let size = page.frame.size();
    if size.x.to_pt() * size.y.to_pt() * scale * scale > ImageSize::MAX_PIXELS as f64 {
        return Err(RenderError::ImageSize(format!(
            "a page of {:.2} x {:.2} pt is too large to draw at {scale} pixels a point",
            size.x.to_pt(),
            size.y.to_pt()
        )));
    }
    let options = RenderOptions { pixel_per_pt: Scalar::new(scale), render_bleed: false };
    let pixmap = typst_render::render(page, &options);
    let (width, height) = (pixmap.width(), pixmap.height());
    let mut rgba = pixmap.take();
    flatten_on_white(&mut rgba);
    let rgb = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(RgbImage::from_raw(width, height, rgb).expect("three bytes were kept of every pixel"))
}

/// A rendered page: four bytes a pixel, premultiplied with alpha.
struct Pixels {
    width: usize,
    height: usize,
    dots_per_inch: u16,
    rgba: Vec<u8>,
}

fn render(page: &Page, size: ImageSize) -> Result<Pixels, RenderError> {
    let scale = scale(page.frame.size(), size)?;
    let options = RenderOptions { pixel_per_pt: Scalar::new(scale), render_bleed: false };
    let pixmap = typst_render::render(page, &options);
    Ok(Pixels {
        width: size.width as usize,
        height: size.height as usize,
        // The manifest bounds both sides, and a page of one point is the smallest: far below the range of u16 is normal.
        dots_per_inch: (scale * 72.0).round().clamp(1.0, f64::from(u16::MAX)) as u16,
        rgba: pixmap.take(),
    })
}

/// The pixels per point at which a page becomes exactly as large as the manifest says.
///
/// Both sides are rounded to whole pixels, so a range of scales does; this takes its middle.
pub(crate) fn scale(page: Size, size: ImageSize) -> Result<f64, RenderError> {
    let (page_width, page_height) = (page.x.to_pt(), page.y.to_pt());
    let range = |pixels: u32, points: f64| {
        ((f64::from(pixels) - 0.5) / points, (f64::from(pixels) + 0.5) / points)
    };
    let (wide, high) = (range(size.width, page_width), range(size.height, page_height));
    let (low, top) = (wide.0.max(high.0), wide.1.min(high.1));
    if low < top {
        return Ok(f64::midpoint(low, top));
    }
    Err(RenderError::ImageSize(format!(
        "a page of {page_width:.2} x {page_height:.2} pt has not the shape of an image of {} x {} pixels: {} x {} would do",
        size.width,
        size.height,
        size.width,
        (f64::from(size.width) / page_width * page_height).round()
    )))
}

/// Whether the page's own fill hides whatever is behind it; what is drawn on it then changes no alpha.
fn is_opaque(page: &Page) -> bool {
    matches!(page.fill_or_white(), Some(Paint::Solid(color)) if color.alpha().is_none_or(|alpha| alpha >= 1.0))
}

/// Blends premultiplied pixels with white, in place.
fn flatten_on_white(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4) {
        let uncovered = 255 - pixel[3];
        for channel in &mut pixel[..3] {
            *channel = channel.saturating_add(uncovered);
        }
    }
}

/// Straight alpha, as PNG has it.
fn unmultiplied(mut rgba: Vec<u8>) -> Vec<u8> {
    for pixel in rgba.chunks_exact_mut(4).filter(|pixel| !matches!(pixel[3], 0 | 255)) {
        let alpha = u16::from(pixel[3]);
        for channel in &mut pixel[..3] {
            *channel = u8::try_from((u16::from(*channel) * 255 + alpha / 2) / alpha).unwrap_or(255);
        }
    }
    rgba
}
