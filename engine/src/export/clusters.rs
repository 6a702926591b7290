//! Prepares letters with marks for PDF export, so that a reader copies each of them once and in its
//! place. No glyph moves on the page.
//!
//! - Typst splits text where glyphs change in height: a raised mark becomes a text of its own. Each
//!   part then carries the whole cluster, the letter and its marks, and the PDF contains it twice:
//!   `d̂d̂` (`ShapedText::build` in typst-layout 0.15). The parts are joined.
//! - A PDF says with `ActualText` which characters the glyphs of a cluster stand for. Programs that
//!   extract text take its extent from its first and its last glyph. A mark has no width and stands
//!   inside its letter, so they see a gap beside it, and add a space. An empty glyph marks the end
//!   of such a cluster.
//! - A joiner has no glyph, so it belongs to the letter after it. In right-to-left text, `pdftotext`
//!   reverses the characters of this letter, and the joiner moves. It gets an empty glyph of its own.
//! - Isolates, which a layout needs to order a value inside a sentence of the other direction, are
//!   removed: a reader would copy them, and then not find the value.
//!
//! In right-to-left text, `pdftotext` still writes a mark before its letter: it reverses the
//! characters of `ActualText`. A form that it reads correctly is wrong in other programs
//! (<https://github.com/LaurenzV/krilla/issues/411>, <https://github.com/typst/typst/issues/4225>).

use typst::layout::{Abs, Em, Frame, FrameItem, GroupItem, Point};
use typst::model::Document as _;
use typst::text::{FontInstance, Glyph, TextItem};
use typst_layout::{Page, PagedDocument};

use crate::measure::is_right_to_left;

/// How far apart two places may be that are the same, in points. Sums differ by rounding.
const SAME_PLACE_PT: f64 = 0.01;

/// Returns the document with prepared clusters, or `None` if nothing needs it.
pub(crate) fn prepare(document: &PagedDocument) -> Option<PagedDocument> {
    if !document.pages().iter().any(|page| needs_preparation(&page.frame)) {
        return None;
    }
    let joined = |page: &Page| Page { frame: join_frame(&page.frame), ..page.clone() };
    let pages = document.pages().iter().map(joined).collect();
    Some(PagedDocument::new(pages, document.info().clone()))
}

fn needs_preparation(frame: &Frame) -> bool {
    frame.items().any(|(_, item)| match item {
        FrameItem::Group(group) => needs_preparation(&group.frame),
        FrameItem::Text(text) => {
            let is_prepared = |glyph: &Glyph| {
                // A space at the end of a line has no width either.
                let is_space = || text.text.get(glyph.range()).is_some_and(|part| part == " ");
                is_mark(glyph) && !is_space()
            };
            text.glyphs.iter().any(is_prepared)
                || text.text.contains(|c| is_joiner(c) || is_isolate(c))
        }
        _ => false,
    })
}

/// Returns true for a glyph without width, which stands on another one.
fn is_mark(glyph: &Glyph) -> bool {
    glyph.x_advance == Em::zero()
}

fn join_frame(frame: &Frame) -> Frame {
    let mut joined = frame.clone();
    joined.clear();
    let mut open: Option<(Point, TextItem)> = None;
    for (at, item) in frame.items() {
        let text = match item {
            FrameItem::Text(text) => text,
            other => {
                push(&mut joined, open.take());
                joined.push(*at, join_item(other));
                continue;
            }
        };
        open = match open.take() {
            Some((start, before)) => {
                if let Some(side) = shared_cluster((start, &before), (*at, text)) {
                    Some((start, join_text(before, at.y - start.y, text, side)))
                } else {
                    push(&mut joined, Some((start, before)));
                    Some((*at, text.clone()))
                }
            }
            None => Some((*at, text.clone())),
        };
    }
    push(&mut joined, open);
    joined
}

fn push(frame: &mut Frame, text: Option<(Point, TextItem)>) {
    if let Some((at, mut text)) = text {
        prepare_text(&mut text);
        frame.push(at, FrameItem::Text(text));
    }
}

fn prepare_text(text: &mut TextItem) {
    if text.text.contains(is_isolate) {
        text.glyphs.retain_mut(|glyph| strip_isolates(glyph, &text.text));
    }
    let has_mark = text.glyphs.iter().any(is_mark);
    let Some(empty) = text.font.ttf().glyph_index(' ').map(|glyph| glyph.0) else { return };
    if text.text.contains(is_joiner) && is_right_to_left(text) {
        let separate = |cluster| separate_joiner(cluster, &text.text, empty);
        text.glyphs = clusters(text).flat_map(separate).collect();
    }
    if has_mark {
        let enclose = |cluster| enclose(cluster, empty, &text.font);
        text.glyphs = clusters(text).flat_map(enclose).collect();
    }
}

