//! Checks the font files of a template, and those that all templates share.

use std::path::Path;

use testamur_engine::{Fonts, Template};

use crate::design::problem::{Problem, ProblemCode};

/// Finds font files that can't be used, and would be passed over.
pub(crate) fn unreadable(template: &Template) -> Vec<Problem> {
    template.unreadable_fonts().iter().map(|file| problem(file)).collect()
}

/// Finds the same in the folder of fonts that all templates share.
pub(crate) fn unreadable_in(folder: &Path) -> Vec<Problem> {
    let files = Fonts::unreadable_files(folder);
    let relative = |file: &Path| file.strip_prefix(folder).unwrap_or(file).display().to_string();
    files.iter().map(|file| problem(&relative(file))).collect()
}

fn problem(file: &str) -> Problem {
    let advice = "replace it by a TrueType or OpenType font, a .ttf or .otf file";
    Problem::new(ProblemCode::UnreadableFont, format!("{file} can't be used: {advice}"))
}
