//! Which of a template's locales suits a reader: the likely script decides, the region refines.
//!
//! Source: [UTS #35, likely subtags](https://www.unicode.org/reports/tr35/#Likely_Subtags), from Unicode's CLDR. What a locale
//! changes on the page is the template's business, in Typst.

use icu_locale::{Locale, LocaleCanonicalizer, LocaleExpander};

/// Finds the supported locale that suits readers of the requested one: of the same language and script, best of the same region.
pub(crate) fn best(supported: &[String], requested: &str) -> Option<String> {
    let expander = LocaleExpander::new_extended();
    let expand = |tag: &str| {
        let mut id = parse(tag)?.id;
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

/// A locale as BCP 47 writes it: `pt-BR` for `PT_br`, `he` for `iw`; none if it is no locale.
#[must_use]
pub fn canonical_locale(tag: &str) -> Option<String> {
    parse(tag).map(|locale| locale.id.to_string())
}

fn parse(tag: &str) -> Option<Locale> {
    // POSIX writes an underscore.
    let mut locale = tag.replace('_', "-").parse().ok()?;
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    Some(locale)
}
