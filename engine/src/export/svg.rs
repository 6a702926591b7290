//! SVG export.

use typst_layout::Page;
use typst_svg::SvgOptions;

/// Exports each page as a self-contained image, with glyphs as outlines.
pub(crate) fn export(pages: &[Page]) -> Vec<String> {
    let options = SvgOptions::default();
    pages.iter().map(|page| typst_svg::svg(page, &options)).collect()
}
