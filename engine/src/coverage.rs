//! Which text a font can show.
//!
//! A font shows a character if it has a glyph for it, or for characters that are canonically
//! equivalent: `ü` or `u` and U+0308. This follows how a shaper normalizes text (HarfBuzz,
//! `hb-ot-shape-normalize`): it prefers what the font has, composed or not.

use rustybuzz::ttf_parser::GlyphId;
use rustybuzz::ttf_parser::gdef::GlyphClass;
use rustybuzz::{Face, UnicodeBuffer, shape};
use typst::text::{Font, is_default_ignorable};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, decompose_canonical, is_combining_mark};
use unicode_script::{Script, UnicodeScript};

/// Iterates over the characters of `text` that a font can't show. `has` tells whether the font maps
/// a character to a glyph.
///
/// White space and invisible characters, such as joiners, need no glyph.
pub(crate) fn missing(text: &str, has: impl Fn(char) -> bool) -> impl Iterator<Item = char> {
    text.nfc().filter(move |&c| !shows(c, &has))
}

/// Returns true if a font places each mark of a word on its letter. A font may have both and no
/// anchors for them; the mark is then printed beside or through the letter.
///
/// Only alphabets whose letters combine freely are checked; fonts of other scripts are made for the
/// combinations of their languages.
pub(crate) fn places_marks(word: &str, font: &Font) -> bool {
    if !word.nfc().any(is_free_mark) || !word.chars().any(is_in_free_script) {
        return true;
    }
    let Some(face) = Face::from_slice(font.data(), font.index()) else { return false };
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&word.nfc().collect::<String>());
    let glyphs = shape(&face, &[], buffer);
    let is_mark = |id: u32| {
        let id = u16::try_from(id).ok().map(GlyphId);
        let class = id.and_then(|id| face.tables().gdef?.glyph_class(id));
        class == Some(GlyphClass::Mark)
    };
    let mut placed = glyphs.glyph_infos().iter().zip(glyphs.glyph_positions());
    // A mark that no anchor moves stays where the letter ends.
    placed.all(|(info, at)| at.x_offset != 0 || at.y_offset != 0 || !is_mark(info.glyph_id))
}

/// Marks of Latin, Greek and Cyrillic: a mark of another script has this script.
fn is_free_mark(c: char) -> bool {
    is_combining_mark(c) && (c.script() == Script::Inherited || is_in_free_script(c))
}

fn is_in_free_script(c: char) -> bool {
    matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic)
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
