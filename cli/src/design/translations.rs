//! Compares the strings of the locales of a template or the e-mail: each must have the keys of the
//! default locale, and no others.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use testamur_engine::canonical_locale;

use crate::design::problem::{Problem, ProblemCode};

/// Returns a problem for each missing or unknown key, and for each file that can't be read or is
/// named `pt_BR.toml` instead of `pt-BR.toml`. `folder` has a folder `locales` with a file for each of `locales`.
pub(crate) fn check_keys(folder: &Path, default: &str, locales: &[String]) -> Vec<Problem> {
    if locales.is_empty() {
        return Vec::new();
    }
    if locales.iter().any(|locale| meant_locale(locale).is_some_and(|meant| meant == default)) {
        return locales.iter().filter_map(|locale| misnamed(locale)).collect();
    }
    if !locales.iter().any(|locale| locale == default) {
        let message = format!("locales/{default}.toml, the default locale, does not exist");
        return vec![Problem::new(ProblemCode::MissingLocale, message)];
    }
    let folder = folder.join("locales");
    let expected = match keys(&folder, default) {
        Ok(keys) => keys,
        Err(problem) => return vec![problem],
    };
    let check = |locale: &String| match (misnamed(locale), keys(&folder, locale)) {
        (None, Ok(found)) => compare(locale, &found, default, &expected),
        (Some(problem), _) | (None, Err(problem)) => vec![problem],
    };
    locales.iter().flat_map(check).collect()
}

/// Returns the tag that a file of strings should be named by, such as `pt-BR` for `pt_BR`, if it is
/// another one.
pub(crate) fn meant_locale(file: &str) -> Option<String> {
    canonical_locale(file).filter(|tag| tag != file)
}

fn misnamed(locale: &str) -> Option<Problem> {
    let message = |meant| format!("rename locales/{locale}.toml to {meant}.toml");
    meant_locale(locale).map(|meant| Problem::new(ProblemCode::Misnamed, message(meant)))
}

fn compare(
    locale: &str,
    found: &BTreeSet<String>,
    default: &str,
    expected: &BTreeSet<String>,
) -> Vec<Problem> {
    let missing = expected.difference(found).map(|key| {
        let message = format!("locales/{locale}.toml: missing key `{key}`");
        Problem::new(ProblemCode::MissingKey, message)
    });
    let unknown = found.difference(expected).map(|key| {
        let message =
            format!("locales/{locale}.toml: unknown key `{key}` (not in locales/{default}.toml)");
        Problem::new(ProblemCode::UnknownKey, message)
    });
    missing.chain(unknown).collect()
}

/// Returns the keys of a file of strings. The keys of nested tables are joined by dots, and a key
/// with an empty string counts as missing.
fn keys(folder: &Path, locale: &str) -> Result<BTreeSet<String>, Problem> {
    let path = folder.join(format!("{locale}.toml"));
    let invalid = |reason: &dyn Display| {
        Problem::new(ProblemCode::InvalidLocale, format!("{}: {reason}", path.display()))
    };
    let text = fs::read_to_string(&path).map_err(|e| invalid(&e))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| invalid(&e.message()))?;
    let mut keys = BTreeSet::new();
    collect("", &table, &mut keys);
    Ok(keys)
}

fn collect(prefix: &str, table: &toml::Table, keys: &mut BTreeSet<String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => collect(&key, inner, keys),
            toml::Value::String(text) if text.trim().is_empty() => {}
            _ => drop(keys.insert(key)),
        }
    }
}
