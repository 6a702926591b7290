//! Ids on the command line.

use testamur_engine::is_invisible;
use testamur_pipeline::CertificateId;

/// Returns an id as its characters are seen, because copied text can have invisible ones. A
/// certificate id gets its usual form, also from `urn:uuid:` and capitals.
pub(crate) fn as_seen(text: &str) -> String {
    let visible: String = text.chars().filter(|&c| !is_invisible(c)).collect();
    let without_spaces: String = visible.split_whitespace().collect();
    CertificateId::parse(&without_spaces)
        .map_or_else(|| visible.trim().to_owned(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_seen() {
        let id = "0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f";
        for text in [
            "\u{2068}0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f\u{2069}",
            " 0D9C8F1E-5A7B-8C3D-9E2F-1A2B3C4D5E6F\u{a0}",
            "urn:uuid:0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f",
            "0d9c8f1e-5a7b-8c3d-9e2f- 1a2b3c4d5e6f\u{200b}",
        ] {
            assert_eq!(as_seen(text), id, "{text:?}");
        }
        assert_eq!(as_seen("\u{feff}e-1001\u{ad} "), "e-1001");
        assert_eq!(as_seen("spring term 7"), "spring term 7");
    }
}
