//! Reads JSON that people and other systems wrote, and refuses what would be read as something
//! else.
//!
//! RFC 8259 leaves open what a repeated key means, and a number beyond 64 bits loses its last
//! digits in most programs. On a certificate, both would print a wrong fact.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Up to this value, a floating-point number has all digits of an integer.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a text can't be read as JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not UTF-8. Names the encoding that it seems to have, such as `UTF-16`.
    #[error("the text is not UTF-8 but {0}; convert it to UTF-8")]
    Encoding(&'static str),
    /// The text is not JSON. The message names line and column and repeats no value.
    #[error("{0}")]
    Syntax(serde_json::Error),
    /// An object has a key twice. Holds its path, such as `details/hours`.
    #[error("{0}: given twice")]
    RepeatedKey(String),
    /// An integer does not fit into 64 bits. Holds its path.
    #[error("{0}: the number is too large to keep all of its digits; write it as a string")]
    InexactNumber(String),
}

impl JsonError {
    /// The error of a text that is neither UTF-8 nor has a [`wide_encoding`].
    pub const NOT_UTF8: Self = Self::Encoding("Latin-1 or Windows-1252");
}

/// Parses JSON in UTF-8, with or without a byte order mark.
///
/// ```
/// use testamur_engine::parse_json;
///
/// assert_eq!(parse_json("\u{feff}[1]".as_bytes())?, serde_json::json!([1]));
/// let error = parse_json(br#"{"details": {"id": 99314321442332142315}}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "details/id: the number is too large to keep all of its digits; write it as a string"
/// );
/// # Ok::<(), testamur_engine::JsonError>(())
/// ```
///
/// # Errors
/// [`JsonError`] with the position or the path of the fault. It never repeats a value.
pub fn parse_json(json: &[u8]) -> Result<Value, JsonError> {
    let parsed = ParsedJson::parse(json)?;
    match (parsed.repeated_key, parsed.inexact_numbers.into_keys().next()) {
        (Some(path), _) => Err(JsonError::RepeatedKey(path)),
        (None, Some(path)) => Err(JsonError::InexactNumber(path)),
        (None, None) => Ok(parsed.value),
    }
}

/// A JSON value and its faults, for readers that know which of them matter. Others call
/// [`parse_json`].
#[derive(Debug)]
#[non_exhaustive]
pub struct ParsedJson {
    /// The value. Of a repeated key, it has the last value.
    pub value: Value,
    /// The path of the first key that an object has twice, such as `details/hours`.
    pub repeated_key: Option<String>,
    /// The numbers that lose digits in `value`, by path, as they are written.
    pub inexact_numbers: BTreeMap<String, String>,
}

impl ParsedJson {
    /// Parses JSON in UTF-8, with or without a byte order mark.
    ///
    /// ```
    /// use testamur_engine::ParsedJson;
    ///
    /// let parsed = ParsedJson::parse(br#"{"userId": 99314321442332142315}"#)?;
    /// assert_eq!(parsed.inexact_numbers["userId"], "99314321442332142315");
    /// # Ok::<(), testamur_engine::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// [`JsonError::Encoding`] or [`JsonError::Syntax`].
    pub fn parse(json: &[u8]) -> Result<Self, JsonError> {
        let text = decode(json)?;
        let mut faults = Faults::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let checked = Checked { path: String::new(), faults: &mut faults };
        let value = checked.deserialize(&mut deserializer).map_err(JsonError::Syntax)?;
        deserializer.end().map_err(JsonError::Syntax)?;
        let mut inexact_numbers = BTreeMap::new();
        if !faults.inexact.is_empty() {
            find_numbers(text.trim(), "", &faults.inexact, &mut inexact_numbers);
        }
        Ok(Self { value, repeated_key: faults.repeated, inexact_numbers })
    }
}

/// Finds the numbers at `paths` in a valid JSON text, as they are written.
fn find_numbers(
    json: &str,
    path: &str,
    paths: &BTreeSet<String>,
    found: &mut BTreeMap<String, String>,
) {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
        for (key, value) in fields {
            find_numbers(value.get(), &below(path, key.escape_debug()), paths, found);
        }
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        for (index, value) in items.into_iter().enumerate() {
            find_numbers(value.get(), &below(path, index), paths, found);
        }
    } else if paths.contains(path) {
        found.insert(path.to_owned(), json.to_owned());
    }
}

/// Returns the path of a key or an index below a path.
fn below(path: &str, key: impl fmt::Display) -> String {
    let separator = if path.is_empty() { "" } else { "/" };
    format!("{path}{separator}{key}")
}

