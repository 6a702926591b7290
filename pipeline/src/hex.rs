//! Hexadecimal text of hashes.

use std::fmt::Write;

/// Returns bytes as lower-case hexadecimal digits, two for each byte.
///
/// ```
/// assert_eq!(testamur_pipeline::hex(&[0x0b, 0xad, 0xca, 0xfe]), "0badcafe");
/// ```
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
        text
    })
}
