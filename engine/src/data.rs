//! A learner's data: JSON in which every string is normalized.
//!
//! Normalization does not escape markup, because nothing parses the data as markup: the template
//! reads it as a JSON file, and Typst prints strings literally.

use std::fmt;

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::is_default_ignorable;
use unicode_normalization::UnicodeNormalization;

use crate::error::DataError;
use crate::json::parse_json;

/// The data that fills a template.
///
/// A template reads it with `json("data.json")`. One field has a meaning to the engine: `locale`
/// selects the translation.
///
/// ```
/// use testamur_engine::Data;
///
/// let data = Data::from_json(br#"{"userName": " Ada  Lovelace ", "locale": "fr"}"#)?;
/// assert_eq!(data.value()["userName"], "Ada Lovelace");
/// assert_eq!(data.locale(), Some("fr"));
/// # Ok::<(), testamur_engine::DataError>(())
/// ```
#[derive(Clone)]
pub struct Data {
    value: Value,
    json: Bytes,
}

impl Data {
    /// Makes data from a JSON value and normalizes every string in it with [`normalize_text`].
    /// Keys of objects stay as they are.
    #[must_use]
    pub fn new(mut value: Value) -> Self {
        normalize_value(&mut value);
        let json = Bytes::from_string(value.to_string());
        Self { value, json }
    }

    /// Makes data from JSON text, like [`Data::new`].
    ///
    /// # Errors
    /// [`DataError::Json`] if [`parse_json`] fails.
    pub fn from_json(json: &[u8]) -> Result<Self, DataError> {
        parse_json(json).map(Self::new).map_err(DataError::Json)
    }

    /// Returns the normalized data.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the field `locale`, a BCP 47 tag such as `pt-BR`, if it is a string.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.value.get("locale")?.as_str()
    }

    /// Returns a copy with another value in the field `locale`. Data that is not an object stays
    /// as it is.
    #[must_use]
    pub fn with_locale(&self, locale: &str) -> Self {
        let mut value = self.value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("locale".to_owned(), locale.into());
        }
        Self::new(value)
    }

    /// Returns the normalized data as JSON text, as a template reads it.
    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// Calls a function with every string.
    pub(crate) fn for_each_string(&self, function: &mut impl FnMut(&str)) {
        for_each_string(&self.value, function);
    }

    /// Returns the paths of the strings that contain a text, such as `scores/0/title`. A template
    /// may print it in capitals, so a second search ignores the case.
    pub(crate) fn fields_with(&self, text: &str) -> Vec<String> {
        let found = find_all(&self.value, &|value| value.contains(text));
        if !found.is_empty() {
            return found;
        }
        let lower = text.to_lowercase();
        find_all(&self.value, &|value| value.to_lowercase().contains(&lower))
    }
}

/// Shows the size only, because the data is personal.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("bytes", &self.json.len()).finish_non_exhaustive()
    }
}

/// Normalizes text that a person typed, for printing and for records.
///
/// - Line breaks, tabs and runs of white space become one space; both ends are trimmed.
/// - Other control characters and byte order marks are removed.
/// - Directional embeddings, overrides and isolates are removed, because they could reorder the
///   text around them ([UAX #9](https://www.unicode.org/reports/tr9/), section 2).
/// - The result is in normalization form C ([UAX #15](https://www.unicode.org/reports/tr15/)).
/// - Compatibility ideographs of Han become their standardized variation sequences, because the
///   normalization form would replace them with other characters: U+FA19 becomes U+795E U+FE00.
/// - Joiners and variation selectors stay, because Indic scripts, Persian and emoji need them.
/// - Text without a visible character becomes empty.
///
/// The function is idempotent.
///
/// ```
/// assert_eq!(testamur_engine::normalize_text(" Zoe\u{308}\u{202e}\tLee\n"), "Zo\u{eb} Lee");
/// ```
#[must_use]
pub fn normalize_text(text: &str) -> String {
    let kept =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|&c| !is_removed(c));
    let composed: String = kept.cjk_compat_variants().nfc().collect();
    if composed.chars().all(|c| c == ' ' || is_default_ignorable(c)) {
        return String::new();
    }
    composed.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns true for characters that text does not show, such as joiners, isolates, soft hyphens and
/// byte order marks (Unicode's property `Default_Ignorable_Code_Point`).
#[must_use]
pub fn is_invisible(c: char) -> bool {
    is_default_ignorable(c)
}

fn is_removed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn normalize_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = normalize_text(text),
        Value::Array(items) => items.iter_mut().for_each(normalize_value),
        Value::Object(fields) => fields.values_mut().for_each(normalize_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn for_each_string(value: &Value, function: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => function(text),
        Value::Array(items) => items.iter().for_each(|item| for_each_string(item, function)),
        Value::Object(fields) => fields.values().for_each(|field| for_each_string(field, function)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the paths of all strings that match.
fn find_all(value: &Value, matches: &impl Fn(&str) -> bool) -> Vec<String> {
    let below = |key: String, value| {
        find_all(value, matches).into_iter().map(move |path| match path.as_str() {
            "" => key.clone(),
            path => format!("{key}/{path}"),
        })
    };
    match value {
        Value::String(text) if matches(text) => vec![String::new()],
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, item)| below(i.to_string(), item)).collect()
        }
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, field)| below(key.clone(), field)).collect()
        }
        _ => Vec::new(),
    }
}
