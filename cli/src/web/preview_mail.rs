//! The e-mail as the preview shows it: in a frame without scripts, light and dark.

use crate::design::mail::with_sample_picture;

/// The content security policy of the frame. Links open in a new tab, so the e-mail stays.
pub(super) const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
    default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";

/// How a mail program shows the e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorScheme {
    Light,
    Dark,
}

/// Returns an HTML document as a mail program with this color scheme shows it. The scheme of the
/// browser does not matter: the queries for a scheme are replaced by ones that are always true or
/// always false.
pub(super) fn document(html: &str, scheme: ColorScheme) -> String {
    let (always, never) = ("(min-width: 0px)", "(max-width: 0px)");
    let (light, dark) = match scheme {
        ColorScheme::Light => (always, never),
        ColorScheme::Dark => (never, always),
    };
    with_sample_picture(html)
        .replace("(prefers-color-scheme: light)", light)
        .replace("(prefers-color-scheme: dark)", dark)
        .replacen("<head>", "<head><base target=\"_blank\">", 1)
}
