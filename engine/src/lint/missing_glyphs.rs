//! Finds characters that no font has: Typst prints them as empty boxes without a word, and we do not issue boxes.

use typst::layout::{Frame, FrameItem};
use typst::text::{TextItem, is_default_ignorable};
use typst_layout::PagedDocument;

use crate::data::Data;
use crate::error::RenderError;

/// Fails with the first character that is laid out with the missing glyph, and the data field it stands in.
pub(crate) fn check(document: &PagedDocument, data: &Data) -> Result<(), RenderError> {
    match document.pages().iter().find_map(|page| missing_in(&page.frame)) {
        Some(character) => {
            Err(RenderError::UnsupportedCharacter { character, field: data.field_with(character) })
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
    let missing = text.glyphs.iter().filter(|glyph| glyph.id == 0);
    missing
        .flat_map(|glyph| text.text.get(glyph.range()).unwrap_or_default().chars())
        .find(|&c| !is_default_ignorable(c))
}
