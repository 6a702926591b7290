//! Rejects documents that lack a character of their text.
//!
//! Typst loses characters in four ways. Without a font, it prints the box of glyph 0 ("tofu"). If
//! the font of a cluster (a letter with its marks) lacks a part in the middle of it, Typst omits
//! this part, and nothing on the page tells. If such a part stands at an edge of right-to-left
//! text, Typst prints the cluster again in another font. Text in an unknown font without fallback is
//! omitted, which the document checks, because no trace of it is on the page.
//!
//! Text in SVG pictures is laid out by another library, which prints boxes too.

use std::iter;
use std::ops::Range;

use typst::layout::{Frame, FrameItem};
use typst::text::{FontBook, FontInfo, Glyph, TextItem, is_default_ignorable};
use typst_layout::PagedDocument;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

use crate::coverage::missing;
use crate::data::Data;
use crate::error::{CompileError, MissingCharacter};
use crate::fonts::{infos, is_emoji_family};
use crate::lint::svg_text;
use crate::lint::text_run::TextRun;
use crate::template::Template;

/// Glyph 0 of every font is the box for missing glyphs (OpenType specification, `.notdef`).
pub(crate) const NOTDEF: u16 = 0;

/// Fails with each character that is not on the page, and the data fields or picture that contain
/// it.
pub(crate) fn check(
    document: &PagedDocument,
    data: &Data,
    template: &Template,
) -> Result<(), CompileError> {
    let mut missing = Vec::new();
    for page in document.pages() {
        let mut parts = Vec::new();
        collect(&page.frame, &mut parts);
        for (part, text) in parts {
            missing.extend(missing_in_text(part, text, data, template.book()));
        }
        missing.extend(missing_in_pictures(&page.frame, template));
    }
    let mut characters = Vec::new();
    for character in missing {
        if !characters.contains(&character) {
            characters.push(character);
        }
    }
    if characters.is_empty() {
        return Ok(());
    }
    let is_in_a_font = |missing: &MissingCharacter| {
        infos(template.book()).any(|info| info.coverage.contains(u32::from(missing.character)))
    };
    Err(if template.forbids_fallback() && characters.iter().all(is_in_a_font) {
        CompileError::ForbiddenFallback(characters)
    } else {
        CompileError::MissingCharacters(characters)
    })
}

/// Returns the missing characters of a part of a text, once for each field that contains the part.
fn missing_in_text(
    part: &str,
    text: &TextItem,
    data: &Data,
    book: &FontBook,
) -> Vec<MissingCharacter> {
    let fields = data.fields_with(part);
    let fields: Vec<_> = match fields.is_empty() {
        true => vec![None],
        false => fields.into_iter().map(Some).collect(),
    };
    let missing = |character| {
        let is_in_known_script = is_in_known_script(character, book);
        fields.iter().map(move |field| MissingCharacter {
            character,
            field: field.clone(),
            picture: None,
            is_in_known_script,
        })
    };
    culprits(part, text, book).into_iter().flat_map(missing).collect()
}

fn missing_in_pictures(frame: &Frame, template: &Template) -> Vec<MissingCharacter> {
    let missing = |picture| {
        let file = template.file_with(picture);
        svg_text::missing_characters(picture).into_iter().map(move |character| MissingCharacter {
            character,
            field: None,
            picture: Some(file.clone()),
            is_in_known_script: is_in_known_script(character, template.book()),
        })
    };
    svg_text::pictures(frame).into_iter().flat_map(missing).collect()
}

/// Returns true if a font has other characters of the same script. Emoji have no script.
fn is_in_known_script(character: char, book: &FontBook) -> bool {
    let script = character.script();
    match script {
        Script::Common | Script::Inherited => infos(book).any(|info| is_emoji_family(&info.family)),
        _ => infos(book).any(|info| {
            info.coverage.iter().filter_map(char::from_u32).any(|c| c.script() == script)
        }),
    }
}

/// Collects the parts of texts that are not on the page as a whole.
fn collect<'a>(frame: &'a Frame, parts: &mut Vec<(&'a str, &'a TextItem)>) {
    let mut previous: Option<TextRun<'_>> = None;
    for (at, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, parts),
            FrameItem::Text(text) => {
                let run = TextRun::new(*at, text, false);
                let repeated = previous
                    .filter(|previous| previous.is_followed_by(&run))
                    .and_then(|previous| repeated_cluster(previous.item, text));
                let incomplete = incomplete_parts(text).into_iter().chain(repeated);
                parts.extend(incomplete.map(|part| (part, text)));
                previous = Some(run);
            }
            _ => {}
        }
    }
}

