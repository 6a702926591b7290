//! A certificate's id, the keys of its objects, and its record.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use testamur_engine::AccentColor;
use uuid::Uuid;

use crate::model::events::CertificateGenerated;
use crate::model::trace::{self, TraceParent};

/// The secret key of a deployment from which certificate ids are derived. Changing it gives old
/// completions new ids, and so second certificates.
#[derive(Clone, PartialEq, Eq)]
pub struct IdKey([u8; 32]);

impl IdKey {
    /// Makes a key from 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses 64 hexadecimal digits. Returns `None` for any other text.
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

    /// Returns the key's bytes, to be stored in a protected place.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Hides the key, which must not appear in logs.
impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(..)")
    }
}

/// The id of a certificate, such as `229520cf-f31e-8123-8f1c-2f2177bde1c6`. One enrollment always
/// has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateId(Uuid);

impl CertificateId {
    /// Derives the id of an enrollment's certificate: the first 16 bytes of HMAC-SHA-256 over a
    /// label and the enrollment id, as a UUID of version 8 ([RFC 9562,
    /// 5.8](https://www.rfc-editor.org/rfc/rfc9562#section-5.8)).
    ///
    /// ```
    /// # use testamur_pipeline::{CertificateId, IdKey};
    /// let key = IdKey::from_hex(&"0b".repeat(32)).unwrap();
    /// let id = CertificateId::derive(&key, "e-1");
    /// assert_eq!(id.to_string(), "229520cf-f31e-8123-8f1c-2f2177bde1c6");
    /// assert_eq!(id, CertificateId::derive(&key, "e-1"));
    /// ```
    #[must_use]
    pub fn derive(key: &IdKey, enrollment_id: &str) -> Self {
        // The id is part of a public URL, and enrollment ids can often be guessed. Without the key,
        // a plain hash would let anyone compute the URL of another learner's certificate.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
        mac.update(b"testamur certificate\0");
        mac.update(enrollment_id.as_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let (bytes, _) = hash.split_first_chunk().expect("a hash has more than 16 bytes");
        Self(Uuid::new_v8(*bytes))
    }

    /// Parses a UUID. Returns `None` for any other text.
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

/// The keys of a certificate's objects in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKeys {
    /// The PDF.
    pub pdf: String,
    /// The thumbnail: the page as a JPG.
    pub jpg: String,
    /// The social card, a JPG. There is no such object if the template has no social card.
    pub social_card: String,
    /// The [`Metadata`] of the certificate, JSON.
    pub metadata: String,
}

impl ObjectKeys {
    /// Returns the keys for a certificate id and a content hash.
    ///
    /// The content hash is part of each key, so two deliveries of one event that print something
    /// different, such as a corrected name, never overwrite each other's objects.
    ///
    /// ```
    /// # use testamur_pipeline::{CertificateId, model::certificate::ObjectKeys};
    /// let id = CertificateId::parse("229520cf-f31e-8123-8f1c-2f2177bde1c6").unwrap();
    /// let keys = ObjectKeys::of(id, "0badcafe");
    /// assert_eq!(keys.pdf, "certificates/229520cf-f31e-8123-8f1c-2f2177bde1c6-0badcafe.pdf");
    /// ```
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

/// The facts about a certificate that are stored beside its files, as JSON for other programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    certificate_id: CertificateId,
    user_id: &'a str,
    course_id: &'a str,
    course_name: &'a str,
    user_name: &'a str,
    issued_at: Timestamp,
    issued_on: Date,
    locale: &'a str,
    revision: u32,
    template: &'a TemplateRef,
}

/// The record of an issued certificate. It is written once, after the certificate's files are
/// stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRecord {
    /// The certificate's id.
    pub certificate_id: CertificateId,
    /// The enrollment whose completion it certifies.
    pub enrollment_id: String,
    /// The learner's id.
    pub user_id: String,
    /// The course's id.
    pub course_id: String,
    /// The first 8 hexadecimal digits of a SHA-256 over everything that is printed, such as
    /// `0badcafe`; part of the object keys.
    pub content_hash: String,
    /// The course's title as printed.
    pub course_name: String,
    /// The learner's name as printed.
    pub user_name: String,
    /// The time of the completion, RFC 3339 in UTC, such as `2026-11-23T09:30:00Z`.
    pub issued_at: Timestamp,
    /// The date of issue as printed, such as `2026-11-23`: the day of the completion at the event's
    /// offset, or in the deployment's time zone.
    pub issued_on: Date,
    /// The address of the PDF.
    pub pdf_url: String,
    /// The address of the thumbnail.
    pub thumbnail_url: String,
    /// The address of the social card, if the template has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social_card_url: Option<String>,
    /// The state of the certificate.
    pub status: CertificateStatus,
    /// When this record was written, RFC 3339.
    pub created: Timestamp,
    /// The locale in which the certificate is printed, such as `pt-BR`.
    pub locale: String,
    /// The locale that was requested, if the template does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_locale: Option<String>,
    /// Counts how often this certificate was issued, from 1.
    pub revision: u32,
    /// The accent color of the template, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<AccentColor>,
    /// The template that produced it. Later edits of the template do not change an issued
    /// certificate.
    pub template: TemplateRef,
    /// The trace in which the certificate was issued.
    #[serde(default, deserialize_with = "trace::lenient", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

/// The state of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum CertificateStatus {
    /// The certificate is valid.
    Active,
}

/// The exact version of the template that produced a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    /// The template's id, such as `completion`.
    pub id: String,
    /// The template's version, such as `1.0.0`.
    pub version: String,
    /// The SHA-256 of the template's files, as 64 hexadecimal digits.
    pub hash: String,
}

/// A stored record does not have the fields of a [`CertificateRecord`].
///
/// It replaces the parser's own error, which can quote a learner's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored record does not have the format of a certificate record")]
pub struct RecordFormatError;

impl CertificateRecord {
    /// Parses a stored record.
    ///
    /// # Errors
    /// Fails if the text is not JSON or a field is absent or malformed.
    pub fn from_json(json: &str) -> Result<Self, RecordFormatError> {
        serde_json::from_str(json).map_err(|_| RecordFormatError)
    }

    /// Returns the keys of the certificate's objects.
    #[must_use]
    pub fn keys(&self) -> ObjectKeys {
        ObjectKeys::of(self.certificate_id, &self.content_hash)
    }

    /// Returns the metadata to be stored beside the files.
    ///
    /// It leaves out `created` and the trace, which differ between two deliveries of one event, so
    /// repeated writes of the object have the same bytes.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'_> {
        Metadata {
            certificate_id: self.certificate_id,
            user_id: &self.user_id,
            course_id: &self.course_id,
            course_name: &self.course_name,
            user_name: &self.user_name,
            issued_at: self.issued_at,
            issued_on: self.issued_on,
            locale: &self.locale,
            revision: self.revision,
            template: &self.template,
        }
    }

    /// Returns the event that this certificate has been issued.
    #[must_use]
    pub fn certificate_generated_event(&self) -> CertificateGenerated {
        CertificateGenerated {
            certificate_id: self.certificate_id,
            user_id: self.user_id.clone(),
            course_id: self.course_id.clone(),
            course_name: self.course_name.clone(),
            user_name: self.user_name.clone(),
            issued_at: self.issued_at,
            issued_on: self.issued_on,
            certificate_url: self.pdf_url.clone(),
            content_hash: Some(self.content_hash.clone()),
            locale: Some(self.locale.clone()),
            accent: self.accent,
            traceparent: self.traceparent,
        }
    }
}
