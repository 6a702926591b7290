//! E-mail addresses: their validation, and the hash that replaces an address where it must not be
//! stored.

use idna::domain_to_ascii;
use lettre::Address;
use sha2::{Digest, Sha256};
use testamur_engine::is_invisible;

use crate::hex::hex;

/// The longest part before the `@`, and the longest label of a domain, in bytes (RFC 5321, 4.5.3.1;
/// RFC 1035, 2.3.4).
const MAX_USER: usize = 64;
const MAX_LABEL: usize = 63;

/// The characters that the part before the `@` may have besides letters and digits (RFC 5322,
/// 3.2.3).
const USER_SIGNS: &str = ".!#$%&'*+-/=?^_`{|}~";

/// Why a text is not an address. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no `@`.
    #[error("has no @")]
    NoAt,
    /// There is a second `@` that is not in quotes.
    #[error("has several @")]
    SeveralAts,
    /// There is a `<`, `>`, comma or semicolon, as in `Ada <ada@example.com>`.
    #[error("has a display name or several addresses: give one address alone")]
    NotAlone,
    /// There is white space in it.
    #[error("has white space in it")]
    WhiteSpace,
    /// There is a character in it that is not seen, such as a zero-width space.
    #[error("has an invisible character in it")]
    Invisible,
    /// There is nothing before the `@`.
    #[error("has nothing before the @")]
    NoUser,
    /// The part before the `@` is too long.
    #[error("has more than {MAX_USER} characters before the @")]
    LongUser,
    /// The part before the `@` is malformed.
    #[error("has a character before the @ that is not allowed there")]
    User,
    /// There is nothing after the `@`.
    #[error("has nothing after the @")]
    NoDomain,
    /// The domain has two dots in a row, or one at its start or end.
    #[error("the domain has an empty label: a dot too many")]
    EmptyLabel,
    /// A label of the domain is too long.
    #[error("the domain has a label of more than {MAX_LABEL} characters")]
    LongLabel,
    /// A label of the domain begins or ends with a hyphen.
    #[error("the domain has a label that begins or ends with a hyphen")]
    Hyphen,
    /// The domain is an IP address in brackets that is malformed.
    #[error("the domain is no IP address in brackets, such as [192.0.2.1]")]
    IpAddress,
    /// The domain is malformed in another way.
    #[error("the domain has a character that is not allowed in it")]
    Domain,
}

/// Parses an address without a display name, such as `ada@example.com`.
///
/// White space around it is ignored. A domain in another script is converted to the ASCII form that
/// mail servers use ([RFC 5891](https://www.rfc-editor.org/rfc/rfc5891)). Dots that are allowed in
/// quotes only, as some Japanese providers assigned them, get their quotes.
///
/// # Errors
/// Fails if the text is not an address. The error does not repeat it.
///
/// ```
/// # use testamur_pipeline::model::address;
/// assert_eq!(address::parse("ada@bücher.example")?.to_string(), "ada@xn--bcher-kva.example");
/// assert_eq!(address::parse("a..b.@docomo.ne.jp")?.to_string(), "\"a..b.\"@docomo.ne.jp");
/// assert_eq!(address::parse("ada").unwrap_err().to_string(), "has no @");
/// # Ok::<_, address::AddressError>(())
/// ```
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let text = text.trim();
    let parts = text.rsplit_once('@').and_then(|(user, domain)| {
        let domain = domain_to_ascii(domain).ok()?;
        let has_odd_dots = user.starts_with('.') || user.ends_with('.') || user.contains("..");
        let quoted = || has_odd_dots.then(|| Address::new(format!("\"{user}\""), &domain).ok());
        Address::new(user, &domain).ok().or_else(|| quoted().flatten())
    });
    parts.ok_or_else(|| explain(text))
}

