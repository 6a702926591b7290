//! Looks at laid-out pages for what no reader should meet: text beyond its box or the page, and text too pale for what is
//! under it. What is marked as an artifact, decoration by definition, may be as pale as it likes.
//!
//! Missing glyphs are looked for in [`missing_glyphs`], since they stop a render.
//!
//! Source of the contrast ratio and its thresholds: [WCAG 2.2, 1.4.3](https://www.w3.org/TR/WCAG22/#contrast-minimum).

pub(crate) mod missing_glyphs;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use image::RgbImage;
use typst::foundations::{Content, StyleChain};
use typst::introspection::{Location, Tag};
use typst::layout::{Abs, Frame, FrameItem, Point, Rect, Transform};
use typst::pdf::{ArtifactElem, ArtifactKind};
use typst::text::{FontWeight, TextItem};
use typst::visualize::Paint;
use typst_layout::Page;

use crate::error::RenderError;
use crate::export::raster;

/// By how many points text may stand out of its box, as side bearings do.
const OVERFLOW_TOLERANCE_PT: f64 = 0.75;

/// By how much of its size punctuation may hang out of a line besides.
const HANGING_PUNCTUATION_EM: f64 = 0.2;

/// By how much the channels of a plain fill may differ, of 255.
const UNIFORM_TOLERANCE: u8 = 3;

/// Something on a page that no reader should meet. The text is quoted, so findings are for sample data only.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LayoutIssue {
    /// Text stands out of the box it is in.
    BoxOverflow {
        /// The text.
        text: String,
        /// By how many points.
        points: f64,
    },
    /// Text stands out of the page.
    PageOverflow {
        /// The text.
        text: String,
        /// By how many points.
        points: f64,
    },
    /// Text is too much like the plain fill under it.
    Contrast {
        /// The first text of these colours.
        text: String,
        /// The contrast of both colours, from 1.
        ratio: f64,
        /// The least it should be at this size.
        needed: f64,
        /// The colour of the text, such as `#999999`.
        color: String,
        /// The colour under it.
        under: String,
    },
}

impl fmt::Display for LayoutIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BoxOverflow { text, points } => {
                write!(f, "“{text}” stands {points:.1} pt out of its box")
            }
            Self::PageOverflow { text, points } => {
                write!(f, "“{text}” stands {points:.1} pt out of the page")
            }
            Self::Contrast { text, ratio, needed, color, under } => {
                write!(
                    f,
                    "“{text}” has a contrast of {:.2} ({color} on {under}), less than {needed}",
                    (ratio * 100.0).floor() / 100.0
                )
            }
        }
    }
}

/// Finds everything on all pages, in the order of the text.
pub(crate) fn layout_issues(pages: &[Page]) -> Result<Vec<LayoutIssue>, RenderError> {
    let mut walk = Walk::default();
    let mut seen = HashSet::new();
    for page in pages {
        let runs = walk.runs(&page.frame);
        walk.findings.extend(runs.iter().filter_map(|run| {
            let points = run.beyond(page.frame.width(), page.frame.height())?;
            Some(LayoutIssue::PageOverflow { text: run.text.clone(), points })
        }));
        let ground = raster::ground(page)?;
        let pale = runs.iter().filter_map(|run| run.contrast(&ground));
        walk.findings
            .extend(pale.filter(|(colors, _)| seen.insert(*colors)).map(|(_, finding)| finding));
    }
    Ok(walk.findings)
}

/// The font families of all text, sorted.
pub(crate) fn font_families(pages: &[Page]) -> Vec<String> {
    fn collect(frame: &Frame, families: &mut BTreeSet<String>) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => collect(&group.frame, families),
                FrameItem::Text(text) => {
                    families.insert(text.font.info().family.as_str().to_owned());
                }
                _ => {}
            }
        }
    }
    let mut families = BTreeSet::new();
    pages.iter().for_each(|page| collect(&page.frame, &mut families));
    families.into_iter().collect()
}

