//! Comparing page images, and reading and writing them as PNG.

use std::fmt;
use std::fs;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage};
use testamur_engine::SnapshotTolerance;

/// The color of pixels that differ.
const MARK: Rgb<u8> = Rgb([220, 0, 60]);

/// Why two images do not match.
pub(crate) enum ImageDifference {
    /// They have different sizes: width and height in pixels.
    Size { expected: (u32, u32), actual: (u32, u32) },
    /// More pixels differ than the tolerance allows.
    Pixels { differing: u64, all: u64, tolerance: SnapshotTolerance },
}

impl fmt::Display for ImageDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { expected, actual } => write!(
                f,
                "the image has {} x {} pixels, its reference {} x {}",
                actual.0, actual.1, expected.0, expected.1
            ),
            Self::Pixels { differing, all, tolerance } => {
                let percent = *differing as f64 * 100.0 / *all as f64;
                let (delta, allowed) = (tolerance.max_delta, tolerance.max_deviations);
                write!(
                    f,
                    "{differing} pixels ({percent:.2} %) differ by more than {delta}/255; \
                     at most {allowed} are allowed"
                )
            }
        }
    }
}

/// Compares an image with its reference, and returns how they differ or none if they match.
pub(crate) fn compare(
    expected: &RgbImage,
    actual: &RgbImage,
    tolerance: SnapshotTolerance,
) -> Option<ImageDifference> {
    let sizes = (expected.dimensions(), actual.dimensions());
    if sizes.0 != sizes.1 {
        return Some(ImageDifference::Size { expected: sizes.0, actual: sizes.1 });
    }
    let pairs = expected.pixels().zip(actual.pixels());
    let differing = pairs.filter(|(a, b)| differs(a, b, tolerance)).count() as u64;
    let all = u64::from(actual.width()) * u64::from(actual.height());
    (differing > u64::from(tolerance.max_deviations)).then_some(ImageDifference::Pixels {
        differing,
        all,
        tolerance,
    })
}

fn differs(a: &Rgb<u8>, b: &Rgb<u8>, tolerance: SnapshotTolerance) -> bool {
    a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > tolerance.max_delta)
}

/// Returns the actual image in light gray, with a mark on each pixel that differs or that only
/// one of the images has.
pub(crate) fn difference(
    expected: &RgbImage,
    actual: &RgbImage,
    tolerance: SnapshotTolerance,
) -> RgbImage {
    let width = expected.width().max(actual.width());
    let height = expected.height().max(actual.height());
    RgbImage::from_fn(width, height, |x, y| {
        match (expected.get_pixel_checked(x, y), actual.get_pixel_checked(x, y)) {
            (Some(old), Some(new)) if !differs(old, new, tolerance) => light_gray(new),
            (None, None) => Rgb([255; 3]),
            _ => MARK,
        }
    })
}

fn light_gray(pixel: &Rgb<u8>) -> Rgb<u8> {
    let [red, green, blue] = pixel.0.map(u32::from);
    let gray = (red * 2 + green * 5 + blue) / 8;
    Rgb([u8::try_from(255 - (255 - gray) / 4).unwrap_or(u8::MAX); 3])
}

/// Reads a reference. The error is a sentence.
pub(crate) fn read(path: &Path) -> Result<RgbImage, String> {
    let bytes = fs::read(path).map_err(|e| format!("can't read {}: {e}", path.display()))?;
    let image = image::load_from_memory_with_format(&bytes, ImageFormat::Png);
    Ok(image.map_err(|e| format!("{} is not a PNG image: {e}", path.display()))?.into_rgb8())
}

/// Compresses a PNG further without changing a pixel, for images that are kept in a repository.
pub(crate) fn optimize(png: &[u8]) -> Vec<u8> {
    oxipng::optimize_from_memory(png, &oxipng::Options::from_preset(3))
        .unwrap_or_else(|_| png.to_owned())
}

/// Encodes an image as PNG quickly, for images that are viewed once.
pub(crate) fn png(image: &RgbImage) -> Vec<u8> {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8)
        .expect("the buffer of an image has the length that its size requires");
    png
}
