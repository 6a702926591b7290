//! Which text a font can show.
//!
//! A font shows a character if it has a glyph for it, or for characters that are canonically
//! equivalent: `ü` or `u` and U+0308. This follows how a shaper normalizes text (HarfBuzz,
//! `hb-ot-shape-normalize`): it prefers what the font has, composed or not.

use typst::text::is_default_ignorable;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, decompose_canonical};

/// Iterates over the characters of `text` that a font can't show. `has` tells whether the font maps
/// a character to a glyph.
///
/// White space and invisible characters, such as joiners, need no glyph.
pub(crate) fn missing(text: &str, has: impl Fn(char) -> bool) -> impl Iterator<Item = char> {
    text.nfc().filter(move |&c| !shows(c, &has))
}

fn shows(c: char, has: &impl Fn(char) -> bool) -> bool {
    let is_invisible = c.is_whitespace() || is_default_ignorable(c);
    // Shapers print a hyphen for a no-break hyphen that the font lacks.
    let substitute = |c| c == '\u{2011}' && has('\u{2010}');
    is_invisible || has(c) || substitute(c) || shows_parts(c, has)
}

/// Returns true if a font shows a character as a base and marks, some of them composed.
fn shows_parts(c: char, has: &impl Fn(char) -> bool) -> bool {
    let mut parts = Vec::new();
    decompose_canonical(c, |part| parts.push(part));
    let Some((&first, marks)) = parts.split_first().filter(|(_, marks)| !marks.is_empty()) else {
        return false;
    };
    let mut base = first;
    for &mark in marks {
        match compose(base, mark).filter(|&composed| has(composed)) {
            Some(composed) => base = composed,
            None if has(mark) => {}
            None => return false,
        }
    }
    has(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_forms_are_equivalent() {
        let first = |text: &str, font: &str| missing(text, |c| font.contains(c)).next();
        for (text, font) in [
            ("ü", "ü"),
            ("ü", "u\u{308}"),
            ("u\u{308}", "ü"),
            ("ǖ", "ü\u{304}"),
            ("ǖ", "u\u{304}\u{308}"),
            ("r\u{325}\u{304}", "r\u{304}\u{325}"),
            ("한", "한"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("a\u{200d}\u{a0}\u{2011}b", "ab\u{2010}"),
        ] {
            assert_eq!(first(text, font), None, "{text} in {font}");
        }
    }

    #[test]
    fn a_mark_without_a_glyph_is_missing() {
        let first = |text: &str, font: &str| missing(text, |c| font.contains(c)).next();
        for (text, font, expected) in [
            ("r\u{325}\u{304}", "r\u{304}", '\u{325}'),
            ("\u{25b}\u{300}", "\u{300}", '\u{25b}'),
            ("ü", "u", 'ü'),
            ("ǖ", "u\u{308}", 'ǖ'),
            ("e\u{30d}", "e", '\u{30d}'),
        ] {
            assert_eq!(first(text, font), Some(expected), "{text} in {font}");
        }
    }
}