/// How far text and pictures stay from the edges of a page in points, top, right, bottom and left; none without any. A picture
/// that reaches an edge is ground, and so are shapes.
pub(crate) fn margins(page: &Page) -> Option<[f64; 4]> {
    let (width, height) = (page.frame.width(), page.frame.height());
    let mut marks = marks(&page.frame);
    marks.retain(|mark| {
        mark.min.x > Abs::zero()
            && mark.min.y > Abs::zero()
            && mark.max.x < width
            && mark.max.y < height
    });
    let least = |of: fn(&Rect) -> Abs| marks.iter().map(of).min();
    let most = |of: fn(&Rect) -> Abs| marks.iter().map(of).max();
    let (top, left) = (least(|mark| mark.min.y)?, least(|mark| mark.min.x)?);
    let (right, bottom) = (width - most(|mark| mark.max.x)?, height - most(|mark| mark.max.y)?);
    Some([top, right, bottom, left].map(|side| (side.to_pt() * 10.0).round() / 10.0))
}

/// Where text and pictures of a frame are, in its coordinates.
fn marks(frame: &Frame) -> Vec<Rect> {
    let mut marks = Vec::new();
    for (at, item) in frame.items() {
        match item {
            FrameItem::Group(group) => {
                let place = Transform::translate(at.x, at.y).pre_concat(group.transform);
                marks.extend(
                    self::marks(&group.frame).into_iter().map(|mark| transformed(mark, place)),
                );
            }
            FrameItem::Text(text) => {
                let (top, bottom) = (at.y - text.size * 0.7, at.y);
                marks.push(Rect::new(
                    Point::new(at.x, top),
                    Point::new(at.x + text.width(), bottom),
                ));
            }
            FrameItem::Image(_, size, _) => marks.push(Rect::from_pos_size(*at, *size)),
            FrameItem::Shape(..) | FrameItem::Link(..) | FrameItem::Tag(_) => {}
        }
    }
    marks
}

/// The rectangle around a transformed rectangle.
fn transformed(rect: Rect, transform: Transform) -> Rect {
    let Rect { min, max } = rect;
    let corners = [min, Point::new(max.x, min.y), max, Point::new(min.x, max.y)]
        .map(|c| c.transform(transform));
    let (mut low, mut high) = (corners[0], corners[0]);
    for corner in corners {
        low = Point::new(low.x.min(corner.x), low.y.min(corner.y));
        high = Point::new(high.x.max(corner.x), high.y.max(corner.y));
    }
    Rect::new(low, high)
}

/// Goes through frames from the inside out.
#[derive(Default)]
struct Walk {
    /// The artifacts that are open.
    artifacts: Vec<Location>,
    findings: Vec<LayoutIssue>,
}

impl Walk {
    /// The runs of text in a frame, in its coordinates; those that stand out of a box in it have been noted and left out.
    fn runs(&mut self, frame: &Frame) -> Vec<Run> {
        let mut runs = Vec::new();
        for (at, item) in frame.items() {
            match item {
                FrameItem::Group(group) => {
                    let mut inner = self.runs(&group.frame);
                    if group.frame.kind().is_hard() {
                        inner.retain(|run| !self.is_out(run, &group.frame));
                    }
                    let transform = Transform::translate(at.x, at.y).pre_concat(group.transform);
                    runs.extend(inner.into_iter().map(|run| run.transformed(transform)));
                }
                FrameItem::Text(text) => runs.push(Run::new(*at, text, !self.artifacts.is_empty())),
                FrameItem::Tag(Tag::Start(content, _)) if is_decoration(content) => {
                    self.artifacts.extend(content.location());
                }
                FrameItem::Tag(Tag::End(location, ..)) => {
                    self.artifacts.retain(|open| open != location)
                }
                _ => {}
            }
        }
        runs
    }

    fn is_out(&mut self, run: &Run, frame: &Frame) -> bool {
        let Some(points) = run.beyond(frame.width(), frame.height()) else {
            return false;
        };
        self.findings.push(LayoutIssue::BoxOverflow { text: run.text.clone(), points });
        true
    }
}

/// Headers and footers are artifacts too, but people read them.
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

/// A run of text in one font and colour.
struct Run {
    text: String,
    /// From its left to its right end, and from the middle of its small letters to near its baseline: what is beyond a box
    /// is then surely meant to be in it.
    body: Rect,
    size: Abs,
    bold: bool,
    /// Straight red, green, blue and alpha; none if it is no plain colour, or decoration.
    color: Option<[u8; 4]>,
}

