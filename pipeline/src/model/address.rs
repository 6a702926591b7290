//! Addresses of learners: read as mail servers know them, and what stands for one where the address itself must not be kept.

use idna::domain_to_ascii;
use lettre::Address;
use lettre::address::AddressError;
use sha2::{Digest, Sha256};

/// Reads a plain address. A domain in other scripts becomes what mail servers know it by ([RFC 5891](https://www.rfc-editor.org/rfc/rfc5891)).
///
/// # Errors
/// What is wrong with it; it does not repeat the address.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let (user, domain) = text.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    Address::new(user, domain_to_ascii(domain).map_err(|_| AddressError::InvalidDomain)?)
}

/// Stands for an address: the SHA-256 of its lower-case form, its domain in ASCII, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressHash(String);

impl AddressHash {
    /// The hash of an address, bare or as `Name <address>`.
    #[must_use]
    pub fn of(address: &str) -> Self {
        let bare = address
            .rsplit_once('<')
            .map_or(address, |(_, rest)| rest.trim_end().trim_end_matches('>'))
            .trim();
        let known = parse(bare).map_or_else(|_| bare.to_owned(), |address| address.to_string());
        let hash = Sha256::digest(known.to_lowercase());
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
