//! The result of a lint.

use std::fmt;

/// A problem that readers of a page would notice.
///
/// It quotes the text of the page, so lint documents with sample data, not with a learner's.
///
/// ```
/// use testamur_engine::{Data, Engine, Fonts, LayoutIssue};
///
/// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
/// let template = engine.load("tests/fixtures/hello")?;
/// let name = "Wolfeschlegelsteinhausenbergerdorff".repeat(2);
/// let data = serde_json::json!({ "userName": name, "locale": "en" });
/// let issues = template.compile(&Data::new(data))?.lint()?;
/// assert!(matches!(issues[0], LayoutIssue::PageOverflow { points, .. } if points > 50.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LayoutIssue {
    /// Text extends beyond the box that contains it.
    BoxOverflow {
        /// The text.
        text: String,
        /// The distance in points.
        points: f64,
    },
    /// Text extends beyond the page.
    PageOverflow {
        /// The text.
        text: String,
        /// The distance in points.
        points: f64,
    },
    /// Text is smaller than the manifest allows.
    SmallText {
        /// The text.
        text: String,
        /// Its size in points.
        points: f64,
        /// The smallest allowed size in points.
        min_size: f64,
    },
    /// The letters of a word come from two fonts, because the first lacks some of them.
    MixedFonts {
        /// The word.
        word: String,
        /// The family that lacks letters.
        family: String,
        /// The letters that it lacks.
        lacking: Vec<char>,
        /// The family of those letters.
        other: String,
    },
    /// A layout asks for a face that its family does not have.
    MissingFace {
        /// The family.
        family: String,
        /// What it lacks: `italic face`, `weight 900` or `width 75%`.
        requested: String,
        /// What the text has instead: `upright letters`, `weight 700` or `width 100%`.
        used: String,
    },
    /// An SVG picture names font families that are not there.
    PictureFont {
        /// The file of the picture, such as `assets/logo.svg`.
        picture: String,
        /// The families that it names, such as `Helvetica, sans-serif`.
        families: String,
        /// The text in these families.
        text: String,
        /// The family that the text is set in.
        used: String,
    },
    /// The ink of a line touches the ink of another line.
    TouchingLines {
        /// The text of the first line, in one font.
        text: String,
        /// The text of the other line, in one font.
        other: String,
    },
    /// Text has too little contrast with its background. Each pair of colors is reported once.
    Contrast {
        /// The first text in these colors.
        text: String,
        /// The contrast ratio as WCAG 2.2 defines it, 1 to 21.
        ratio: f64,
        /// The required ratio: 4.5, or 3 for large text.
        required: f64,
        /// The color of the text, such as `#999999`.
        color: String,
        /// The color of the background, such as `#ffffff`.
        background: String,
    },
}

impl fmt::Display for LayoutIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BoxOverflow { text, points } => {
                write!(f, "“{text}” overflows its box by {points:.1} pt")
            }
            Self::PageOverflow { text, points } => {
                write!(f, "“{text}” overflows the page by {points:.1} pt")
            }
            Self::SmallText { text, points, min_size } => {
                // Rounded down, so 5.96 does not read as 6.0.
                let points = (points * 10.0).floor() / 10.0;
                write!(f, "“{text}” has {points:.1} pt; at least {min_size} pt are readable")
            }
            Self::MixedFonts { word, family, lacking, other } => {
                let lacking: Vec<_> = lacking.iter().map(char::to_string).collect();
                write!(
                    f,
                    "“{word}” has letters of two fonts: {family} lacks {}, so {other} shows {}; \
                     set the word with `inline` of the shared helpers, or add the letters to the \
                     font",
                    lacking.join(" "),
                    if lacking.len() == 1 { "it" } else { "them" },
                )
            }
            Self::MissingFace { family, requested, used } => write!(
                f,
                "{family} has no {requested}, so its text is printed with {used}; add the face to \
                 fonts/, or ask for one that exists"
            ),
            Self::PictureFont { picture, families, text, used } => write!(
                f,
                "{picture}: there is no font {families}, so “{text}” is set in {used}; add the \
                 font to fonts/, or convert the text to paths"
            ),
            Self::TouchingLines { text, other } => write!(
                f,
                "“{text}” touches “{other}” on another line; give the lines more room, or mark \
                 decoration as `pdf.artifact`"
            ),
            Self::Contrast { text, ratio, required, color, background } => {
                // Rounded down, so 4.499 does not read as the required 4.5.
                let ratio = (ratio * 100.0).floor() / 100.0;
                write!(
                    f,
                    "“{text}”: contrast {ratio:.2}:1 ({color} on {background}) is below the \
                     required {required}:1"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_quote_the_text_and_both_numbers() {
        let text = || "Ada".to_owned();
        for (issue, expected) in [
            (
                LayoutIssue::BoxOverflow { text: text(), points: 91.64 },
                "“Ada” overflows its box by 91.6 pt",
            ),
            (
                LayoutIssue::PageOverflow { text: text(), points: 20.0 },
                "“Ada” overflows the page by 20.0 pt",
            ),
            (
                LayoutIssue::SmallText { text: text(), points: 5.96, min_size: 6.0 },
                "“Ada” has 5.9 pt; at least 6 pt are readable",
            ),
            (
                LayoutIssue::MixedFonts {
                    word: "Wałęsa".to_owned(),
                    family: "Brand".to_owned(),
                    lacking: vec!['ę', 'ł'],
                    other: "Noto Sans".to_owned(),
                },
                "“Wałęsa” has letters of two fonts: Brand lacks ę ł, so Noto Sans shows them; set \
                 the word with `inline` of the shared helpers, or add the letters to the font",
            ),
            (
                LayoutIssue::MissingFace {
                    family: "Brand".to_owned(),
                    requested: "italic face".to_owned(),
                    used: "upright letters".to_owned(),
                },
                "Brand has no italic face, so its text is printed with upright letters; add the \
                 face to fonts/, or ask for one that exists",
            ),
            (
                LayoutIssue::PictureFont {
                    picture: "assets/logo.svg".to_owned(),
                    families: "Helvetica, sans-serif".to_owned(),
                    text: "Acme".to_owned(),
                    used: "Noto Sans".to_owned(),
                },
                "assets/logo.svg: there is no font Helvetica, sans-serif, so “Acme” is set in Noto \
                 Sans; add the font to fonts/, or convert the text to paths",
            ),
            (
                LayoutIssue::TouchingLines { text: text(), other: "Grace".to_owned() },
                "“Ada” touches “Grace” on another line; give the lines more room, or mark \
                 decoration as `pdf.artifact`",
            ),
            (
                LayoutIssue::Contrast {
                    text: text(),
                    ratio: 4.499,
                    required: 4.5,
                    color: "#777777".to_owned(),
                    background: "#ffffff".to_owned(),
                },
                "“Ada”: contrast 4.49:1 (#777777 on #ffffff) is below the required 4.5:1",
            ),
        ] {
            assert_eq!(issue.to_string(), expected);
        }
    }
}