impl Run {
    fn new(at: Point, text: &TextItem, artifact: bool) -> Self {
        let color = match &text.fill {
            Paint::Solid(color) if !artifact => Some(color.to_vec4_u8()),
            _ => None,
        };
        Self {
            text: text.text.to_string(),
            body: Rect::new(
                Point::new(at.x, at.y - text.size * 0.4),
                Point::new(at.x + text.width(), at.y - text.size * 0.1),
            ),
            size: text.size,
            bold: text.font.info().variant.weight >= FontWeight::BOLD,
            color,
        }
    }

    fn transformed(mut self, transform: Transform) -> Self {
        self.body = transformed(self.body, transform);
        let area =
            transform.sx.get() * transform.sy.get() - transform.kx.get() * transform.ky.get();
        self.size *= area.abs().sqrt();
        self
    }

    /// By how many points it stands out of a box of this size. A box without width or height is a trick to place things, and
    /// holds nothing in that direction.
    fn beyond(&self, width: Abs, height: Abs) -> Option<f64> {
        let out = |low: Abs, high: Abs, size: Abs| {
            if size == Abs::zero() { Abs::zero() } else { (-low).max(high - size) }
        };
        let Rect { min, max } = self.body;
        let beyond = out(min.x, max.x, width).max(out(min.y, max.y, height));
        let ends = [self.text.chars().next(), self.text.chars().last()];
        let hangs = ends
            .into_iter()
            .flatten()
            .any(|c| c.is_ascii_punctuation() || ('\u{2010}'..='\u{2026}').contains(&c));
        let slack = if hangs {
            OVERFLOW_TOLERANCE_PT + HANGING_PUNCTUATION_EM * self.size.to_pt()
        } else {
            OVERFLOW_TOLERANCE_PT
        };
        Some(beyond.to_pt()).filter(|&points| points > slack)
    }

    /// Compares its colour with the ground under it, one pixel a point, if that is plain.
    fn contrast(&self, ground: &RgbImage) -> Option<([[u8; 3]; 2], LayoutIssue)> {
        let [red, green, blue, alpha] = self.color?;
        let under = plain(ground, self.body)?;
        let blend = |over: u8, under: u8| {
            let (over, under, alpha) = (u32::from(over), u32::from(under), u32::from(alpha));
            u8::try_from((over * alpha + under * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        let color = [blend(red, under[0]), blend(green, under[1]), blend(blue, under[2])];
        let large = self.size >= Abs::pt(18.0) || self.bold && self.size >= Abs::pt(14.0);
        let needed = if large { 3.0 } else { 4.5 };
        let ratio = ratio(color, under);
        let finding = LayoutIssue::Contrast {
            text: self.text.clone(),
            ratio,
            needed,
            color: hex(color),
            under: hex(under),
        };
        (ratio < needed).then_some(([color, under], finding))
    }
}

/// The one colour of a part of a picture; none if there are several, or if it lies outside.
fn plain(ground: &RgbImage, part: Rect) -> Option<[u8; 3]> {
    let range = |low: Abs, high: Abs, size: u32| {
        let pixel = |at: Abs| at.to_pt().clamp(0.0, f64::from(size)) as u32;
        pixel(low)..pixel(high).max(pixel(low) + 1).min(size)
    };
    let columns = range(part.min.x, part.max.x, ground.width());
    let mut pixels = range(part.min.y, part.max.y, ground.height())
        .flat_map(|y| columns.clone().map(move |x| (x, y)))
        .map(|(x, y)| ground.get_pixel(x, y).0);
    let first = pixels.next()?;
    pixels
        .all(|pixel| pixel.iter().zip(first).all(|(a, b)| a.abs_diff(b) <= UNIFORM_TOLERANCE))
        .then_some(first)
}

fn ratio(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance.
fn luminance(color: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn hex(color: [u8; 3]) -> String {
    let [red, green, blue] = color;
    format!("#{red:02x}{green:02x}{blue:02x}")
}
