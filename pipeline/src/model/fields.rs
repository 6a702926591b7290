//! Reads JSON objects field by field. An error names the field and what was expected, and never
//! repeats the value.
//!
//! Types that come from outside are read with this module instead of `serde`'s derived code,
//! because the errors of derived code quote the value, which can be a learner's name or address.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::error::Category;
use serde_json::{Map, Value};
use testamur_engine::{
    AccentColor, AccentColorError, JsonError, ParsedJson, canonical_locale, is_invisible,
};

use super::certificate::CertificateId;
use super::time::{OffsetTime, OffsetTimeError};
use super::trace::TraceParent;

/// The longest id an event may carry, in bytes: the limit of a DynamoDB sort key.
const MAX_ID: usize = 1024;

/// What is wrong with a field, such as `userId: missing` or `mail/tags: expected an object, not a list`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(String);

impl FieldError {
    /// Makes an error from a text that names the field and repeats no value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The fields of a JSON object that were not read yet. Reading a field removes it.
///
/// A field that is `null` counts as absent. White space around a text is removed. The optional text
/// fields also count as absent when they are empty, because some DynamoDB clients and exports write
/// an absent text as an empty one.
///
/// ```
/// # use testamur_pipeline::model::fields::Fields;
/// let mut fields = Fields::parse(r#"{"userId": "u-1", "email": 7}"#)?;
/// assert_eq!(fields.string("userId")?, "u-1");
/// let error = fields.optional_string("email").unwrap_err();
/// assert_eq!(error.to_string(), "email: expected a string, not a number");
/// # Ok::<_, testamur_pipeline::model::fields::FieldError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Fields {
    values: Map<String, Value>,
    /// The path of the object, empty or with a slash at the end, such as `mail/`.
    path: String,
    /// The names of the fields that were read, in order.
    known: Vec<&'static str>,
    /// The path of a field that the JSON text has twice.
    repeated: Option<String>,
    /// The numbers of the JSON text that lose digits in a [`Value`], by path, as they are written.
    inexact_numbers: Arc<BTreeMap<String, String>>,
}

impl Fields {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// Fails if the text is not JSON, has a key twice, or is not an object.
    pub fn parse(json: &str) -> Result<Self, FieldError> {
        let mut fields = Self::parse_entry(json)?;
        match fields.repeated.take() {
            Some(path) => Err(FieldError(JsonError::RepeatedKey(path).to_string())),
            None => Ok(fields),
        }
    }

    /// Reads a JSON text that may have a key twice. [`Self::deny_unknown`] then fails, so the
    /// caller can read an id before.
    ///
    /// # Errors
    /// Fails if the text is not JSON or not an object.
    pub fn parse_entry(json: &str) -> Result<Self, FieldError> {
        let parsed = ParsedJson::parse(json.as_bytes()).map_err(|e| {
            FieldError(match e {
                JsonError::Syntax(error) => format!("not JSON: {}", describe_json_error(&error)),
                other => other.to_string(),
            })
        })?;
        match parsed.value {
            Value::Object(values) => Ok(Self {
                values,
                repeated: parsed.repeated_key,
                inexact_numbers: Arc::new(parsed.inexact_numbers),
                ..Self::default()
            }),
            other => Err(FieldError(format!("expected an object, not {}", kind(&other)))),
        }
    }

    /// Reads a required text.
    ///
    /// # Errors
    /// Fails if the field is absent or not a string.
    pub fn string(&mut self, name: &'static str) -> Result<String, FieldError> {
        self.required(name, "a string", string)
    }

