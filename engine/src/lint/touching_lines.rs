//! Lines whose ink touches the ink of another line.
//!
//! Boxes around the text find candidates. Those are drawn, because letters such as `g` and `d` may
//! share a height without touching.

use typst::foundations::Smart;
use typst::layout::{Abs, Frame, FrameItem, GroupItem, Point, Rect, Size, Transform};
use typst::visualize::{Color, Paint};
use typst_layout::Page;

use super::LayoutIssue;
use super::text_run::TextRun;
use crate::export::raster;

/// The smallest distance of the baselines of two lines, as a part of the smaller text's size.
/// Marks that Typst sets as a text of their own are closer to the baseline of their line.
const LINE_DISTANCE_EM: f64 = 0.45;

/// The resolution at which candidates are drawn.
const PIXELS_PER_PT: f64 = 8.0;

/// The parts of two texts that may touch are at least this large.
const MIN_OVERLAP: Abs = Abs::raw(0.05);

/// Reports each text whose ink touches that of a later one, once.
pub(crate) fn lint(runs: &[TextRun<'_>], page: &Page) -> Vec<LayoutIssue> {
    let runs: Vec<_> = runs
        .iter()
        .filter(|run| !run.is_decoration && is_upright(run) && !run.text().trim().is_empty())
        .map(|run| (run, run.ink()))
        .collect();
    let touching = |(index, (run, ink)): (usize, &(&TextRun<'_>, Rect))| {
        let mut others = runs[index + 1..].iter();
        let (other, _) = others.find(|(other, other_ink)| {
            is_on_another_line(run, other)
                && overlap(*ink, *other_ink).is_some_and(|part| touches(run, other, part, page))
        })?;
        Some(LayoutIssue::TouchingLines {
            text: run.text().trim().to_owned(),
            other: other.text().trim().to_owned(),
        })
    };
    runs.iter().enumerate().filter_map(touching).collect()
}

fn is_upright(run: &TextRun<'_>) -> bool {
    let Transform { kx, ky, sx, sy, .. } = run.transform;
    kx.is_zero() && ky.is_zero() && sx.get() > 0.0 && sy.get() > 0.0
}

/// The same text over itself is a shadow or an outline.
fn is_on_another_line(a: &TextRun<'_>, b: &TextRun<'_>) -> bool {
    let distance = (a.start().y - b.start().y).abs();
    distance > a.size().min(b.size()) * LINE_DISTANCE_EM && a.text() != b.text()
}

fn overlap(a: Rect, b: Rect) -> Option<Rect> {
    let (min, max) = (a.min.max(b.min), a.max.min(b.max));
    let is_large = max.x - min.x > MIN_OVERLAP && max.y - min.y > MIN_OVERLAP;
    is_large.then(|| Rect::new(min, max))
}

/// Returns true if both texts have ink at the same place in a part of the page.
fn touches(a: &TextRun<'_>, b: &TextRun<'_>, part: Rect, page: &Page) -> bool {
    let [a, b] = [a, b].map(|run| ink_in(run, part, page));
    a.iter().zip(b).any(|(&a, b)| a && b)
}

/// Returns for each pixel of a part of the page whether a text covers at least half of it.
fn ink_in(run: &TextRun<'_>, part: Rect, page: &Page) -> Vec<bool> {
    let mut item = run.item.clone();
    item.fill = Paint::Solid(Color::BLACK);
    let mut text = Frame::soft(Size::zero());
    text.push(Point::zero(), FrameItem::Text(item));
    let to_part = Transform::translate(-part.min.x, -part.min.y);
    let mut group = GroupItem::new(text);
    group.transform = to_part.pre_concat(run.transform);
    let mut frame = Frame::soft(part.size());
    frame.push(Point::zero(), FrameItem::Group(group));
    let page = Page { frame, fill: Smart::Custom(None), ..page.clone() };
    raster::coverage(&page, PIXELS_PER_PT).into_iter().map(|alpha| alpha >= 128).collect()
}
