//! Text that extends beyond its box or the page, found while walking through the frames of a page.

use typst::layout::{Abs, Frame, FrameItem, Rect, Size, Transform};

use crate::lint::decorations::Decorations;
use crate::lint::issue::LayoutIssue;
use crate::lint::text_run::TextRun;

/// How far text may extend beyond a box, in points. The side bearings of letters do so by less.
const OVERFLOW_TOLERANCE_PT: f64 = 0.75;

/// How much further text may extend if punctuation is at either end, as a part of its size.
/// Typst hangs punctuation into the margin of justified text by less.
const HANGING_PUNCTUATION_EM: f64 = 0.2;

/// Walks through the nested frames of pages, innermost first.
#[derive(Default)]
pub(crate) struct Walker {
    /// One walker takes all pages, because decoration can begin on one page and end on another.
    decorations: Decorations,
    /// The issues found so far.
    pub(crate) issues: Vec<LayoutIssue>,
}

impl Walker {
    /// Reports text that overflows a box or the page, and returns the text that overflows no box.
    pub(crate) fn page<'a>(&mut self, frame: &'a Frame) -> Vec<TextRun<'a>> {
        let runs = self.runs(frame);
        self.issues.extend(runs.iter().filter_map(|run| {
            let points = overflow(run, frame.size())?;
            Some(LayoutIssue::PageOverflow { text: run.text().to_owned(), points })
        }));
        runs
    }

    /// Returns the text in a frame, in its coordinates. Text that overflows a box in the frame is
    /// reported and left out, so only the innermost box is reported.
    fn runs<'a>(&mut self, frame: &'a Frame) -> Vec<TextRun<'a>> {
        let mut runs = Vec::new();
        for (at, item) in frame.items() {
            match item {
                FrameItem::Group(group) => {
                    let mut inner = self.runs(&group.frame);
                    // Hard frames have a size of their own, such as those of boxes and blocks.
                    // Soft frames only group items.
                    if group.frame.kind().is_hard() {
                        inner.retain(|run| !self.overflows_box(run, group.frame.size()));
                    }
                    let transform = Transform::translate(at.x, at.y).pre_concat(group.transform);
                    runs.extend(inner.into_iter().map(|run| run.transform(transform)));
                }
                FrameItem::Text(text) => {
                    runs.push(TextRun::new(*at, text, self.decorations.is_inside()));
                }
                FrameItem::Tag(tag) => self.decorations.see(tag),
                _ => {}
            }
        }
        runs
    }

    fn overflows_box(&mut self, run: &TextRun<'_>, size: Size) -> bool {
        let Some(points) = overflow(run, size) else { return false };
        self.issues.push(LayoutIssue::BoxOverflow { text: run.text().to_owned(), points });
        true
    }
}

/// Returns how many points a run extends beyond a box, if it is more than the tolerance.
fn overflow(run: &TextRun<'_>, size: Size) -> Option<f64> {
    let beyond = |low: Abs, high: Abs, length: Abs| {
        // Zero-size frames are used for positioning, so overflow along that axis is ignored.
        if length == Abs::zero() { Abs::zero() } else { (-low).max(high - length) }
    };
    let Rect { min, max } = run.body();
    let points = beyond(min.x, max.x, size.x).max(beyond(min.y, max.y, size.y)).to_pt();
    (points > tolerance(run)).then_some(points)
}

fn tolerance(run: &TextRun<'_>) -> f64 {
    // U+2010 to U+2026 are hyphens, dashes, quotation marks and ellipses.
    let is_hanging = |c: char| c.is_ascii_punctuation() || ('\u{2010}'..='\u{2026}').contains(&c);
    if run.text().starts_with(is_hanging) || run.text().ends_with(is_hanging) {
        OVERFLOW_TOLERANCE_PT + HANGING_PUNCTUATION_EM * run.size().to_pt()
    } else {
        OVERFLOW_TOLERANCE_PT
    }
}