/// Returns a text file as UTF-8, without its byte order mark.
///
/// # Errors
/// [`JsonError::Encoding`] if it has another encoding.
pub fn decode(bytes: &[u8]) -> Result<&str, JsonError> {
    if let Some(name) = wide_encoding(bytes) {
        return Err(JsonError::Encoding(name));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| JsonError::NOT_UTF8)
}

/// Returns the name of an encoding with two or four bytes for each character of ASCII, which a byte
/// order mark or the zero bytes in the first characters show.
pub fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    let zeros = bytes.iter().take(4).map(|&byte| byte == 0).collect::<Vec<_>>();
    match (bytes, &zeros[..]) {
        ([0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..], _)
        | (_, [true, true, true, false] | [false, true, true, true]) => Some("UTF-32"),
        ([0xff, 0xfe, ..] | [0xfe, 0xff, ..], _)
        | (_, [true, false, true, false] | [false, true, false, true]) => Some("UTF-16"),
        _ => None,
    }
}

/// Faults by path. They are kept aside, because the errors of `serde_json` have no path.
#[derive(Default)]
struct Faults {
    /// The first one.
    repeated: Option<String>,
    inexact: BTreeSet<String>,
}

/// Reads a value and notes its faults.
struct Checked<'a> {
    path: String,
    faults: &'a mut Faults,
}

impl Checked<'_> {
    fn below(&mut self, key: impl fmt::Display) -> Checked<'_> {
        Checked { path: below(&self.path, key), faults: self.faults }
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        // Typst has signed integers of 64 bits.
        if i64::try_from(value).is_err() {
            self.faults.inexact.insert(self.path);
        }
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // `serde_json` reads integers beyond 64 bits as floating-point numbers.
        if value.fract() == 0.0 && value.abs() > MAX_EXACT {
            self.faults.inexact.insert(self.path);
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.below(items.len()))? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(Key(key)) = object.next_key()? {
            let value = object.next_value_seed(self.below(key.escape_debug()))?;
            if fields.insert(key.clone().into_owned(), value).is_some() {
                let path = self.below(key.escape_debug()).path;
                self.faults.repeated.get_or_insert(path);
            }
        }
        Ok(fields.into())
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_serde_json() {
        let json = r#"{"a": [1, -2, 0.1, 1e3, 9223372036854775807, "x", true, null], "b": {}}"#;
        let expected: Value = serde_json::from_str(json).unwrap();
        assert_eq!(parse_json(json.as_bytes()).unwrap(), expected);
        assert_eq!(parse_json(format!("\u{feff}{json}").as_bytes()).unwrap(), expected);
    }

    #[test]
    fn inexact_numbers_keep_their_digits() {
        let json = r#" {"a": [1, {"b/c": -99999999999999999999}], "\u00e9": 1e300, "x": 0.5}"#;
        let numbers = ParsedJson::parse(json.as_bytes()).unwrap().inexact_numbers;
        let expected = [("a/1/b/c", "-99999999999999999999"), ("é", "1e300")];
        assert_eq!(numbers, expected.map(|(path, text)| (path.into(), text.into())).into());
    }

    #[test]
    fn faults_are_named_by_path_and_without_a_value() {
        for (json, expected) in [
            (&br#"{"userId": "u1", "userId": "u2"}"#[..], "userId: given twice"),
            (br#"[{"a": {"b": 1, "b": 1}}]"#, "0/a/b: given twice"),
            (
                br#"{"a": 9223372036854775808}"#,
                "a: the number is too large to keep all of its digits; write it as a string",
            ),
            (b"{\"a\": 1,}", "trailing comma at line 1 column 9"),
            (b"1 2", "trailing characters at line 1 column 3"),
            (b"\xff\xfe{\0}\0", "the text is not UTF-8 but UTF-16; convert it to UTF-8"),
            (b"{\0\"\0", "the text is not UTF-8 but UTF-16; convert it to UTF-8"),
            (b"\0{\0\n", "the text is not UTF-8 but UTF-16; convert it to UTF-8"),
            (b"\xff\xfe\0\0{\0\0\0", "the text is not UTF-8 but UTF-32; convert it to UTF-8"),
            (b"\0\0\xfe\xff", "the text is not UTF-8 but UTF-32; convert it to UTF-8"),
            (b"{\0\0\0", "the text is not UTF-8 but UTF-32; convert it to UTF-8"),
            (b"\0\0\0[", "the text is not UTF-8 but UTF-32; convert it to UTF-8"),
            (
                b"{\"a\": \"Zo\xeb\"}",
                "the text is not UTF-8 but Latin-1 or Windows-1252; convert it to UTF-8",
            ),
        ] {
            assert_eq!(parse_json(json).unwrap_err().to_string(), expected);
        }
    }
}
