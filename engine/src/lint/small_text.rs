//! Finds text that is too small to read.
//!
//! The smallest size is a finding of the lint. Below [`ILLEGIBLE_PT`] it is an error of the
//! compilation: nobody can read such a certificate.

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

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
    let mut smallest = None;
    for page in document.pages() {
        find_smallest(&page.frame, 1.0, &mut smallest);
    }
    match smallest {
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

/// Finds the smallest visible text in a frame that is scaled by a factor.
fn find_smallest<'a>(frame: &'a Frame, scale: f64, smallest: &mut Option<(f64, &'a str)>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => {
                find_smallest(&group.frame, scale * scale_of(group.transform), smallest);
            }
            FrameItem::Text(text) => {
                let points = text.size.to_pt() * scale;
                // Text without any size is hidden on purpose.
                let is_smaller = points > 0.0 && smallest.is_none_or(|(size, _)| points < size);
                if is_smaller && !text.text.trim().is_empty() {
                    *smallest = Some((points, &text.text));
                }
            }
            _ => {}
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
