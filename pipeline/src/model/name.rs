//! A learner's name, and the order of its parts where they are known.
//!
//! Source of the order: the locales that write the family name first in Unicode's CLDR
//! ([UTS #35, part 8](https://www.unicode.org/reports/tr35/tr35-personNames.html#person-name-object)). Titles, patronymics and
//! forms of address are left out: who has them gives the name in one piece.

use testamur_engine::canonical_locale;
use unicode_script::{Script, UnicodeScript};

/// Languages whose names keep the family name first in every text.
const FAMILY_FIRST: [&str; 4] = ["ko", "vi", "yue", "zh"];

/// Languages whose names have the family name first in texts of the same language.
const FAMILY_FIRST_AT_HOME: [&str; 7] = ["hu", "ja", "km", "mn", "si", "ta", "te"];

/// A name as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// In one piece, printed as it is.
    Full(String),
    /// In two parts, whose order depends on languages and script.
    Parts {
        /// The given name or names.
        given: String,
        /// The family name.
        family: String,
    },
}

impl Name {
    /// The name of an entry that has it in one piece or in two parts.
    ///
    /// # Errors
    /// What to give instead of nothing, of one part, or of everything.
    pub fn from_parts(
        full: Option<String>,
        given: Option<String>,
        family: Option<String>,
    ) -> Result<Self, &'static str> {
        match (full, given, family) {
            (Some(name), None, None) => Ok(Self::Full(name)),
            (None, Some(given), Some(family)) => Ok(Self::Parts { given, family }),
            _ => Err("give either name, or givenName and familyName"),
        }
    }

    /// The name as a text in the language `text` shows it; `own` is the language of its bearer, if it is known.
    ///
    /// ```
    /// # use testamur_pipeline::model::name::Name;
    /// let name = Name::Parts { given: "Katalin".into(), family: "Karikó".into() };
    /// assert_eq!(name.format(Some("hu"), "hu"), "Karikó Katalin");
    /// assert_eq!(name.format(Some("hu"), "en"), "Katalin Karikó");
    /// ```
    #[must_use]
    pub fn format(&self, own: Option<&str>, text: &str) -> String {
        let (given, family) = match self {
            Self::Full(name) => return name.clone(),
            Self::Parts { given, family } => (given, family),
        };
        match east_asian(family) {
            Some(Script::Han | Script::Hangul) if is_closed_up(given) => format!("{family}{given}"),
            Some(_) => format!("{family} {given}"),
            None if is_family_first(own, text) => format!("{family} {given}"),
            None => format!("{given} {family}"),
        }
    }
}

fn is_family_first(own: Option<&str>, text: &str) -> bool {
    let Some(own) = own.and_then(language) else {
        return false;
    };
    FAMILY_FIRST.contains(&own.as_str())
        || FAMILY_FIRST_AT_HOME.contains(&own.as_str())
            && language(text).is_some_and(|text| text == own)
}

fn language(tag: &str) -> Option<String> {
    Some(canonical_locale(tag)?.split('-').next()?.to_owned())
}

/// The script of a name's first letter, if it is one of those that write the family name first.
fn east_asian(name: &str) -> Option<Script> {
    let script = name.chars().find(|c| c.is_alphabetic())?.script();
    matches!(script, Script::Han | Script::Hangul | Script::Hiragana | Script::Katakana)
        .then_some(script)
}

/// Whether a given name follows the family name without a space: it is all Han or Hangul.
fn is_closed_up(given: &str) -> bool {
    given.chars().all(|c| matches!(c.script(), Script::Han | Script::Hangul))
}
