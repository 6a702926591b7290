//! Lints laid-out pages: one module for each kind of [`LayoutIssue`].
//!
//! Missing glyphs and illegible text are not lints but errors of the compilation, see
//! [`missing_glyphs`] and [`small_text`].

mod contrast;
mod decorations;
mod issue;
pub(crate) mod missing_faces;
pub(crate) mod missing_glyphs;
mod mixed_fonts;
mod overflow;
pub(crate) mod small_text;
mod svg_text;
mod text_run;
mod touching_lines;

use std::collections::HashSet;

use typst_layout::Page;

use crate::error::ExportError;
use crate::template::Template;
pub use issue::LayoutIssue;

/// Returns the issues of each page, in the order of the text. Text smaller than `min_text_size`
/// points is an issue.
pub(crate) fn lint(
    pages: &[Page],
    min_text_size: f64,
    template: &Template,
) -> Result<Vec<LayoutIssue>, ExportError> {
    let mut walker = overflow::Walker::default();
    let mut seen_colors = HashSet::new();
    for page in pages {
        let runs = walker.page(&page.frame);
        walker.issues.extend(runs.iter().filter_map(|run| small_text::lint(run, min_text_size)));
        walker.issues.extend(mixed_fonts::lint(&runs));
        walker.issues.extend(touching_lines::lint(&runs, page));
        walker.issues.extend(svg_text::lint(&page.frame, template));
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