/// Says why a text, which has no display name, is not an address.
pub(crate) fn explain(text: &str) -> AddressError {
    let has = |is: fn(char) -> bool| text.contains(is);
    let Some((user, domain)) = text.rsplit_once('@') else { return AddressError::NoAt };
    if has(|c| matches!(c, '<' | '>' | ',' | ';')) {
        AddressError::NotAlone
    } else if has(char::is_whitespace) {
        AddressError::WhiteSpace
    } else if has(|c| is_invisible(c) || c.is_control()) {
        AddressError::Invisible
    } else if user.is_empty() {
        AddressError::NoUser
    } else if user.contains('@') {
        AddressError::SeveralAts
    } else if user.len() > MAX_USER {
        AddressError::LongUser
    } else if user.chars().any(|c| !c.is_alphanumeric() && !USER_SIGNS.contains(c)) {
        AddressError::User
    } else {
        explain_domain(domain)
    }
}

/// Says why the part after the `@` is not a domain.
fn explain_domain(domain: &str) -> AddressError {
    let labels = || domain.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    if domain.is_empty() {
        AddressError::NoDomain
    } else if domain.starts_with('[') {
        AddressError::IpAddress
    } else if labels().any(str::is_empty) {
        AddressError::EmptyLabel
    } else if labels().any(|label| label.len() > MAX_LABEL) {
        AddressError::LongLabel
    } else if labels().any(|label| label.starts_with('-') || label.ends_with('-')) {
        AddressError::Hyphen
    } else {
        AddressError::Domain
    }
}

/// Returns an address without its display name.
pub(crate) fn bare(address: &str) -> &str {
    address
        .rsplit_once('<')
        .map_or(address, |(_, rest)| rest.trim_end().trim_end_matches('>'))
        .trim()
}

/// The hash of an address: SHA-256 of its lower-case form with the domain in ASCII, as 64
/// hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressHash(String);

impl AddressHash {
    /// Hashes an address, with or without a display name.
    ///
    /// ```
    /// # use testamur_pipeline::model::address::AddressHash;
    /// assert_eq!(AddressHash::of("Ada <Ada@Example.com>"), AddressHash::of("ada@example.com"));
    /// ```
    #[must_use]
    pub fn of(address: &str) -> Self {
        let bare = bare(address);
        // A mail service can report an address that we would not send to, so a malformed one is
        // hashed as it is.
        let canonical = parse(bare).map_or_else(|_| bare.to_owned(), |address| address.to_string());
        Self(hex(&Sha256::digest(canonical.to_lowercase())))
    }

    /// Returns the 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_address_is_explained_without_its_text() {
        let long = "x".repeat(70);
        for (text, reason) in [
            ("ada", "has no @"),
            ("", "has no @"),
            (
                "Ada <ada@example.com>",
                "has a display name or several addresses: give one address alone",
            ),
            (
                "a@example.com, b@example.com",
                "has a display name or several addresses: give one address alone",
            ),
            ("a b@example.com", "has white space in it"),
            ("a@exam\u{a0}ple.com", "has white space in it"),
            ("a\u{200b}@example.com", "has an invisible character in it"),
            ("@example.com", "has nothing before the @"),
            ("@", "has nothing before the @"),
            ("a@b@example.com", "has several @"),
            (&format!("{long}@example.com"), "has more than 64 characters before the @"),
            ("a(b)@example.com", "has a character before the @ that is not allowed there"),
            ("a@", "has nothing after the @"),
            ("a@example..com", "the domain has an empty label: a dot too many"),
            ("a@.example.com", "the domain has an empty label: a dot too many"),
            ("a@example.com.", "the domain has an empty label: a dot too many"),
            ("a@.", "the domain has an empty label: a dot too many"),
            (&format!("a@{long}.com"), "the domain has a label of more than 63 characters"),
            ("a@-example.com", "the domain has a label that begins or ends with a hyphen"),
            ("a@[192.0.2.1", "the domain is no IP address in brackets, such as [192.0.2.1]"),
            ("a@exam_ple!.com", "the domain has a character that is not allowed in it"),
        ] {
            let error = parse(text).map(|_| text).unwrap_err();
            assert_eq!(error.to_string(), reason, "{text}");
        }
    }
}
