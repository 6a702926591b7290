//! Chooses one font family for each word that would otherwise mix two.
//!
//! Typst changes the font from letter to letter: in `Yɛboah`, one letter comes from another typeface
//! if the template's own family lacks it. The shared helper `inline` sets such a word in a family
//! that has all of it, and places its marks.

use std::collections::BTreeMap;

use typst::foundations::Bytes;
use typst::text::FontInfo;
use unicode_normalization::char::is_combining_mark;

use crate::coverage::{missing, places_marks};
use crate::data::Data;
use crate::fonts::{Fonts, is_emoji_family};

/// Returns the JSON that a template reads as `word-fonts.json`: an object with an entry for each
/// word that no family named by the template has completely, such as
/// `{"Yɛboah": ["Noto Sans", "Noto Serif"]}`.
///
/// The families of an entry have the whole word and are sorted by name. A word gets no entry if no
/// family has all of it, or if its letters come from one font anyway.
pub(crate) fn json(data: &Data, named: &[String], fonts: &Fonts) -> Bytes {
    let mut words = BTreeMap::new();
    data.for_each_string(&mut |text| {
        for word in text.split(|c| !is_in_word(c)).filter(|word| !word.is_ascii()) {
            if !words.contains_key(word) && needs_family(word, named, fonts) {
                words.insert(word.to_owned(), families_with(word, fonts));
            }
        }
    });
    words.retain(|_, families| !families.is_empty());
    Bytes::new(serde_json::to_vec(&words).expect("strings and lists are always valid JSON"))
}

/// Returns true if Typst could set a word in several fonts: one that has some of its characters and
/// lacks others. Typst tries the families that the template names first. Also returns true if one of
/// these has the whole word and can't place its marks.
fn needs_family(word: &str, named: &[String], fonts: &Fonts) -> bool {
    let is_partial = |family: &Family<'_>| family.has_part_of(word) && !family.has_all_of(word);
    let is_named = |family: &Family<'_>| named.iter().any(|name| name == family.name);
    let named = families(fonts).filter(is_named);
    let mut has_part = false;
    for family in named {
        if is_partial(&family) || (family.has_all_of(word) && !family.places_marks_of(word)) {
            return true;
        }
        has_part |= family.has_part_of(word);
    }
    !has_part && families(fonts).any(|family| is_partial(&family))
}

/// The shared helper `inline` has the same definition.
pub(crate) fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || "'’-\u{2010}\u{2011}\u{200c}\u{200d}".contains(c)
}

/// Returns the families that show a word as it should be; if there is none, those that have all of
/// its characters.
fn families_with(word: &str, fonts: &Fonts) -> Vec<String> {
    let complete: Vec<_> = families(fonts).filter(|family| family.has_all_of(word)).collect();
    let names = |families: &mut dyn Iterator<Item = &Family<'_>>| {
        families.map(|family| family.name.to_owned()).collect::<Vec<_>>()
    };
    let placed = names(&mut complete.iter().filter(|family| family.places_marks_of(word)));
    if placed.is_empty() { names(&mut complete.iter()) } else { placed }
}

/// Returns the families for text, sorted by name.
fn families(fonts: &Fonts) -> impl Iterator<Item = Family<'_>> {
    let families = fonts.book().families().filter(|(name, _)| !is_emoji_family(name));
    families.map(|(name, faces)| {
        let info = |index| Some((index, fonts.book().info(index)?));
        Family { name, fonts, faces: faces.filter_map(info).collect() }
    })
}

struct Family<'a> {
    name: &'a str,
    fonts: &'a Fonts,
    /// The indices and descriptions of the faces.
    faces: Vec<(usize, &'a FontInfo)>,
}

impl Family<'_> {
    /// Returns true if each face has the character, because the template may select any of them.
    fn has(&self, character: char) -> bool {
        self.faces.iter().all(|(_, face)| face.coverage.contains(u32::from(character)))
    }

    fn has_part_of(&self, word: &str) -> bool {
        word.chars().any(|c| self.has(c))
    }

    fn has_all_of(&self, word: &str) -> bool {
        missing(word, |c| self.has(c)).next().is_none()
    }

    fn places_marks_of(&self, word: &str) -> bool {
        let mut fonts = self.faces.iter().filter_map(|&(index, _)| self.fonts.font(index));
        fonts.all(|font| places_marks(word, &font))
    }
}
