//! The HTML of the two pages, with the style that they share.

const COMMON_CSS: &str = include_str!("assets/common.css");
const PREVIEW: &str = include_str!("assets/preview.html");
const REVIEW: &str = include_str!("assets/review.html");

/// Returns the page of `testamur preview`.
pub(crate) fn preview() -> String {
    with_common_css(PREVIEW)
}

/// Returns the page that shows changed snapshots. `data` is its data as JSON.
pub(crate) fn review(data: &str) -> String {
    // The data is in a script element, which only a "<" could end.
    with_common_css(REVIEW).replacen("/*DATA*/null", &data.replace('<', "\\u003c"), 1)
}

fn with_common_css(page: &str) -> String {
    page.replacen("/*COMMON*/", COMMON_CSS, 1)
}
