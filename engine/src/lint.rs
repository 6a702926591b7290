//! Lints laid-out pages: overflowing text, and text with too little contrast.
//!
//! Missing glyphs are not a lint but an error of the compilation, see [`missing_glyphs`].

mod contrast;
mod issue;
pub(crate) mod missing_glyphs;
mod overflow;
mod text_run;

use std::collections::HashSet;

use typst_layout::Page;

use crate::error::ExportError;
pub use issue::LayoutIssue;

/// Returns the issues of each page: overflows first, then contrasts, in the order of the text.
pub(crate) fn lint(pages: &[Page]) -> Result<Vec<LayoutIssue>, ExportError> {
    let mut walker = overflow::Walker::default();
    let mut seen_colors = HashSet::new();
    for page in pages {
        let runs = walker.page(&page.frame);
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
