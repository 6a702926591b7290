//! The strings of a template's locales: each has all that the default locale has, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use testamur_engine::Template;

/// What is missing or too much, in sentences.
pub(crate) fn check_keys(template: &Template) -> Vec<String> {
    let (default, locales) = (&template.manifest().locale, template.locales());
    if locales.is_empty() {
        return Vec::new();
    }
    if !locales.contains(default) {
        return vec![format!("locales/{default}.toml, the default of typst.toml, does not exist")];
    }
    let folder = template.folder().join("locales");
    let wanted = match keys(&folder, default) {
        Ok(keys) => keys,
        Err(problem) => return vec![problem],
    };
    let compare = |locale: &String| match keys(&folder, locale) {
        Ok(keys) => {
            let missing = wanted
                .difference(&keys)
                .map(|key| format!("locales/{locale}.toml has no string {key}"));
            let extra = keys.difference(&wanted);
            let extra = extra.map(|key| {
                format!("locales/{locale}.toml has {key}, which locales/{default}.toml has not")
            });
            missing.chain(extra).collect()
        }
        Err(problem) => vec![problem],
    };
    locales.iter().flat_map(compare).collect()
}

/// The keys of a file of strings, an empty string being none; nested tables are joined by points.
fn keys(folder: &Path, locale: &str) -> Result<BTreeSet<String>, String> {
    let path = folder.join(format!("{locale}.toml"));
    let failed = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let text = fs::read_to_string(&path).map_err(|e| failed(&e))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| failed(&e.message()))?;
    let mut found = BTreeSet::new();
    collect("", &table, &mut found);
    Ok(found)
}

fn collect(prefix: &str, table: &toml::Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => collect(&key, inner, found),
            toml::Value::String(text) if text.trim().is_empty() => {}
            _ => drop(found.insert(key)),
        }
    }
}
