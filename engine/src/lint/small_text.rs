//! Finds text that is too small to read.
//!
//! The smallest size is a finding of the lint. Below [`ILLEGIBLE_PT`] it is an error of the
//! compilation: nobody can read such a certificate.

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

use super::decorations::Decorations;
use super::text_run::{TextRun, scale_of};
use crate::data::Data;
use crate::error::CompileError;
use crate::lint::LayoutIssue;

/// The size in points below which print can't be read.
const ILLEGIBLE_PT: f64 = 4.0;

/// Sizes are computed, so the size itself is allowed to this precision.
const PRECISION_PT: f64 = 0.01;

/// Fails with the smallest text that can't be read.
pub(crate) fn check(document: &PagedDocument, data: &Data) -> Result<(), CompileError> {
    let mut search = Search::default();
    for page in document.pages() {
        search.visit(&page.frame, 1.0);
    }
    match search.smallest {
        Some((points, text)) if points < ILLEGIBLE_PT - PRECISION_PT => {
            // A letter or two would be found in any field.
            let is_distinct = text.trim().chars().nth(3).is_some();
            let field =
                is_distinct.then(|| data.fields_with(text.trim()).into_iter().next()).flatten();
            Err(CompileError::IllegibleText { points, field, limit: ILLEGIBLE_PT })
        }
        _ => Ok(()),
    }
}

/// Finds the smallest visible text that is not decoration, and its size in points.
#[derive(Default)]
struct Search<'a> {
    decorations: Decorations,
    smallest: Option<(f64, &'a str)>,
}

impl<'a> Search<'a> {
    /// Visits a frame that is scaled by a factor.
    fn visit(&mut self, frame: &'a Frame, scale: f64) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => {
                    self.visit(&group.frame, scale * scale_of(group.transform));
                }
                FrameItem::Text(text) if !self.decorations.is_inside() => {
                    self.compare(&text.text, text.size.to_pt() * scale);
                }
                FrameItem::Tag(tag) => self.decorations.see(tag),
                _ => {}
            }
        }
    }

    fn compare(&mut self, text: &'a str, points: f64) {
        // Text without any size is hidden on purpose.
        let is_smaller = points > 0.0 && self.smallest.is_none_or(|(size, _)| points < size);
        if is_smaller && !text.trim().is_empty() {
            self.smallest = Some((points, text));
        }
    }
}

/// Reports a text that is smaller than `min_size` points.
pub(crate) fn lint(run: &TextRun<'_>, min_size: f64) -> Option<LayoutIssue> {
    let points = run.size().to_pt();
    let is_small =
        points < min_size - PRECISION_PT && !run.is_decoration && !run.text().trim().is_empty();
    is_small.then(|| LayoutIssue::SmallText { text: run.text().to_owned(), points, min_size })
}
