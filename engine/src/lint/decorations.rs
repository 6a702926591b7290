//! Decoration: what a template marks as an artifact, which nobody has to read.

use typst::foundations::{Content, StyleChain};
use typst::introspection::{Location, Tag};
use typst::pdf::{ArtifactElem, ArtifactKind};

/// The decorations around the current item of a walk through the frames of a document.
#[derive(Default)]
pub(crate) struct Decorations(Vec<Location>);

impl Decorations {
    /// Takes the tags in the order of the frames.
    pub(crate) fn see(&mut self, tag: &Tag) {
        match tag {
            Tag::Start(content, _) if is_decoration(content) => self.0.extend(content.location()),
            Tag::Start(..) => {}
            Tag::End(location, ..) => self.0.retain(|open| open != location),
        }
    }

    pub(crate) fn is_inside(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Returns true for content that the template marks as an artifact, except headers and footers,
/// which people read.
fn is_decoration(content: &Content) -> bool {
    content.to_packed::<ArtifactElem>().is_some_and(|artifact| {
        let kind = artifact.kind.get(StyleChain::default());
        matches!(
            kind,
            ArtifactKind::Other
                | ArtifactKind::Background
                | ArtifactKind::Watermark
                | ArtifactKind::Layout
        )
    })
}