    /// Reads a required text to print, which has a visible character.
    ///
    /// # Errors
    /// Fails if the field is absent, not a string or empty.
    pub fn text(&mut self, name: &'static str) -> Result<String, FieldError> {
        let text = self.string(name)?;
        if text.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
            return Err(self.error(name, " is empty"));
        }
        Ok(text)
    }

    /// Reads an optional text.
    ///
    /// # Errors
    /// Fails if the field is not a string.
    pub fn optional_string(&mut self, name: &'static str) -> Result<Option<String>, FieldError> {
        let text = self.optional(name, "a string", string)?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Reads a required id: a text of 1 to 1,024 bytes without control characters, or an integer
    /// from 0 of any size, which becomes its digits.
    ///
    /// # Errors
    /// Fails if the field is absent or not such a value.
    ///
    /// ```
    /// # use testamur_pipeline::model::fields::Fields;
    /// let mut fields = Fields::parse(r#"{"userId": 99314321442332142315, "courseId": " c-1 "}"#)?;
    /// assert_eq!(fields.id("userId")?, "99314321442332142315");
    /// assert_eq!(fields.id("courseId")?, "c-1");
    /// # Ok::<_, testamur_pipeline::model::fields::FieldError>(())
    /// ```
    pub fn id(&mut self, name: &'static str) -> Result<String, FieldError> {
        let value = self.value(name).ok_or_else(|| self.error(name, ": missing"))?;
        let written = self.inexact_numbers.get(&format!("{}{name}", self.path));
        let id = match value {
            Value::Number(number) => digits(written.cloned().unwrap_or_else(|| number.to_string())),
            value => string(value).map_err(|other| kind(&other)),
        };
        let id = id.map_err(|found| {
            self.error(name, &format!(": expected a string or an integer, not {found}"))
        })?;
        if id.is_empty() {
            Err(self.error(name, " is empty"))
        } else if id.len() > MAX_ID {
            Err(self.error(name, &format!(" has {} bytes; at most {MAX_ID} are allowed", id.len())))
        } else if id.chars().any(char::is_control) {
            Err(self.error(name, " contains a control character"))
        } else {
            Ok(id)
        }
    }

    /// Reads a required certificate id, such as `0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f`.
    ///
    /// # Errors
    /// Fails if the field is absent or not a UUID.
    pub fn certificate_id(&mut self, name: &'static str) -> Result<CertificateId, FieldError> {
        let id = CertificateId::parse(&self.string(name)?);
        id.ok_or_else(|| self.error(name, " is not a certificate id: expected a UUID"))
    }

    /// Reads a required point in time, RFC 3339 with an offset, such as `2026-11-23T09:30:00Z`.
    ///
    /// # Errors
    /// Fails if the field is absent or not such a text.
    pub fn timestamp(&mut self, name: &'static str) -> Result<Timestamp, FieldError> {
        Ok(self.offset_time(name)?.instant())
    }

    /// Reads a required point in time and keeps its offset, such as `2026-11-23T18:30:00+09:00`.
    ///
    /// # Errors
    /// Fails if the field is absent or not an RFC 3339 timestamp.
    pub fn offset_time(&mut self, name: &'static str) -> Result<OffsetTime, FieldError> {
        let text = self.string(name)?;
        self.parse_time(name, &text)
    }

    /// Reads an optional point in time and keeps its offset.
    ///
    /// # Errors
    /// Fails if the field is present and not an RFC 3339 timestamp.
    pub fn optional_offset_time(
        &mut self,
        name: &'static str,
    ) -> Result<Option<OffsetTime>, FieldError> {
        let text = self.optional_string(name)?;
        text.map(|text| self.parse_time(name, &text)).transpose()
    }

    /// Reads an optional color, such as `#1e3a5f`.
    ///
    /// # Errors
    /// Fails if the field is present and not a color that [`AccentColor`] accepts.
    pub fn optional_color(
        &mut self,
        name: &'static str,
    ) -> Result<Option<AccentColor>, FieldError> {
        let text = self.optional_string(name)?;
        let parse = |text: String| {
            text.parse().map_err(|e: AccentColorError| self.error(name, &format!(": {e}")))
        };
        text.map(parse).transpose()
    }

    /// Reads a required calendar date, such as `2026-11-23`.
    ///
    /// # Errors
    /// Fails if the field is absent or not such a text.
    pub fn date(&mut self, name: &'static str) -> Result<Date, FieldError> {
        let date = self.string(name)?.parse();
        date.map_err(|_| self.error(name, " is not a date, e.g. 2026-11-23"))
    }

    /// Reads an optional language as text: a language tag or a POSIX locale. `C` and `POSIX`, which
    /// name no language, count as absent.
    ///
    /// # Errors
    /// Fails if the field is not a string.
    pub fn optional_language(&mut self, name: &'static str) -> Result<Option<String>, FieldError> {
        let is_language = |tag: &String| {
            let name = tag.split('.').next().unwrap_or_default();
            !["C", "POSIX"].contains(&name)
        };
        Ok(self.optional_string(name)?.filter(is_language))
    }

    /// Reads an optional language tag ([BCP 47](https://www.rfc-editor.org/info/bcp47)), such as
    /// `pt-BR`.
    ///
    /// # Errors
    /// Fails if the field is present and not a language tag.
    pub fn optional_locale(&mut self, name: &'static str) -> Result<Option<String>, FieldError> {
        match self.optional_language(name)? {
            Some(tag) if canonical_locale(&tag).is_none() => {
                Err(self.error(name, " is not a language tag, e.g. pt-BR"))
            }
            tag => Ok(tag),
        }
    }

    /// Reads an optional trace ([`TraceParent`]). A malformed one counts as absent.
    pub fn trace_parent(&mut self, name: &'static str) -> Option<TraceParent> {
        TraceParent::parse(self.value(name)?.as_str()?)
    }

    /// Reads an object as it is; an absent one as empty.
    ///
    /// # Errors
    /// Fails if the field is present and not an object, or holds a number that would lose digits.
    pub fn map(&mut self, name: &'static str) -> Result<Map<String, Value>, FieldError> {
        let values = self.optional_map(name)?;
        let path = format!("{}{name}/", self.path);
        match self.inexact_numbers.keys().find(|number| number.starts_with(&path)) {
            Some(number) => Err(FieldError(JsonError::InexactNumber(number.clone()).to_string())),
            None => Ok(values),
        }
    }

    /// Reads a required object field by field.
    ///
    /// # Errors
    /// Fails if the field is absent or not an object.
    pub fn object(&mut self, name: &'static str) -> Result<Self, FieldError> {
        let values = self.required(name, "an object", map)?;
        Ok(self.child(&format!("{name}/"), values))
    }

    /// Reads an optional object field by field; an absent one as empty.
    ///
    /// # Errors
    /// Fails if the field is present and not an object.
    pub fn optional_object(&mut self, name: &'static str) -> Result<Self, FieldError> {
        let values = self.optional_map(name)?;
        Ok(self.child(&format!("{name}/"), values))
    }

    /// Reads a required list of objects.
    ///
    /// # Errors
    /// Fails if the field is absent or not a list of objects.
    pub fn objects(&mut self, name: &'static str) -> Result<Vec<Self>, FieldError> {
        let list = self.required(name, "a list", |value| match value {
            Value::Array(list) => Ok(list),
            other => Err(other),
        })?;
        let object = |(index, value): (usize, Value)| {
            let values = map(value).map_err(|other| {
                let reason = format!("/{index}: expected an object, not {}", kind(&other));
                self.error(name, &reason)
            })?;
            Ok(self.child(&format!("{name}/{index}/"), values))
        };
        list.into_iter().enumerate().map(object).collect()
    }

    /// Reads a field of any type, if it is present.
    pub fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.values.remove(name).filter(|value| !value.is_null())
    }

    /// Checks that every field was read and none was given twice.
    ///
    /// # Errors
    /// Fails on the first field that was not read, and names the fields that were.
    pub fn deny_unknown(&self) -> Result<(), FieldError> {
        if let Some(path) = &self.repeated {
            return Err(FieldError(JsonError::RepeatedKey(path.clone()).to_string()));
        }
        let Some(name) = self.values.keys().next() else {
            return Ok(());
        };
        let known = self.known.join(", ");
        let reason = format!(": unknown field, expected one of {known}");
        Err(self.error(&name.escape_debug().to_string(), &reason))
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Result<T, FieldError> {
        self.optional(name, expected, read)?.ok_or_else(|| self.error(name, ": missing"))
    }

    fn optional<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let wrong_type =
            |other| self.error(name, &format!(": expected {expected}, not {}", kind(&other)));
        read(value).map(Some).map_err(wrong_type)
    }

    fn optional_map(&mut self, name: &'static str) -> Result<Map<String, Value>, FieldError> {
        Ok(self.optional(name, "an object", map)?.unwrap_or_default())
    }

    fn parse_time(&self, name: &str, text: &str) -> Result<OffsetTime, FieldError> {
        text.parse().map_err(|e: OffsetTimeError| self.error(name, &format!(" {e}")))
    }

    fn child(&self, path: &str, values: Map<String, Value>) -> Self {
        Self {
            values,
            path: format!("{}{path}", self.path),
            inexact_numbers: Arc::clone(&self.inexact_numbers),
            ..Self::default()
        }
    }

    fn error(&self, name: &str, reason: &str) -> FieldError {
        FieldError(format!("{}{name}{reason}", self.path))
    }
}

/// Returns the text of a JSON parser's error without any part of the input.
///
/// The texts of syntax errors name only what the parser expected and the position. Other texts can
/// quote a value, so only their position is kept.
#[must_use]
pub fn describe_json_error(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Syntax | Category::Eof => error.to_string(),
        Category::Data | Category::Io => {
            format!("unexpected value at line {} column {}", error.line(), error.column())
        }
    }
}

/// Returns the text of a number that is an integer from 0, or describes it.
fn digits(number: String) -> Result<String, &'static str> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(number)
    } else if number.starts_with('-') {
        Err("a negative number")
    } else {
        Err("a number with a fraction or an exponent")
    }
}

/// Returns a text without the white space around it, or a value of another type.
fn string(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        other => Err(other),
    }
}

/// Returns an object, or a value of another type.
fn map(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(values) => Ok(values),
        other => Err(other),
    }
}

/// Describes the type of a value, such as `a list`.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
