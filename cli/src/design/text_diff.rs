//! Comparing texts line by line.

use std::fmt;

use similar::{ChangeTag, TextDiff};

/// The number of unchanged lines around a change.
const CONTEXT: usize = 2;

/// How two texts differ.
pub(crate) struct TextDifference {
    removed: usize,
    added: usize,
    /// The first line of the new text that differs, from 1.
    line: usize,
    /// The changed lines, with `-` or `+` before each, and the lines around them.
    pub(crate) lines: String,
}

/// Compares a text with its reference, and returns how they differ or none if they are equal.
pub(crate) fn compare(expected: &str, actual: &str) -> Option<TextDifference> {
    let diff = TextDiff::from_lines(expected, actual);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let before_first = diff.iter_all_changes().take_while(|c| c.tag() == ChangeTag::Equal).count();
    let lines = diff.unified_diff().context_radius(CONTEXT).to_string();
    (expected != actual).then_some(TextDifference {
        removed: count(ChangeTag::Delete),
        added: count(ChangeTag::Insert),
        line: before_first + 1,
        lines,
    })
}

impl fmt::Display for TextDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { removed, added, line, .. } = self;
        let noun = |count| if count == 1 { "line" } else { "lines" };
        write!(f, "{removed} {} removed and {added} added, from line {line}", noun(*removed))
    }
}
