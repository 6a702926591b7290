//! The data of one certificate: what its template receives as `data.json`.
//!
//! This is the contract of templates. Each `schema.json` permits exactly these fields, and
//! `docs/templates.md` explains them to designers; a test compares all three.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use testamur_engine::{Data, PdfMetadata, normalize_text};

use crate::hex::hex;
use crate::model::certificate::CertificateId;
use crate::model::directory::{Course, User};
use crate::model::events::CourseCompleted;

/// The data of one certificate. It serializes to the JSON object that a template receives.
///
/// ```
/// # use testamur_pipeline::model::certificate_data::{CertificateData, CertificateFacts};
/// # use testamur_pipeline::{CertificateId, IdKey};
/// let facts = CertificateFacts {
///     certificate_id: CertificateId::derive(&IdKey::new([7; 32]), "e-1"),
///     user_name: "Ada Lovelace".to_owned(),
///     course_name: "Analytical Engines".to_owned(),
///     author_name: "Charles Babbage".to_owned(),
///     instructor_name: None,
///     issued_on: "2026-11-23".parse()?,
///     locale: "en".to_owned(),
///     details: serde_json::Map::new(),
/// };
/// let certificate_url = "https://certificates.example.com/certificates/1.pdf".to_owned();
/// let data = CertificateData { facts, certificate_url }.to_engine_data();
/// assert_eq!(data.value()["issuedAt"], "2026-11-23");
/// assert_eq!(data.value().get("instructorName"), None);
/// # Ok::<_, jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateData {
    /// All fields except `certificateUrl`. They are fields of the same JSON object.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// `certificateUrl`: the address of the PDF, such as
    /// `https://example.com/certificates/0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f-0badcafe.pdf`.
    pub certificate_url: String,
}

/// The printed facts. They are a type of their own because the certificate's URL contains a hash of
/// them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateFacts {
    /// `certificateId`: a UUID, such as `0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f`.
    pub certificate_id: CertificateId,
    /// `userName`: the learner's name, such as `Ada Lovelace`. Given and family name are in the
    /// order of their language.
    pub user_name: String,
    /// `courseName`: the course's title, such as `Analytical Engines`.
    pub course_name: String,
    /// `authorName`: the course's author, such as `Charles Babbage`.
    pub author_name: String,
    /// `instructorName`: the person who signs, such as `Grace Hopper`. Absent if the course names
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructor_name: Option<String>,
    /// `issuedAt`: the day of the completion, such as `2026-11-23`.
    #[serde(rename = "issuedAt")]
    pub issued_on: Date,
    /// `locale`: one of the template's own locales, such as `pt-BR`.
    pub locale: String,
    /// `details`: the object that the event carries, such as `{"hours": 12}`. Absent if it is
    /// empty.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl CertificateFacts {
    /// Collects the facts of a completion, with all texts normalized as they are printed. The date
    /// of a completion in UTC is that of `time_zone`.
    #[must_use]
    pub fn new(
        certificate_id: CertificateId,
        event: &CourseCompleted,
        user: &User,
        course: &Course,
        locale: String,
        time_zone: &TimeZone,
    ) -> Self {
        Self {
            certificate_id,
            user_name: normalize_text(&user.name.format(user.locale.as_deref(), &locale)),
            course_name: normalize_text(&course.name),
            author_name: normalize_text(&course.author),
            instructor_name: course.instructor.as_deref().map(normalize_text),
            issued_on: event.completed_at.date(time_zone),
            locale,
            details: event.details.clone(),
        }
    }

    /// Returns the first 8 hexadecimal digits of the SHA-256 of the facts and `context`, such as
    /// `0badcafe`.
    ///
    /// `context` holds everything else that determines the content of the stored objects. The hash
    /// distinguishes competing versions of one certificate; it is too short to prove anything.
    #[must_use]
    pub fn content_hash(&self, context: impl Serialize) -> String {
        let json = serde_json::to_vec(&(self, context)).expect("facts have string keys only");
        hex(&Sha256::digest(json)[..4])
    }
}

impl CertificateData {
    /// Returns the data as the engine takes it.
    #[must_use]
    pub fn to_engine_data(&self) -> Data {
        Data::new(serde_json::to_value(self).expect("certificate data has string keys only"))
    }
}

/// Returns the metadata of the PDF for a template's data: the identity is its `certificateId`.
///
/// The creation date is `issued_at`. Without it, as for a template's sample, it is the data's
/// `issuedAt`: a timestamp, or a calendar date that counts from midnight UTC. Malformed or absent
/// fields leave their part empty.
#[must_use]
pub fn pdf_metadata(data: &Data, issued_at: Option<Timestamp>) -> PdfMetadata<'_> {
    let field = |name: &str| data.value().get(name).and_then(Value::as_str);
    let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    let date_in_data =
        || field("issuedAt").and_then(|at| at.parse().ok().or_else(|| midnight(at.parse().ok()?)));
    PdfMetadata::new(field("certificateId").unwrap_or_default())
        .created_at(issued_at.or_else(date_in_data))
}
