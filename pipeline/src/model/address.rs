//! E-mail addresses: their validation, and the hash that replaces an address where it must not be
//! stored.

use idna::domain_to_ascii;
use lettre::Address;
use lettre::address::AddressError;
use sha2::{Digest, Sha256};

use crate::hex::hex;

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
/// assert!(address::parse("ada").is_err());
/// # Ok::<_, lettre::address::AddressError>(())
/// ```
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let (user, domain) = text.trim().rsplit_once('@').ok_or(AddressError::MissingParts)?;
    let domain = domain_to_ascii(domain).map_err(|_| AddressError::InvalidDomain)?;
    Address::new(user, domain.as_str()).or_else(|error| {
        let has_odd_dots = user.starts_with('.') || user.ends_with('.') || user.contains("..");
        if has_odd_dots { Address::new(format!("\"{user}\""), domain) } else { Err(error) }
    })
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
        let bare = address
            .rsplit_once('<')
            .map_or(address, |(_, rest)| rest.trim_end().trim_end_matches('>'))
            .trim();
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
