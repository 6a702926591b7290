//! Faults of the files of a mail template, with their place.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

/// The reference of the syntax of mail templates.
const SYNTAX: &str = "https://docs.rs/minijinja/latest/minijinja/syntax/";

/// The fields that not every event has, so no template can rely on them.
const OPTIONAL: [&str; 2] = ["contentHash", "traceparent"];

/// A fault of a file of a mail template, as a designer has to know it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct MailFault {
    /// The file in the folder of the mail template, such as `body.html`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// A fault that MiniJinja found. The text can quote the file and a value of the event, so it is for
/// samples and for syntax only.
impl From<&Error> for MailFault {
    fn from(error: &Error) -> Self {
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let advice = match error.kind() {
            ErrorKind::SyntaxError => format!("; the syntax is explained at {SYNTAX}"),
            _ => String::new(),
        };
        Self {
            file: error.name().unwrap_or_default().to_owned(),
            line: error.line().unwrap_or(1),
            message: format!("{}{detail}{advice}", error.kind()),
        }
    }
}

/// Describes a failure to render by its kind and place. MiniJinja's own text can quote a value of
/// the event.
pub(super) fn describe(error: &Error) -> String {
    match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{} in {name}, line {line}", error.kind()),
        _ => error.kind().to_string(),
    }
}

/// Finds the variables of a part that have no value in `values`, in the order of their lines.
pub(super) fn unknown_variables(
    environment: &Environment<'_>,
    part: &str,
    values: &Value,
) -> Vec<MailFault> {
    let template = environment.get_template(part).expect("all parts are loaded");
    let is_global = |path: &str| environment.globals().any(|(name, _)| name == path);
    let mut faults: Vec<_> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|path| !is_global(path))
        .filter_map(|path| {
            let message = explain_unknown(&path, values)?;
            let line = line_of(template.source(), &path);
            Some(MailFault { file: part.to_owned(), line, message })
        })
        .collect();
    faults.sort_by(|a, b| (a.line, &a.message).cmp(&(b.line, &b.message)));
    faults
}

/// Explains which name of a path such as `strings.open` is unknown, and which names exist. Returns
/// none if the path has a value, or is a method of a value.
fn explain_unknown(path: &str, values: &Value) -> Option<String> {
    let mut found = values.clone();
    for name in path.split('.') {
        if found.kind() != ValueKind::Map {
            return None;
        }
        let next = found.get_attr(name).unwrap_or_default();
        if next.is_undefined() {
            let known = names(&found);
            return Some(match path.strip_prefix("strings.") {
                Some(_) => format!(
                    "unknown string `{name}`; add it to each file in locales, or use one of {known}"
                ),
                None => format!("unknown variable `{name}`; use one of {known}"),
            });
        }
        found = next;
    }
    None
}

/// Lists the names that a value has, without those that not every event has.
fn names(values: &Value) -> String {
    let keys = values.try_iter().into_iter().flatten();
    let mut names: Vec<_> = keys.map(|key| key.to_string()).collect();
    names.retain(|name| !OPTIONAL.contains(&name.as_str()));
    names.sort();
    names.join(", ")
}

/// Returns the first line of a source that has a path between characters that are not part of a
/// name.
fn line_of(source: &str, path: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let has_path = |line: &str| {
        line.match_indices(path).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + path.len()..]);
            !before.ends_with(is_part) && !after.starts_with(is_part)
        })
    };
    source.lines().position(has_path).map_or(1, |index| index + 1)
}
