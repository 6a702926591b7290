//! A certificate's identity, where its files are, and what is recorded of it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::model::events::CertificateGenerated;
use crate::model::trace::{self, TraceParent};

/// The secret of a deployment from which certificate ids are derived. A new key would mean new certificates for old completions.
#[derive(Clone, PartialEq, Eq)]
pub struct IdKey([u8; 32]);

impl IdKey {
    /// Takes 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits; none if it is anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The key's bytes, for the store that keeps it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(..)")
    }
}

/// The id of a certificate: the same for every delivery of one completion, and not to be guessed from the enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateId(Uuid);

impl CertificateId {
    /// Derives the id of an enrollment's certificate: the first 16 bytes of HMAC-SHA-256 over a label and the enrollment id,
    /// laid out as a UUID of version 8 ([RFC 9562, 5.8](https://www.rfc-editor.org/rfc/rfc9562#section-5.8)).
    #[must_use]
    pub fn derive(key: &IdKey, enrollment_id: &str) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
        mac.update(b"testamur certificate\0");
        mac.update(enrollment_id.as_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let (bytes, _) = hash.split_first_chunk().expect("a hash has more than 16 bytes");
        Self(Uuid::new_v8(*bytes))
    }

    /// Reads an id as it is printed; none if it is no UUID.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The keys under which a certificate's objects are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKeys {
    /// The certificate itself.
    pub pdf: String,
    /// The image of its page.
    pub jpg: String,
    /// The social card, where the template has one.
    pub social_card: String,
    /// What is printed on it, for programs.
    pub metadata: String,
}

impl ObjectKeys {
    /// The keys of a certificate printed with the facts that `content_hash` stands for: two deliveries that differ, say in the
    /// learner's name, never write each other's objects, wherever they run.
    #[must_use]
    pub fn of(id: CertificateId, content_hash: &str) -> Self {
        let key = |extension: &str| format!("certificates/{id}-{content_hash}.{extension}");
        Self {
            pdf: key("pdf"),
            jpg: key("jpg"),
            social_card: key("social-card.jpg"),
            metadata: key("json"),
        }
    }
}

/// What is stored beside the files of a certificate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    certificate_id: CertificateId,
    user_id: &'a str,
    course_id: &'a str,
    course_name: &'a str,
    user_name: &'a str,
    issued_at: Timestamp,
    locale: &'a str,
    revision: u32,
    template: &'a TemplateRef,
}

/// The record of a certificate, which later retrieval and validation read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRecord {
    /// The certificate.
    pub certificate_id: CertificateId,
    /// The completion it certifies.
    pub enrollment_id: String,
    /// Whose it is.
    pub user_id: String,
    /// For which course.
    pub course_id: String,
    /// Stands for everything that is printed: the first digits of a hash.
    pub content_hash: String,
    /// The course's name as printed.
    pub course_name: String,
    /// The learner's name as printed.
    pub user_name: String,
    /// The date of issue: when the course was completed.
    pub issued_at: Timestamp,
    /// Where the PDF is.
    pub pdf_url: String,
    /// Where the image is.
    pub thumbnail_url: String,
    /// Where the social card is, if the template has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social_card_url: Option<String>,
    /// Whether it holds.
    pub status: CertificateStatus,
    /// When this record was written.
    pub created: Timestamp,
    /// The language it was printed for.
    pub locale: String,
    /// The language it should have been printed for, if the template does not have that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_locale: Option<String>,
    /// Counts the issues of this certificate, from 1.
    pub revision: u32,
    /// The template that made it. Later edits of the template do not change an issued certificate.
    pub template: TemplateRef,
    /// The trace in which it was made.
    #[serde(default, deserialize_with = "trace::lenient", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

/// Whether a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum CertificateStatus {
    /// It does.
    Active,
}

/// The exact template that made a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its content.
    pub hash: String,
}

impl CertificateRecord {
    /// The keys of its objects.
    #[must_use]
    pub fn keys(&self) -> ObjectKeys {
        ObjectKeys::of(self.certificate_id, &self.content_hash)
    }

    /// What is stored beside the files; it holds nothing that differs between two deliveries of one event.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'_> {
        Metadata {
            certificate_id: self.certificate_id,
            user_id: &self.user_id,
            course_id: &self.course_id,
            course_name: &self.course_name,
            user_name: &self.user_name,
            issued_at: self.issued_at,
            locale: &self.locale,
            revision: self.revision,
            template: &self.template,
        }
    }

    /// The news of this certificate.
    #[must_use]
    pub fn certificate_generated_event(&self) -> CertificateGenerated {
        CertificateGenerated {
            certificate_id: self.certificate_id.to_string(),
            user_id: self.user_id.clone(),
            course_id: self.course_id.clone(),
            course_name: self.course_name.clone(),
            user_name: self.user_name.clone(),
            issued_at: self.issued_at,
            certificate_url: self.pdf_url.clone(),
            traceparent: self.traceparent,
        }
    }
}
