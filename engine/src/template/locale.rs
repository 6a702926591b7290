//! Chooses the template's locale that best matches a requested one: language and script must
//! match, and the region decides between candidates.
//!
//! Source: [UTS #35, likely subtags](https://www.unicode.org/reports/tr35/#Likely_Subtags), with
//! the data of Unicode's CLDR. How a locale changes a page is decided in the template, not here.

use icu_locale::subtags::script;
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

/// Returns a locale in the canonical form of BCP 47, or `None` if it is not a locale. Reads POSIX
/// locales too.
///
/// ```
/// use testamur_engine::canonical_locale;
///
/// assert_eq!(canonical_locale("PT_br").as_deref(), Some("pt-BR"));
/// assert_eq!(canonical_locale("sr_RS.UTF-8@latin").as_deref(), Some("sr-Latn-RS"));
/// assert_eq!(canonical_locale("iw").as_deref(), Some("he"));
/// assert_eq!(canonical_locale("not a locale"), None);
/// ```
#[must_use]
pub fn canonical_locale(tag: &str) -> Option<String> {
    parse(tag).map(|locale| locale.id.to_string())
}

/// Parses a BCP 47 tag, or a POSIX locale such as `sr_RS.UTF-8@latin` (POSIX.1-2024, 8.2).
fn parse(tag: &str) -> Option<Locale> {
    let (tag, modifier) = tag.trim().split_once('@').unwrap_or((tag.trim(), ""));
    let (tag, _charset) = tag.split_once('.').unwrap_or((tag, ""));
    let mut locale: Locale = tag.replace('_', "-").parse().ok()?;
    // Of the modifiers, only those of scripts change the text.
    locale.id.script = match modifier {
        "latin" => Some(script!("Latn")),
        "cyrillic" => Some(script!("Cyrl")),
        "devanagari" => Some(script!("Deva")),
        _ => locale.id.script,
    };
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    Some(locale)
}
