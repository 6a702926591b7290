//! Text in SVG pictures.
//!
//! The font families of a picture are not Typst's: if a picture names a family that is not there,
//! its text is set in the family of the text around it, and Typst prints no warning. Generic
//! families, such as `sans-serif`, are never there.

use std::collections::BTreeSet;

use typst::layout::{Frame, FrameItem};
use typst::text::{FontBook, is_default_ignorable};
use typst::visualize::{ImageKind, SvgImage};
use usvg::{FontFamily, Group, Node, Text, TextSpan, Tree};

use super::LayoutIssue;
use super::missing_glyphs::NOTDEF;
use crate::template::Template;

/// Reports the text of pictures that is set in another family than the picture names.
pub(crate) fn lint(frame: &Frame, template: &Template) -> Vec<LayoutIssue> {
    pictures(frame).into_iter().flat_map(|picture| substitutions(picture, template)).collect()
}

/// Returns the SVG pictures in a frame that contain text.
pub(crate) fn pictures(frame: &Frame) -> Vec<&SvgImage> {
    let mut pictures = Vec::new();
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => pictures.extend(self::pictures(&group.frame)),
            FrameItem::Image(image, ..) => match image.kind() {
                ImageKind::Svg(svg) if svg.tree().has_text_nodes() => pictures.push(svg),
                _ => {}
            },
            _ => {}
        }
    }
    pictures
}

/// Returns the characters of a picture that no font has.
pub(crate) fn missing_characters(picture: &SvgImage) -> BTreeSet<char> {
    let mut missing = BTreeSet::new();
    for_each_text(picture.tree().root(), &mut |text| {
        let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
        let boxes = glyphs.filter(|glyph| glyph.id.0 == NOTDEF);
        missing.extend(boxes.flat_map(|glyph| glyph.text.chars()));
    });
    missing.retain(|&c| !is_default_ignorable(c) && !c.is_whitespace());
    missing
}

fn substitutions(picture: &SvgImage, template: &Template) -> Vec<LayoutIssue> {
    let (tree, book) = (picture.tree(), template.book());
    let mut issues = Vec::new();
    for_each_text(tree.root(), &mut |text| {
        for chunk in text.chunks() {
            for span in chunk.spans().iter().filter(|span| is_unknown(span, book)) {
                let text_of_span = chunk.text().get(span.start()..span.end());
                if let Some(part) = text_of_span.filter(|part| !part.trim().is_empty()) {
                    issues.push(LayoutIssue::PictureFont {
                        picture: template.file_with(picture),
                        families: names(span).join(", "),
                        text: part.trim().to_owned(),
                        used: used_family(text, tree),
                    });
                }
            }
        }
    });
    issues
}

fn for_each_text(group: &Group, action: &mut dyn FnMut(&Text)) {
    for node in group.children() {
        match node {
            Node::Group(group) => for_each_text(group, action),
            Node::Text(text) => action(text),
            Node::Path(_) | Node::Image(_) => {}
        }
        // Masks, patterns and nested pictures.
        node.subroots(|root| for_each_text(root, action));
    }
}

/// Returns true if a span names families, and none of them is there.
fn is_unknown(span: &TextSpan, book: &FontBook) -> bool {
    let is_there = |family: &FontFamily| match family {
        FontFamily::Named(name) => book.contains_family(&name.to_lowercase()),
        _ => false,
    };
    !names(span).is_empty() && !span.font().families().iter().any(is_there)
}

/// Returns the names of the families of a span. A picture that names none has one empty name.
fn names(span: &TextSpan) -> Vec<String> {
    let names = span.font().families().iter().map(|family| match family {
        FontFamily::Serif => "serif".to_owned(),
        FontFamily::SansSerif => "sans-serif".to_owned(),
        FontFamily::Cursive => "cursive".to_owned(),
        FontFamily::Fantasy => "fantasy".to_owned(),
        FontFamily::Monospace => "monospace".to_owned(),
        FontFamily::Named(name) => name.clone(),
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// Returns the family of the first glyph of a text.
fn used_family(text: &Text, tree: &Tree) -> String {
    let mut glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
    let face = glyphs.next().and_then(|glyph| tree.fontdb().face(glyph.font));
    let family = face.and_then(|face| face.families.first());
    family.map_or_else(|| "another font".to_owned(), |(name, _)| name.clone())
}
