//! The accent color of a template.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::color::{hex, ratio};

/// The smallest contrast of the color with white: WCAG 2.2, level AA.
const MIN_CONTRAST: f64 = 4.5;

/// The color of a template where something other than its pages has that color, such as the button
/// of an e-mail. White text on it, and it on white, can be read.
///
/// ```
/// use testamur_engine::AccentColor;
///
/// let accent: AccentColor = "#0C6A68".parse()?;
/// assert_eq!(accent.to_string(), "#0c6a68");
/// let error = "#ffc24b".parse::<AccentColor>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "#ffc24b has a contrast of 1.6:1 with white; use a darker color, at least 4.5:1"
/// );
/// # Ok::<(), testamur_engine::AccentColorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccentColor([u8; 3]);

/// Why a text is not an accent color.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccentColorError {
    /// It does not have the form of a color. The text is not repeated, because it can come from an
    /// event.
    #[error("expected a color such as #1e3a5f: six hexadecimal digits")]
    Form,
    /// It is too light.
    #[error(
        "{color} has a contrast of {contrast:.1}:1 with white; use a darker color, at least \
         {MIN_CONTRAST}:1"
    )]
    Contrast {
        /// The color.
        color: String,
        /// Its contrast with white.
        contrast: f64,
    },
}

impl FromStr for AccentColor {
    type Err = AccentColorError;

    fn from_str(text: &str) -> Result<Self, AccentColorError> {
        let digits = text.strip_prefix('#').ok_or(AccentColorError::Form)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AccentColorError::Form);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| AccentColorError::Form)?;
        let [_, color @ ..] = number.to_be_bytes();
        let contrast = ratio(color, [255; 3]);
        if contrast < MIN_CONTRAST {
            return Err(AccentColorError::Contrast { color: hex(color), contrast });
        }
        Ok(Self(color))
    }
}

impl fmt::Display for AccentColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl TryFrom<String> for AccentColor {
    type Error = AccentColorError;

    fn try_from(text: String) -> Result<Self, AccentColorError> {
        text.parse()
    }
}

impl From<AccentColor> for String {
    fn from(color: AccentColor) -> Self {
        color.to_string()
    }
}
