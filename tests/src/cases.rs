//! Test cases that are data: one TOML file for each case, below `tests/cases`.

use std::fs;

use serde::de::DeserializeOwned;

use crate::repository;

/// One case of a folder.
pub struct TestCase<T> {
    /// The name of its file without the extension, such as `unknown-user`.
    pub name: String,
    /// Its content.
    pub case: T,
}

/// Reads all cases of a folder, such as `bad-events`, sorted by name. Panics if there are none, or
/// if a file does not have the fields of `T`.
#[must_use]
pub fn test_cases<T: DeserializeOwned>(folder: &str) -> Vec<TestCase<T>> {
    let path = repository().join("tests/cases").join(folder);
    let entries = fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut cases: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("folders are readable").path();
            let text = fs::read_to_string(&path).expect("cases are readable");
            let case = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            TestCase { name, case }
        })
        .collect();
    assert!(!cases.is_empty(), "no cases in {}", path.display());
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}
