//! The strings of the mail for each language, with their dates and their direction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use minijinja::{HtmlEscape, Value};
use serde::Deserialize;
use testamur_engine::best_locale;
use unicode_script::{Script, UnicodeScript};

use super::MailTemplateError;

/// The formats of all locales. The certificate reads the same file, so both print the same date.
const FORMATS: &str = include_str!("../../../templates/shared/cldr.json");

/// The language of a mail whose certificate has a language without strings.
pub const DEFAULT_LOCALE: &str = "en";

type Strings = BTreeMap<String, String>;

/// The file `cldr.json`, which `locale.typ` describes.
#[derive(Deserialize)]
struct Cldr {
    locales: BTreeMap<String, Formats>,
}

/// How a locale writes dates, and its direction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Formats {
    date: String,
    day_digits: usize,
    digits: String,
    direction: String,
    months: Vec<String>,
}

/// The languages of a mail template.
pub(super) struct Locales {
    tags: Vec<String>,
    strings: BTreeMap<String, Strings>,
    formats: BTreeMap<String, Formats>,
}

/// A language of a mail template.
pub(super) struct Locale<'a> {
    /// The locale, such as `pt-BR`.
    pub(super) tag: &'a str,
    strings: Option<&'a Strings>,
    formats: &'a Formats,
}

/// The values of the placeholders in strings.
pub(super) struct Values<'a> {
    pub(super) course: &'a str,
    pub(super) name: &'a str,
    pub(super) sender: &'a str,
    pub(super) date: &'a str,
    pub(super) id: &'a str,
}

impl Values<'_> {
    const EMPTY: Values<'static> = Values { course: "", name: "", sender: "", date: "", id: "" };

    fn get(&self, key: &str) -> Option<&str> {
        Some(match key {
            "course" => self.course,
            "name" => self.name,
            "sender" => self.sender,
            "date" => self.date,
            "id" => self.id,
            _ => return None,
        })
    }
}

impl Locales {
    /// Parses the files of strings, by their path. Every file must have the same strings.
    pub(super) fn parse(files: Vec<(PathBuf, String)>) -> Result<Self, MailTemplateError> {
        let mut strings = BTreeMap::new();
        for (path, text) in files {
            let parsed: Strings = toml::from_str(&text)
                .map_err(|e| failure(&path, e.to_string().trim_end().to_owned()))?;
            check_placeholders(&path, &parsed)?;
            if let Some(first) = strings.values().next() {
                check_keys(&path, first, &parsed)?;
            }
            let tag = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            strings.insert(tag, parsed);
        }
        let tags = strings.keys().cloned().collect();
        let Cldr { locales } =
            serde_json::from_str(FORMATS).expect("cldr.json is part of the program");
        Ok(Self { tags, strings, formats: locales })
    }

    /// Returns the languages, sorted.
    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Chooses the language of a mail: the best match for the certificate's, else English.
    pub(super) fn choose(&self, requested: Option<&str>) -> Locale<'_> {
        let best = requested.and_then(|tag| best_locale(&self.tags, tag));
        let tag = best.as_deref().unwrap_or(DEFAULT_LOCALE);
        let (tag, strings) = match self.strings.get_key_value(tag) {
            Some((tag, strings)) => (tag.as_str(), Some(strings)),
            None => (DEFAULT_LOCALE, None),
        };
        Locale { tag, strings, formats: self.formats_of(tag) }
    }

    /// Returns the formats of the locale, else those of its language, else those of English, as
    /// `formats-of` in `locale.typ`.
    fn formats_of(&self, tag: &str) -> &Formats {
        let language = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
        let wanted = language(tag);
        let formats = &self.formats;
        let of_language =
            || formats.iter().find(|(key, _)| language(key) == wanted).map(|(_, found)| found);
        formats
            .get(tag)
            .or_else(|| formats.get(&wanted))
            .or_else(of_language)
            .unwrap_or_else(|| &formats[DEFAULT_LOCALE])
    }
}

