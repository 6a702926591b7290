//! Measures laid-out pages: font families, margins, the direction of a text, and rectangles after a
//! transformation.

use std::collections::BTreeSet;

use typst::layout::{Abs, Frame, FrameItem, Point, Rect, Transform};
use typst::text::TextItem;
use typst_layout::Page;

/// The height of text above its baseline, as a part of its size: about that of capital letters.
const CAP_HEIGHT_EM: f64 = 0.7;

/// Returns true if the glyphs of a text are in the reverse order of its characters.
pub(crate) fn is_right_to_left(text: &TextItem) -> bool {
    match (text.glyphs.first(), text.glyphs.last()) {
        (Some(first), Some(last)) => first.range.start > last.range.start,
        _ => false,
    }
}

/// Returns the names of the font families of all text, sorted.
pub(crate) fn font_families(pages: &[Page]) -> Vec<String> {
    let mut families = BTreeSet::new();
    pages.iter().for_each(|page| collect_families(&page.frame, &mut families));
    families.into_iter().collect()
}

fn collect_families(frame: &Frame, families: &mut BTreeSet<String>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect_families(&group.frame, families),
            FrameItem::Text(text) => {
                families.insert(text.font.info().family.as_str().to_owned());
            }
            _ => {}
        }
    }
}

/// Returns the distances of text and images from the edges of a page in points, to a tenth of a
/// point: top, right, bottom, left.
///
/// Shapes and images that reach an edge count as background. Returns `None` if nothing is left.
pub(crate) fn margins(page: &Page) -> Option<[f64; 4]> {
    let (width, height) = (page.frame.width(), page.frame.height());
    let mut boxes = content_boxes(&page.frame);
    boxes.retain(|Rect { min, max }| {
        min.x > Abs::zero() && min.y > Abs::zero() && max.x < width && max.y < height
    });
    let (top, left) = (boxes.iter().map(|b| b.min.y).min()?, boxes.iter().map(|b| b.min.x).min()?);
    let (bottom, right) =
        (boxes.iter().map(|b| b.max.y).max()?, boxes.iter().map(|b| b.max.x).max()?);
    let distances = [top, width - right, height - bottom, left];
    Some(distances.map(|distance| (distance.to_pt() * 10.0).round() / 10.0))
}

/// Returns the boxes of all text and images in a frame, in its coordinates.
fn content_boxes(frame: &Frame) -> Vec<Rect> {
    let mut boxes = Vec::new();
    for (at, item) in frame.items() {
        match item {
            FrameItem::Group(group) => {
                let transform = Transform::translate(at.x, at.y).pre_concat(group.transform);
                let inner = content_boxes(&group.frame);
                boxes.extend(inner.into_iter().map(|rect| transform_rect(rect, transform)));
            }
            FrameItem::Text(text) => {
                let top = at.y - text.size * CAP_HEIGHT_EM;
                boxes.push(Rect::new(Point::new(at.x, top), Point::new(at.x + text.width(), at.y)));
            }
            FrameItem::Image(_, size, _) => boxes.push(Rect::from_pos_size(*at, *size)),
            FrameItem::Shape(..) | FrameItem::Link(..) | FrameItem::Tag(_) => {}
        }
    }
    boxes
}

/// Returns the smallest upright rectangle around a transformed rectangle.
pub(crate) fn transform_rect(rect: Rect, transform: Transform) -> Rect {
    let Rect { min, max } = rect;
    let corners = [min, Point::new(max.x, min.y), max, Point::new(min.x, max.y)]
        .map(|corner| corner.transform(transform));
    let (mut low, mut high) = (corners[0], corners[0]);
    for corner in corners {
        low = Point::new(low.x.min(corner.x), low.y.min(corner.y));
        high = Point::new(high.x.max(corner.x), high.y.max(corner.y));
    }
    Rect::new(low, high)
}
