//! Pictures: reading and writing references, comparing two, and showing where they differ.

use std::fmt;
use std::fs;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage};
use testamur_engine::SnapshotTolerance;

/// How the difference of two pictures marks a pixel.
const MARK: Rgb<u8> = Rgb([220, 0, 60]);

/// More pixels differ than may.
pub(crate) struct ImageDifference {
    differing: u64,
    all: u64,
    sizes: Option<[(u32, u32); 2]>,
    tolerance: SnapshotTolerance,
}

impl fmt::Display for ImageDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some([(old_width, old_height), (width, height)]) = self.sizes {
            return write!(
                f,
                "the picture has {width} x {height} pixels, the reference {old_width} x {old_height}"
            );
        }
        let Self {
            differing,
            all,
            tolerance: SnapshotTolerance { max_delta, max_deviations, .. },
            ..
        } = self;
        let percent = *differing as f64 * 100.0 / *all as f64;
        write!(
            f,
            "{differing} pixels ({percent:.2} %) differ by more than {max_delta}/255; at most {max_deviations} are allowed"
        )
    }
}

/// Compares a picture with its reference; none if it passes.
pub(crate) fn compare(
    expected: &RgbImage,
    actual: &RgbImage,
    tolerance: SnapshotTolerance,
) -> Option<ImageDifference> {
    let sizes = (expected.dimensions() != actual.dimensions())
        .then(|| [expected.dimensions(), actual.dimensions()]);
    let pairs = expected.pixels().zip(actual.pixels());
    let differing = pairs.filter(|(a, b)| differs(a, b, tolerance)).count() as u64;
    let all = u64::from(actual.width()) * u64::from(actual.height());
    let changed = sizes.is_some() || differing > u64::from(tolerance.max_deviations);
    changed.then_some(ImageDifference { differing, all, sizes, tolerance })
}

fn differs(a: &Rgb<u8>, b: &Rgb<u8>, tolerance: SnapshotTolerance) -> bool {
    a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > tolerance.max_delta)
}

/// The new picture, faded, with everything marked that differs or that only one of the two has.
pub(crate) fn difference(
    expected: &RgbImage,
    actual: &RgbImage,
    tolerance: SnapshotTolerance,
) -> RgbImage {
    let (width, height) =
        (expected.width().max(actual.width()), expected.height().max(actual.height()));
    RgbImage::from_fn(width, height, |x, y| {
        match (expected.get_pixel_checked(x, y), actual.get_pixel_checked(x, y)) {
            (Some(old), Some(new)) if !differs(old, new, tolerance) => faded(new),
            (None, None) => Rgb([255; 3]),
            _ => MARK,
        }
    })
}

/// A light grey of the same picture.
fn faded(pixel: &Rgb<u8>) -> Rgb<u8> {
    let [red, green, blue] = pixel.0.map(u32::from);
    let grey = (red * 2 + green * 5 + blue) / 8;
    Rgb([u8::try_from(255 - (255 - grey) / 4).unwrap_or(u8::MAX); 3])
}

/// Reads a reference; the error is a sentence.
pub(crate) fn read(path: &Path) -> Result<RgbImage, String> {
    let bytes = fs::read(path).map_err(|e| format!("can't read {}: {e}", path.display()))?;
    let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Png);
    Ok(picture.map_err(|e| format!("{} is no picture: {e}", path.display()))?.into_rgb8())
}

/// The same pixels in as few bytes as is reasonable, for pictures that are kept.
pub(crate) fn small(png: &[u8]) -> Vec<u8> {
    oxipng::optimize_from_memory(png, &oxipng::Options::from_preset(3))
        .unwrap_or_else(|_| png.to_owned())
}

/// Encodes quickly, for pictures that are looked at once.
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
    let encoded =
        encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8);
    encoded.expect("a picture in memory has as many bytes as its size says");
    png
}
