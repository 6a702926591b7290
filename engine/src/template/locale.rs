//! Chooses the template's locale that best matches a requested one: language and script must
//! match, and the region decides between candidates.
//!
//! Source: [UTS #35, likely subtags](https://www.unicode.org/reports/tr35/#Likely_Subtags), with
//! the data of Unicode's CLDR. How a locale changes a page is decided in the template, not here.

use icu_locale::{Locale, LocaleCanonicalizer, LocaleExpander};

/// Returns the supported locale with the same language and script as the requested one, preferably
/// of the same region, then the shortest. Returns `None` if there is none, or if `requested` is not
/// a locale.
///
/// ```
/// let supported = ["de".to_owned(), "zh-Hant".to_owned()];
/// assert_eq!(testamur_engine::best_locale(&supported, "zh-TW").as_deref(), Some("zh-Hant"));
/// ```
#[must_use]
pub fn best(supported: &[String], requested: &str) -> Option<String> {
    let expander = LocaleExpander::new_extended();
    let expand = |tag: &str| {
        let mut id = parse(tag)?.id;
        // Adds the likely script and region: `zh-TW` becomes `zh-Hant-TW`.
        expander.maximize(&mut id);
        Some(id)
    };
    let requested = expand(requested)?;
    let candidates = supported
        .iter()
        .filter_map(|tag| Some((tag, expand(tag)?)))
        .filter(|(_, id)| (id.language, id.script) == (requested.language, requested.script));
    let (tag, _) = candidates.min_by_key(|(tag, id)| (id.region != requested.region, tag.len()))?;
    Some(tag.clone())
}

/// Returns a locale in the canonical form of BCP 47, or `None` if it is not a locale.
///
/// ```
/// use testamur_engine::canonical_locale;
///
/// assert_eq!(canonical_locale("PT_br").as_deref(), Some("pt-BR"));
/// assert_eq!(canonical_locale("iw").as_deref(), Some("he"));
/// assert_eq!(canonical_locale("not a locale"), None);
/// ```
#[must_use]
pub fn canonical_locale(tag: &str) -> Option<String> {
    parse(tag).map(|locale| locale.id.to_string())
}

fn parse(tag: &str) -> Option<Locale> {
    // POSIX locales contain an underscore, as in `pt_BR`.
    let mut locale = tag.replace('_', "-").parse().ok()?;
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    Some(locale)
}
