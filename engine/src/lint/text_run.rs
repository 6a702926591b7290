//! Text as the lints see it.

use typst::layout::{Abs, Point, Rect, Transform};
use typst::text::{FontWeight, TextItem};
use typst::visualize::Paint;

use crate::measure::transform_rect;

/// The end of one text and the start of the next may differ by this, because sums are rounded.
const ADJACENT: Abs = Abs::raw(0.05);

/// Text in one font and color, on one line.
#[derive(Clone, Copy)]
pub(crate) struct TextRun<'a> {
    pub(crate) item: &'a TextItem,
    /// Maps the coordinates of the text, which start on its baseline, to those of a frame or page.
    pub(crate) transform: Transform,
    /// The template marks the text as decoration, which nobody has to read.
    pub(crate) is_decoration: bool,
}

impl<'a> TextRun<'a> {
    pub(crate) fn new(at: Point, item: &'a TextItem, is_decoration: bool) -> Self {
        Self { item, transform: Transform::translate(at.x, at.y), is_decoration }
    }

    pub(crate) fn transform(self, transform: Transform) -> Self {
        Self { transform: transform.pre_concat(self.transform), ..self }
    }

    pub(crate) fn text(&self) -> &'a str {
        &self.item.text
    }

    /// A band through the letters: horizontally from end to end, vertically from 0.4 em to 0.1 em
    /// above the baseline. Every letter crosses this band, while ascenders, descenders and accents
    /// may extend beyond a box on purpose.
    pub(crate) fn body(&self) -> Rect {
        let (size, width) = (self.item.size, self.item.width());
        let band = Rect::new(Point::with_y(size * -0.4), Point::new(width, size * -0.1));
        transform_rect(band, self.transform)
    }

    /// The smallest rectangle around the outlines of all glyphs.
    pub(crate) fn ink(&self) -> Rect {
        let Rect { min, max } = self.item.bbox();
        // Typst returns the corners in a coordinate system with y upwards.
        transform_rect(Rect::new(min.min(max), min.max(max)), self.transform)
    }

    /// Where the text starts on its baseline.
    pub(crate) fn start(&self) -> Point {
        Point::zero().transform(self.transform)
    }

    /// Returns true if another text starts where this one ends, so that both can be parts of a word.
    pub(crate) fn is_followed_by(&self, next: &TextRun<'_>) -> bool {
        let end = Point::with_x(self.item.width()).transform(self.transform);
        (next.start() - end).hypot() < ADJACENT
    }

    pub(crate) fn size(&self) -> Abs {
        self.item.size * scale_of(self.transform)
    }

    pub(crate) fn is_bold(&self) -> bool {
        self.item.font.info().variant.weight >= FontWeight::BOLD
    }

    pub(crate) fn family(&self) -> &'a str {
        &self.item.font.info().family
    }

    /// Red, green, blue and straight alpha. `None` if the fill is not one color.
    pub(crate) fn color(&self) -> Option<[u8; 4]> {
        match &self.item.fill {
            Paint::Solid(color) => Some(color.to_vec4_u8()),
            _ => None,
        }
    }
}

/// Returns the factor by which a transformation changes lengths.
pub(crate) fn scale_of(transform: Transform) -> f64 {
    // The determinant is the factor of areas, so its root is the factor of lengths.
    let determinant =
        transform.sx.get() * transform.sy.get() - transform.kx.get() * transform.ky.get();
    determinant.abs().sqrt()
}
