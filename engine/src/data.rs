//! A learner's data: JSON whose every string has been cleaned as text.
//!
//! Cleaning never looks for markup, because nothing here is ever read as markup: the template receives the data as a JSON
//! file, and what a learner typed prints as it stands.

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::is_default_ignorable;
use unicode_normalization::UnicodeNormalization;

use crate::error::RenderError;

/// What a template is filled with.
#[derive(Debug, Clone)]
pub struct Data {
    value: Value,
    json: Bytes,
}

impl Data {
    /// Takes data, cleaning every string in it with [`normalize_text`].
    #[must_use]
    pub fn new(mut value: Value) -> Self {
        normalize_value(&mut value);
        let json = Bytes::from_string(value.to_string());
        Self { value, json }
    }

    /// Takes data as JSON text.
    ///
    /// # Errors
    /// [`RenderError::Json`] if it is not JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, RenderError> {
        serde_json::from_slice(json).map(Self::new).map_err(RenderError::Json)
    }

    /// The cleaned data.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The locale that the data names.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.value.get("locale")?.as_str()
    }

    /// The same data for readers of another locale.
    #[must_use]
    pub fn with_locale(&self, locale: &str) -> Self {
        let mut value = self.value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("locale".to_owned(), locale.into());
        }
        Self::new(value)
    }

    /// The cleaned data as JSON text, as a template reads it.
    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// The path of the first string that contains a character, such as `scores/0/title`.
    pub(crate) fn field_with(&self, character: char) -> Option<String> {
        find(&self.value, character).map(|path| path.join("/"))
    }
}

/// Brings text that a person typed into the form in which it is printed and recorded.
///
/// Turns line breaks and tabs into spaces, runs of white space into one space, and trims; drops other
/// control characters, byte order marks, and the explicit directional embeddings, overrides and isolates that could reorder
/// the page; then normalises to form C. Cleaning clean text changes nothing.
/// Joiners and variation selectors stay: Indic scripts, Persian and emoji need them. Text without anything to see is empty.
///
/// Source: [UAX #15](https://www.unicode.org/reports/tr15/) for the form, [UAX #9](https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings)
/// for the directional characters.
///
/// ```
/// assert_eq!(testamur_engine::normalize_text(" Zoe\u{308}\u{202e}\tLee\n"), "Zo\u{eb} Lee");
/// ```
#[must_use]
pub fn normalize_text(text: &str) -> String {
    let kept =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|&c| !is_dropped(c));
    let visible: String = kept.nfc().collect();
    if visible.chars().all(|c| c == ' ' || is_default_ignorable(c)) {
        return String::new();
    }
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_dropped(c: char) -> bool {
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

fn find(value: &Value, character: char) -> Option<Vec<String>> {
    let below = |key: String, value| {
        let mut path = find(value, character)?;
        path.insert(0, key);
        Some(path)
    };
    match value {
        Value::String(text) => text.contains(character).then(Vec::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| below(i.to_string(), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, field)| below(key.clone(), field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
