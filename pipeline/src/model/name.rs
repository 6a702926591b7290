//! A learner's name, and the order of given and family name.
//!
//! Source of the order: the locales that write the family name first in Unicode's CLDR ([UTS #35,
//! part 8](https://www.unicode.org/reports/tr35/tr35-personNames.html#person-name-object)). Titles,
//! patronymics and forms of address have no part of their own: a directory gives such a name as one
//! text.

use testamur_engine::canonical_locale;
use unicode_script::{Script, UnicodeScript};

/// Languages whose names put the family name first in a text of any language.
const FAMILY_FIRST: [&str; 4] = ["ko", "vi", "yue", "zh"];

/// Languages whose names put the family name first in a text of the same language only.
const FAMILY_FIRST_IN_OWN_LANGUAGE: [&str; 7] = ["hu", "ja", "km", "mn", "si", "ta", "te"];

/// A name as the directory stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// One text, printed unchanged.
    Full(String),
    /// Two parts, whose order depends on language and script.
    Parts {
        /// The given name or names.
        given: String,
        /// The family name.
        family: String,
    },
}

impl Name {
    /// Makes a name from a directory entry that has either the full name or the parts. A person
    /// with one name, such as Sukarno, has one part.
    ///
    /// # Errors
    /// Fails for any other combination. The text says which fields to give.
    pub fn from_parts(
        full: Option<String>,
        given: Option<String>,
        family: Option<String>,
    ) -> Result<Self, &'static str> {
        match (full, given, family) {
            (Some(name), None, None) | (None, Some(name), None) | (None, None, Some(name)) => {
                Ok(Self::Full(name))
            }
            (None, Some(given), Some(family)) => Ok(Self::Parts { given, family }),
            _ => Err("give either name, or givenName and familyName"),
        }
    }

    /// Formats the name for a text in the language `text`. `own` is the learner's language, if it
    /// is known.
    ///
    /// A family name in Han, Hangul, Hiragana or Katakana comes first, without a space if both
    /// parts are Han or Hangul. For other scripts the learner's language decides.
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
            Some(Script::Han | Script::Hangul) if is_han_or_hangul(given) => {
                format!("{family}{given}")
            }
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
        || FAMILY_FIRST_IN_OWN_LANGUAGE.contains(&own.as_str())
            && language(text).is_some_and(|text| text == own)
}

/// Returns the language subtag of a tag, such as `pt` of `pt-BR`.
fn language(tag: &str) -> Option<String> {
    Some(canonical_locale(tag)?.split('-').next()?.to_owned())
}

/// Returns the script of a name's first letter if that script puts the family name first.
fn east_asian(name: &str) -> Option<Script> {
    let script = name.chars().find(|c| c.is_alphabetic())?.script();
    matches!(script, Script::Han | Script::Hangul | Script::Hiragana | Script::Katakana)
        .then_some(script)
}

fn is_han_or_hangul(name: &str) -> bool {
    name.chars().all(|c| matches!(c.script(), Script::Han | Script::Hangul))
}
