//! Text with too little contrast.
//!
//! Text over more than one color, such as a photo, is not checked, and neither is decoration.
//!
//! Source of the formulas and thresholds:
//! [WCAG 2.2, 1.4.3](https://www.w3.org/TR/WCAG22/#contrast-minimum), level AA.

use image::RgbImage;
use typst::layout::{Abs, Frame, FrameItem, Rect};
use typst_layout::Page;

use crate::color::{Rgb, hex, ratio};
use crate::error::ExportError;
use crate::export::raster;
use crate::lint::issue::LayoutIssue;
use crate::lint::text_run::TextRun;

/// How much the channels of a background may differ, of 255, to count as one color. A difference
/// of this size is not visible.
const UNIFORM_TOLERANCE: u8 = 3;

/// Draws a page without its text, at one pixel per point.
pub(crate) fn background(page: &Page) -> Result<RgbImage, ExportError> {
    let mut page = page.clone();
    remove_text(&mut page.frame);
    raster::render_opaque(&page, 1.0)
}

fn remove_text(frame: &mut Frame) {
    frame.retain(|item| {
        if let FrameItem::Group(group) = item {
            remove_text(&mut group.frame);
        }
        !matches!(item, FrameItem::Text(_))
    });
}

/// Reports text whose contrast with the background is too low, with both colors.
pub(crate) fn check(run: &TextRun<'_>, background: &RgbImage) -> Option<([Rgb; 2], LayoutIssue)> {
    let text_color = run.color().filter(|_| !run.is_decoration)?;
    let under = uniform_color(background, run.body())?;
    let color = blend(text_color, under);
    let ratio = ratio(color, under);
    let required = required_ratio(run);
    let issue = LayoutIssue::Contrast {
        text: run.text().to_owned(),
        ratio,
        required,
        color: hex(color),
        background: hex(under),
    };
    (ratio < required).then_some(([color, under], issue))
}

/// Returns the color of a part of an image, or `None` if it has several colors or lies outside.
fn uniform_color(image: &RgbImage, part: Rect) -> Option<Rgb> {
    let range = |low: Abs, high: Abs, size: u32| {
        let pixel = |at: Abs| at.to_pt().clamp(0.0, f64::from(size)) as u32;
        pixel(low)..pixel(high).max(pixel(low) + 1).min(size)
    };
    let columns = range(part.min.x, part.max.x, image.width());
    let mut pixels = range(part.min.y, part.max.y, image.height())
        .flat_map(|y| columns.clone().map(move |x| (x, y)))
        .map(|(x, y)| image.get_pixel(x, y).0);
    let first = pixels.next()?;
    pixels
        .all(|pixel| pixel.iter().zip(first).all(|(a, b)| a.abs_diff(b) <= UNIFORM_TOLERANCE))
        .then_some(first)
}

/// Blends a color with straight alpha over an opaque color.
fn blend([red, green, blue, alpha]: [u8; 4], under: Rgb) -> Rgb {
    let channel = |over: u8, under: u8| {
        let (over, under, alpha) = (u32::from(over), u32::from(under), u32::from(alpha));
        u8::try_from((over * alpha + under * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    [channel(red, under[0]), channel(green, under[1]), channel(blue, under[2])]
}

/// Large text is 18 pt, or 14 pt if it is bold.
fn required_ratio(run: &TextRun<'_>) -> f64 {
    let is_large = run.size() >= Abs::pt(18.0) || (run.is_bold() && run.size() >= Abs::pt(14.0));
    if is_large { 3.0 } else { 4.5 }
}
