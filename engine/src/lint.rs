//! Lints laid-out pages: overflowing text, text that is too small, and text with too little
//! contrast.
//!
//! Missing glyphs and illegible text are not lints but errors of the compilation, see
//! [`missing_glyphs`] and [`small_text`].

mod contrast;
mod issue;
pub(crate) mod missing_glyphs;
mod overflow;
pub(crate) mod small_text;
mod text_run;

use std::collections::HashSet;

use typst_layout::Page;

use crate::error::ExportError;
pub(crate) use contrast::{hex as hex_color, ratio as contrast_ratio};
pub use issue::LayoutIssue;

/// Returns the issues of each page: overflows, then sizes, then contrasts, in the order of the
/// text. Text smaller than `min_text_size` points is an issue.
pub(crate) fn lint(pages: &[Page], min_text_size: f64) -> Result<Vec<LayoutIssue>, ExportError> {
    let mut walker = overflow::Walker::default();
    let mut seen_colors = HashSet::new();
    for page in pages {
        let runs = walker.page(&page.frame);
        walker.issues.extend(runs.iter().filter_map(|run| small_text::lint(run, min_text_size)));
        let background = contrast::background(page)?;
        for (colors, issue) in runs.iter().filter_map(|run| contrast::check(run, &background)) {
            // A layout uses each pair of colors many times, so the pair is reported once.
            if seen_colors.insert(colors) {
                walker.issues.push(issue);
            }
        }
    }
    Ok(walker.issues)
}
