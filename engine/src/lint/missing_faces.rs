//! Faces that a layout asks for although their family does not have them, such as an italic. Typst
//! takes the nearest face of the family then, without a warning.
//!
//! To find them, the layout is compiled with a font book that claims to have every face. A face
//! that does not exist has no letters, so Typst takes it only for a family that the layout names,
//! and the world hands out the nearest face instead. The layout stays the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use typst::text::{
    Coverage, FontBook, FontFlags, FontInfo, FontStretch, FontStyle, FontVariant, FontWeight,
};
use typst::utils::LazyHash;

use super::LayoutIssue;
use crate::fonts::{infos, is_emoji_family};

/// A difference of weights that people see. The next weight of a family is 100 away.
const VISIBLE_WEIGHT_DISTANCE: u16 = 200;

const STYLES: [FontStyle; 3] = [FontStyle::Normal, FontStyle::Italic, FontStyle::Oblique];

const STRETCHES: [FontStretch; 9] = [
    FontStretch::ULTRA_CONDENSED,
    FontStretch::EXTRA_CONDENSED,
    FontStretch::CONDENSED,
    FontStretch::SEMI_CONDENSED,
    FontStretch::NORMAL,
    FontStretch::SEMI_EXPANDED,
    FontStretch::EXPANDED,
    FontStretch::EXTRA_EXPANDED,
    FontStretch::ULTRA_EXPANDED,
];

/// Records which faces a compilation asks for.
pub(crate) struct FaceRecorder {
    /// The existing faces, then those that only seem to exist.
    book: LazyHash<FontBook>,
    existing: usize,
    requested: Mutex<BTreeSet<usize>>,
}

impl FaceRecorder {
    /// Claims to have every face of these families.
    pub(crate) fn new(book: &FontBook, families: &[String]) -> Self {
        let infos: Vec<_> = infos(book).cloned().collect();
        let existing = infos.len();
        let families = families.iter().filter(|family| !is_emoji_family(family));
        let claimed = families.flat_map(|family| variants().map(|v| claimed_face(family, v)));
        let book = FontBook::from_infos(infos.into_iter().chain(claimed));
        Self { book: LazyHash::new(book), existing, requested: Mutex::default() }
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    /// Returns the index of an existing face: the nearest one if the face only seems to exist.
    pub(crate) fn existing_face(&self, index: usize, book: &FontBook) -> Option<usize> {
        if index < self.existing {
            return Some(index);
        }
        self.requested.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
        let info = self.book.info(index)?;
        book.select(&info.family.to_lowercase(), info.variant)
    }

    /// Returns the issues, one for each property of each face.
    pub(crate) fn into_issues(self, book: &FontBook) -> Vec<LayoutIssue> {
        let requested = self.requested.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut issues = Vec::new();
        for info in requested.iter().filter_map(|&index| self.book.info(index)) {
            let used = book.select(&info.family.to_lowercase(), info.variant);
            let Some(used) = used.and_then(|index| book.info(index)) else { continue };
            for (requested, used) in differences(info.variant, used) {
                let family = info.family.clone();
                let issue = LayoutIssue::MissingFace { family, requested, used };
                if !issues.contains(&issue) {
                    issues.push(issue);
                }
            }
        }
        issues
    }
}

fn variants() -> impl Iterator<Item = FontVariant> {
    let weights = || (1..=9).map(|weight| FontWeight::from_number(weight * 100));
    STYLES.into_iter().flat_map(move |style| {
        weights().flat_map(move |weight| {
            STRETCHES.into_iter().map(move |stretch| FontVariant::new(style, weight, stretch))
        })
    })
}

fn claimed_face(family: &str, variant: FontVariant) -> FontInfo {
    FontInfo {
        family: family.to_owned(),
        variant,
        flags: FontFlags::empty(),
        axes: Vec::new(),
        coverage: Coverage::from_vec(Vec::new()),
    }
}

/// Returns the variant in which text is set: that of the face, or the nearest that it can vary to.
fn used_variant(requested: FontVariant, face: &FontInfo) -> FontVariant {
    let mut used = face.variant;
    for axis in &face.axes {
        match &axis.tag.to_bytes() {
            b"wght" => used.weight = FontWeight::from_wght(requested.weight.to_wght().clamp(axis)),
            b"wdth" => {
                used.stretch = FontStretch::from_wdth(requested.stretch.to_wdth().clamp(axis));
            }
            b"ital" | b"slnt" => used.style = requested.style,
            _ => {}
        }
    }
    used
}

/// Returns the visible differences of a requested face from the one that is used, in words: what
/// the family lacks, and what the text has instead.
fn differences(requested: FontVariant, used: &FontInfo) -> Vec<(String, String)> {
    let mut differences = Vec::new();
    let is_slanted = |style| style != FontStyle::Normal;
    let style_name = |style| if is_slanted(style) { "italic" } else { "upright" };
    let used = used_variant(requested, used);
    if is_slanted(requested.style) != is_slanted(used.style) {
        let [requested, used] = [requested.style, used.style].map(style_name);
        differences.push((format!("{requested} face"), format!("{used} letters")));
    }
    if requested.weight.distance(used.weight) >= VISIBLE_WEIGHT_DISTANCE {
        let (requested, used) = (requested.weight.to_number(), used.weight.to_number());
        differences.push((format!("weight {requested}"), format!("weight {used}")));
    }
    if requested.stretch != used.stretch {
        let percent = |stretch: FontStretch| format!("{}%", stretch.to_ratio().get() * 100.0);
        let (requested, used) = (percent(requested.stretch), percent(used.stretch));
        differences.push((format!("width {requested}"), format!("width {used}")));
    }
    differences
}
