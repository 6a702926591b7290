//! Text as the lints see it.

use typst::layout::{Abs, Point, Rect, Transform};
use typst::text::{FontWeight, TextItem};
use typst::visualize::Paint;

use crate::measure::transform_rect;

/// Text in one font and color.
pub(crate) struct TextRun {
    pub(crate) text: String,
    /// A band through the letters: horizontally from end to end, vertically from 0.4 em to 0.1 em
    /// above the baseline. Every letter crosses this band, while ascenders, descenders and accents
    /// may extend beyond a box on purpose.
    pub(crate) body: Rect,
    pub(crate) size: Abs,
    pub(crate) is_bold: bool,
    /// Red, green, blue and straight alpha. `None` if the fill is not one color, or the text is
    /// decoration.
    pub(crate) color: Option<[u8; 4]>,
}

impl TextRun {
    pub(crate) fn new(at: Point, text: &TextItem, is_decoration: bool) -> Self {
        let color = match &text.fill {
            Paint::Solid(color) if !is_decoration => Some(color.to_vec4_u8()),
            _ => None,
        };
        Self {
            text: text.text.to_string(),
            body: Rect::new(
                Point::new(at.x, at.y - text.size * 0.4),
                Point::new(at.x + text.width(), at.y - text.size * 0.1),
            ),
            size: text.size,
            is_bold: text.font.info().variant.weight >= FontWeight::BOLD,
            color,
        }
    }

    pub(crate) fn transform(mut self, transform: Transform) -> Self {
        self.body = transform_rect(self.body, transform);
        self.size *= scale_of(transform);
        self
    }
}

/// Returns the factor by which a transformation changes lengths.
pub(crate) fn scale_of(transform: Transform) -> f64 {
    // The determinant is the factor of areas, so its root is the factor of lengths.
    let determinant =
        transform.sx.get() * transform.sy.get() - transform.kx.get() * transform.ky.get();
    determinant.abs().sqrt()
}
