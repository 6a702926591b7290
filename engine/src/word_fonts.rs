//! Chooses one font family for each word that would otherwise mix two.
//!
//! Typst changes the font from letter to letter: in `Yɛboah`, one letter comes from another typeface
//! if the template's own family lacks it. The shared helper `inline` sets such a word in a family
//! that has all of it.

use std::collections::BTreeMap;

use typst::foundations::Bytes;
use typst::text::{FontBook, FontInfo};
use unicode_normalization::char::is_combining_mark;

use crate::coverage::missing;
use crate::data::Data;
use crate::fonts::is_emoji_family;

/// Returns the JSON that a template reads as `word-fonts.json`: an object with an entry for each
/// word that no family named by the template has completely, such as
/// `{"Yɛboah": ["Noto Sans", "Noto Serif"]}`.
///
/// The families of an entry have the whole word and are sorted by name. A word gets no entry if no
/// family has all of it, or if its letters come from one font anyway.
pub(crate) fn json(data: &Data, named: &[String], book: &FontBook) -> Bytes {
    let mut words = BTreeMap::new();
    data.for_each_string(&mut |text| {
        for word in text.split(|c| !is_in_word(c)).filter(|word| !word.is_ascii()) {
            if !words.contains_key(word) && is_mixed(word, named, book) {
                words.insert(word.to_owned(), families_with(word, book));
            }
        }
    });
    words.retain(|_, families| !families.is_empty());
    Bytes::new(serde_json::to_vec(&words).expect("strings and lists are always valid JSON"))
}

/// Returns true if Typst could set a word in several fonts: one that has some of its characters and
/// lacks others. Typst tries the families that the template names first.
fn is_mixed(word: &str, named: &[String], book: &FontBook) -> bool {
    let is_partial = |family: &Family<'_>| family.has_part_of(word) && !family.has_all_of(word);
    let is_named = |family: &Family<'_>| named.iter().any(|name| name == family.name);
    let named = families(book).filter(is_named);
    let mut has_part = false;
    for family in named {
        if is_partial(&family) {
            return true;
        }
        has_part |= family.has_part_of(word);
    }
    !has_part && families(book).any(|family| is_partial(&family))
}

/// The shared helper `inline` has the same definition.
pub(crate) fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || "'’-\u{2010}\u{2011}\u{200c}\u{200d}".contains(c)
}

fn families_with(word: &str, book: &FontBook) -> Vec<String> {
    let complete = families(book).filter(|family| family.has_all_of(word));
    complete.map(|family| family.name.to_owned()).collect()
}

/// Returns the families for text, sorted by name.
fn families(book: &FontBook) -> impl Iterator<Item = Family<'_>> {
    let families = book.families().filter(|(name, _)| !is_emoji_family(name));
    families.map(|(name, faces)| Family {
        name,
        faces: faces.filter_map(|face| book.info(face)).collect(),
    })
}

struct Family<'a> {
    name: &'a str,
    faces: Vec<&'a FontInfo>,
}

impl Family<'_> {
    /// Returns true if each face has the character, because the template may select any of them.
    fn has(&self, character: char) -> bool {
        self.faces.iter().all(|face| face.coverage.contains(u32::from(character)))
    }

    fn has_part_of(&self, word: &str) -> bool {
        word.chars().any(|c| self.has(c))
    }

    fn has_all_of(&self, word: &str) -> bool {
        missing(word, |c| self.has(c)).next().is_none()
    }
}