impl Locale<'_> {
    /// Returns `ltr` or `rtl`.
    pub(super) fn direction(&self) -> &str {
        &self.formats.direction
    }

    /// Formats a date, such as November 23, 2026.
    pub(super) fn date(&self, date: Date) -> String {
        let month = usize::try_from(date.month()).expect("a month is positive");
        let (day, year) = (format!("{:0>1$}", date.day(), self.formats.day_digits), date.year());
        let date = interpolate(&self.formats.date, |key| match key {
            "day" => Some(day.clone()),
            "month" => Some(self.formats.months[month - 1].clone()),
            "year" => Some(year.to_string()),
            _ => None,
        });
        let digits: Vec<_> = self.formats.digits.chars().collect();
        let localize = |c: char| match c.to_digit(10) {
            Some(digit) => digits.get(digit as usize).copied().unwrap_or(c),
            None => c,
        };
        date.unwrap_or_else(|key| key).chars().map(localize).collect()
    }

    /// Returns the strings for plain text. A value of the other direction is isolated by
    /// characters.
    pub(super) fn text(&self, values: &Values<'_>) -> Value {
        let rtl = self.direction() == "rtl";
        Value::from(self.fill(str::to_owned, |key| {
            let value = values.get(key)?;
            let other = value.chars().any(|c| c.is_alphabetic() && is_rtl(c) != rtl);
            let isolate = key != "date" && other;
            Some(if isolate { format!("\u{2068}{value}\u{2069}") } else { value.to_owned() })
        }))
    }

    /// Returns the strings for HTML, escaped. Values are isolated by `<bdi>`.
    pub(super) fn html(&self, values: &Values<'_>) -> Value {
        let value = |key: &str| {
            let value = HtmlEscape(values.get(key)?);
            Some(if key == "date" { value.to_string() } else { format!("<bdi>{value}</bdi>") })
        };
        let filled = self.fill(|pattern| HtmlEscape(pattern).to_string(), value);
        let safe = filled.into_iter().map(|(key, text)| (key, Value::from_safe_string(text)));
        Value::from(safe.collect::<BTreeMap<_, _>>())
    }

    /// Fills the placeholders of all strings, after `escape` has changed each of them.
    fn fill(
        &self,
        escape: impl Fn(&str) -> String,
        value: impl Fn(&str) -> Option<String>,
    ) -> Strings {
        let fill = |pattern| interpolate(&escape(pattern), &value).unwrap_or_else(|key| key);
        let strings = self.strings.into_iter().flatten();
        strings.map(|(key, pattern)| (key.clone(), fill(pattern))).collect()
    }
}

/// Returns whether a letter is written from right to left.
fn is_rtl(letter: char) -> bool {
    use Script::{Adlam, Arabic, Hebrew, Nko, Syriac, Thaana};
    matches!(letter.script(), Adlam | Arabic | Hebrew | Nko | Syriac | Thaana)
}

/// Replaces each key in braces by its value. Braces in a value stay as they are.
///
/// # Errors
/// The first key without a value.
fn interpolate(pattern: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut result, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((key, following)) = after.split_once('}') else { break };
        result.push_str(before);
        result.push_str(&value(key).ok_or_else(|| key.to_owned())?);
        rest = following;
    }
    result.push_str(rest);
    Ok(result)
}

fn check_placeholders(path: &Path, strings: &Strings) -> Result<(), MailTemplateError> {
    for (name, pattern) in strings {
        let known = |key: &str| Values::EMPTY.get(key).map(str::to_owned);
        interpolate(pattern, known).map_err(|key| {
            failure(
                path,
                format!("{name} has the unknown {{{key}}}; use course, name, sender, date or id"),
            )
        })?;
    }
    Ok(())
}

fn check_keys(path: &Path, first: &Strings, found: &Strings) -> Result<(), MailTemplateError> {
    if let Some(name) = first.keys().find(|name| !found.contains_key(*name)) {
        return Err(failure(path, format!("{name} is missing; the other languages have it")));
    }
    if let Some(name) = found.keys().find(|name| !first.contains_key(*name)) {
        return Err(failure(path, format!("{name} is missing in the other languages")));
    }
    Ok(())
}

fn failure(path: &Path, reason: String) -> MailTemplateError {
    MailTemplateError::Strings { path: path.to_owned(), reason }
}
