//! Names that were meant to be other ones.

use strsim::damerau_levenshtein;

/// Returns the name that a misspelt one was probably meant to be, such as `pages` for `pags`.
///
/// ```
/// use testamur_engine::nearest_name;
///
/// assert_eq!(nearest_name("Font", ["fonts", "locales"]), Some("fonts"));
/// assert_eq!(nearest_name("color", ["locale", "pages"]), None);
/// ```
#[must_use]
pub fn nearest_name<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    let distance = |other: &str| damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let near = names.into_iter().map(|other| (distance(other), other));
    near.filter(|&(distance, _)| distance <= allowed).min().map(|(_, other)| other)
}

/// Returns the file that should have the name `file`: one with other capitals, with `.txt` at its
/// end, or with a misspelt name.
///
/// ```
/// use testamur_engine::misnamed_file;
///
/// assert_eq!(misnamed_file("typst.toml", ["main.typ", "Typst.TOML"]), Some("Typst.TOML"));
/// assert_eq!(misnamed_file("typst.toml", ["typst.toml.txt"]), Some("typst.toml.txt"));
/// ```
#[must_use]
pub fn misnamed_file<'a>(file: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_meant = |name: &&'a str| nearest_name(without_txt(name), [file]).is_some();
    let near = names.into_iter().filter(is_meant);
    near.min_by_key(|name| damerau_levenshtein(&without_txt(name).to_lowercase(), file))
}

fn without_txt(name: &str) -> &str {
    name.strip_suffix(".txt").unwrap_or(name)
}