/// Returns the glyphs of each cluster: a letter, or letters, with their marks.
fn clusters(text: &TextItem) -> impl Iterator<Item = &[Glyph]> {
    text.glyphs.chunk_by(|a, b| a.range == b.range)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_isolate(c: char) -> bool {
    matches!(c, '\u{2066}'..='\u{2069}')
}

/// Takes the isolates at both ends out of the range of a glyph. Returns false if nothing is left;
/// an isolate has neither ink nor width.
fn strip_isolates(glyph: &mut Glyph, text: &str) -> bool {
    let part = text.get(glyph.range()).unwrap_or_default();
    let rest = part.trim_start_matches(is_isolate);
    let start = glyph.range.start + (part.len() - rest.len()) as u16;
    let end = start + rest.trim_end_matches(is_isolate).len() as u16;
    glyph.range = start..end;
    start < end
}

/// Splits a joiner off the start of a cluster of right-to-left text.
fn separate_joiner(cluster: &[Glyph], text: &str, empty: u16) -> Vec<Glyph> {
    let mut glyphs = cluster.to_vec();
    let part = text.get(cluster[0].range()).unwrap_or_default();
    let Some(joiner) = part.chars().next().filter(|&c| is_joiner(c)) else { return glyphs };
    if part.len() == joiner.len_utf8() {
        return glyphs;
    }
    let middle = cluster[0].range.start + joiner.len_utf8() as u16;
    for glyph in &mut glyphs {
        glyph.range.start = middle;
    }
    glyphs.push(Glyph {
        id: empty,
        range: cluster[0].range.start..middle,
        x_advance: Em::zero(),
        x_offset: Em::zero(),
        y_offset: Em::zero(),
        ..cluster[0].clone()
    });
    glyphs
}

/// Puts the empty glyph before or after a cluster that begins or ends with a mark, so that the first
/// glyph begins and the last one ends where the cluster does.
fn enclose(cluster: &[Glyph], id: u16, font: &FontInstance) -> Vec<Glyph> {
    let mut glyphs = cluster.to_vec();
    let Some(width) = font.x_advance(id) else { return glyphs };
    let is_wider = cluster.iter().map(|glyph| glyph.x_advance).sum::<Em>() > width;
    let [first, .., last] = cluster else { return glyphs };
    let edge = |x_offset| Glyph {
        id,
        x_offset,
        x_advance: Em::zero(),
        y_offset: Em::zero(),
        ..first.clone()
    };
    if is_mark(last) && is_wider {
        glyphs.push(edge(-width));
    }
    if is_mark(first) {
        glyphs.insert(0, edge(Em::zero()));
    }
    glyphs
}

fn join_item(item: &FrameItem) -> FrameItem {
    match item {
        FrameItem::Group(group) => {
            FrameItem::Group(GroupItem { frame: join_frame(&group.frame), ..group.clone() })
        }
        other => other.clone(),
    }
}

/// Where the shared cluster stands in the text of the first part.
#[derive(Clone, Copy)]
enum Side {
    /// At the end: the text runs from left to right.
    End,
    /// At the start: the text runs from right to left.
    Start,
}

/// Returns where the cluster stands that ends one text and begins the next, if these are parts of
/// one text in a line.
fn shared_cluster(
    (at, before): (Point, &TextItem),
    (next, after): (Point, &TextItem),
) -> Option<Side> {
    let (last, first) = (before.glyphs.last()?, after.glyphs.first()?);
    let is_one_text = last.span == first.span
        && before.size == after.size
        && before.font == after.font
        && before.fill == after.fill
        && before.stroke == after.stroke;
    let is_adjacent = (at.x + before.width() - next.x).to_pt().abs() < SAME_PLACE_PT;
    let cluster = before.text.get(last.range())?;
    if !is_one_text || !is_adjacent || after.text.get(first.range()) != Some(cluster) {
        return None;
    }
    if last.range().end == before.text.len() && first.range().start == 0 {
        Some(Side::End)
    } else if last.range().start == 0 && first.range().end == after.text.len() {
        Some(Side::Start)
    } else {
        None
    }
}

/// Joins two parts that share a cluster. The second one is lower than the first by `down`.
fn join_text(mut before: TextItem, down: Abs, after: &TextItem, side: Side) -> TextItem {
    let cluster = before.glyphs.last().map_or(0, |glyph| glyph.range.end - glyph.range.start);
    let length = |text: &TextItem| u16::try_from(text.text.len()).unwrap_or(u16::MAX);
    let raise = Em::from_abs(-down, before.size);
    let (shift_before, shift_after) = match side {
        Side::End => (0, length(&before) - cluster),
        Side::Start => (length(after) - cluster, 0),
    };
    before.text = match side {
        Side::End => {
            let rest = after.text.get(usize::from(cluster)..).unwrap_or_default();
            format!("{}{rest}", before.text).into()
        }
        Side::Start => {
            let rest = before.text.get(usize::from(cluster)..).unwrap_or_default();
            format!("{}{rest}", after.text).into()
        }
    };
    for glyph in &mut before.glyphs {
        shift(glyph, shift_before);
    }
    before.glyphs.extend(after.glyphs.iter().cloned().map(|mut glyph| {
        shift(&mut glyph, shift_after);
        glyph.y_offset += raise;
        glyph
    }));
    before
}

fn shift(glyph: &mut Glyph, bytes: u16) {
    glyph.range = glyph.range.start + bytes..glyph.range.end + bytes;
}
