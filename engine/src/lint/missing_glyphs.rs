//! Rejects documents with missing glyphs. Typst silently renders these as boxes ("tofu").

use typst::layout::{Frame, FrameItem};
use typst::text::{TextItem, is_default_ignorable};
use typst_layout::PagedDocument;

use crate::data::Data;
use crate::error::CompileError;

/// Glyph 0 of every font is the box for missing glyphs (OpenType specification, `.notdef`).
const NOTDEF: u16 = 0;

/// Fails with the first character without a glyph, and the data field that contains it.
pub(crate) fn check(document: &PagedDocument, data: &Data) -> Result<(), CompileError> {
    match document.pages().iter().find_map(|page| missing_in(&page.frame)) {
        Some(character) => {
            Err(CompileError::UnsupportedCharacter { character, field: data.field_with(character) })
        }
        None => Ok(()),
    }
}

fn missing_in(frame: &Frame) -> Option<char> {
    frame.items().find_map(|(_, item)| match item {
        FrameItem::Group(group) => missing_in(&group.frame),
        FrameItem::Text(text) => missing_in_text(text),
        _ => None,
    })
}

fn missing_in_text(text: &TextItem) -> Option<char> {
    let missing = text.glyphs.iter().filter(|glyph| glyph.id == NOTDEF);
    missing
        .flat_map(|glyph| text.text.get(glyph.range()).unwrap_or_default().chars())
        // Joiners and similar characters are invisible, so they need no glyph.
        .find(|&c| !is_default_ignorable(c))
}