/// Returns the clusters with a character that the font of the text can't show. Adjacent ones are
/// joined, because Typst prints a box for each character of a cluster.
fn incomplete_parts(text: &TextItem) -> Vec<&str> {
    let clusters = text.glyphs.chunk_by(|a, b| a.range == b.range);
    let mut ranges: Vec<_> = clusters
        .filter(|glyphs| !is_complete(text, glyphs))
        .map(|glyphs| glyphs[0].range())
        .collect();
    // Right-to-left text has its glyphs in reverse.
    ranges.sort_by_key(|range| range.start);
    let joined = ranges.chunk_by(|a, b| a.end == b.start);
    joined.filter_map(|parts| text.text.get(parts[0].start..parts.last()?.end)).collect()
}

fn is_complete(text: &TextItem, cluster: &[Glyph]) -> bool {
    let Some(part) = visible(text, cluster[0].range()) else { return true };
    // The glyph of a single character is that character. This is nearly all text, and fast.
    let is_single = part.chars().nth(1).is_none();
    cluster.iter().all(|glyph| glyph.id != NOTDEF)
        && (is_single
            || missing(part, |c| has_glyph(text, c)).next().is_none()
                && missing_variants(part, text).is_empty())
}

/// Returns the standardized variants of Han for which the font has no glyph, as the compatibility
/// ideographs that normalization makes them from; else their selectors. Shapers print the base
/// without its selector then, which is another character.
fn missing_variants(part: &str, text: &TextItem) -> Vec<char> {
    let pairs = part.chars().zip(part.chars().skip(1));
    let is_variant = |&(base, selector): &(char, char)| {
        base.script() == Script::Han && ('\u{fe00}'..='\u{fe0f}').contains(&selector)
    };
    let has_variant = |&(base, selector): &(char, char)| {
        text.font.ttf().glyph_variation_index(base, selector).is_some()
    };
    pairs
        .filter(|pair| is_variant(pair) && !has_variant(pair))
        .map(|(base, selector)| compatibility_ideograph(base, selector).unwrap_or(selector))
        .collect()
}

/// Returns the compatibility ideograph whose standardized variant this is.
fn compatibility_ideograph(base: char, selector: char) -> Option<char> {
    let is_it = |c: &char| iter::once(*c).cjk_compat_variants().eq([base, selector]);
    ('\u{f900}'..='\u{faff}').chain('\u{2f800}'..='\u{2fa1f}').find(is_it)
}

/// Returns the cluster that ends one text and begins the next one in another font, although it
/// stands in the source once.
fn repeated_cluster<'a>(previous: &TextItem, text: &'a TextItem) -> Option<&'a str> {
    let (last, first) = (previous.glyphs.last()?, text.glyphs.first()?);
    let cluster = visible(text, first.range())?;
    let is_repeated = last.span == first.span
        && previous.font != text.font
        && visible(previous, last.range()) == Some(cluster);
    is_repeated.then_some(cluster)
}

/// Returns a part of a text, or `None` if all of its characters are invisible.
fn visible(text: &TextItem, range: Range<usize>) -> Option<&str> {
    text.text.get(range).filter(|part| !part.chars().all(is_default_ignorable))
}

/// Returns the characters to blame for an incomplete part: those that no font has; else those that
/// are missing in the fonts with its first letter; else those that the font of the text lacks.
fn culprits(part: &str, text: &TextItem, book: &FontBook) -> Vec<char> {
    let has = |info: &FontInfo, c| info.coverage.contains(u32::from(c));
    let nowhere: Vec<_> = missing(part, |c| infos(book).any(|info| has(info, c))).collect();
    let first = part.chars().find(|&c| !is_default_ignorable(c));
    let with_first = infos(book).filter(|info| first.is_some_and(|first| has(info, first)));
    let together = with_first.map(|info| missing(part, |c| has(info, c)).collect::<Vec<_>>());
    let here = missing(part, |c| has_glyph(text, c)).collect();
    let all = part.chars().filter(|&c| !is_default_ignorable(c)).collect();
    [
        nowhere,
        missing_variants(part, text),
        together.min_by_key(Vec::len).unwrap_or_default(),
        here,
        all,
    ]
    .into_iter()
    .find(|characters| !characters.is_empty())
    .unwrap_or_default()
}

/// Returns true if the font of a text maps a character to a glyph.
pub(super) fn has_glyph(text: &TextItem, character: char) -> bool {
    text.font.ttf().glyph_index(character).is_some()
}
