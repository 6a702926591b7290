//! Checks the font files of a template.

use testamur_engine::Template;

use crate::design::problem::{Problem, ProblemCode};

/// Finds font files that can't be used, and would be passed over.
pub(crate) fn unreadable(template: &Template) -> Vec<Problem> {
    let message = |file: String| {
        let advice = "replace it by a TrueType or OpenType font, a .ttf or .otf file";
        Problem::new(ProblemCode::UnreadableFont, format!("{file} can't be used: {advice}"))
    };
    template.unreadable_fonts().into_iter().map(message).collect()
}
