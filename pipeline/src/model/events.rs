//! The events on the wire, as JSON objects, bare or in an [EventBridge envelope].
//!
//! Unknown fields are ignored, so a producer can add fields at any time.
//!
//! [EventBridge envelope]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};
use testamur_engine::AccentColor;

use crate::error::Rejection;
use crate::model::certificate::{CertificateId, ObjectKeys};
use crate::model::fields::{FieldError, Fields};
use crate::model::time::OffsetTime;
use crate::model::trace::TraceParent;

/// An event that is exchanged with other systems.
pub trait Event: Sized {
    /// The kind of event, which is the envelope's `detail-type`, such as `CourseCompleted`.
    const DETAIL_TYPE: &'static str;

    /// Reads the event from the fields of its JSON object.
    ///
    /// # Errors
    /// Fails if a required field is absent or a field is malformed.
    fn from_fields(fields: &mut Fields) -> Result<Self, FieldError>;
}

/// A learner has completed a course. Its certificate is to be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CourseCompleted {
    /// `userId`: the learner's id in the directory, such as `u-ada`; at most 1,024 bytes.
    pub user_id: String,
    /// `courseId`: the course's id in the directory, such as `c-1`; at most 1,024 bytes.
    pub course_id: String,
    /// `enrollmentId`: such as `e-1`; at most 1,024 bytes. There is one certificate for each
    /// enrollment.
    pub enrollment_id: String,
    /// `completedAt`: RFC 3339, such as `2026-11-23T18:30:00+09:00`. The certificate's date is the
    /// day at this offset, or in the deployment's time zone if the time is in UTC.
    pub completed_at: OffsetTime,
    /// `locale`: the locale of the certificate as a BCP 47 tag, such as `pt-BR`. Where it is absent
    /// or empty, the course's locale applies, then the learner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `details`: further data for the template, such as `{"hours": 12}`. The template's schema
    /// restricts it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// `traceparent`: the trace that the completion belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

impl Event for CourseCompleted {
    const DETAIL_TYPE: &'static str = "CourseCompleted";

    fn from_fields(fields: &mut Fields) -> Result<Self, FieldError> {
        Ok(Self {
            user_id: fields.id("userId")?,
            course_id: fields.id("courseId")?,
            enrollment_id: fields.id("enrollmentId")?,
            completed_at: fields.offset_time("completedAt")?,
            locale: fields.optional_locale("locale")?,
            details: fields.map("details")?,
            traceparent: fields.trace_parent("traceparent"),
        })
    }
}

/// A certificate has been issued: its files are stored and its record is written. Its e-mail is to
/// be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateGenerated {
    /// `certificateId`: a UUID, such as `0d9c8f1e-5a7b-8c3d-9e2f-1a2b3c4d5e6f`.
    pub certificate_id: CertificateId,
    /// `userId`: the learner's id in the directory, such as `u-ada`.
    pub user_id: String,
    /// `courseId`: the course's id in the directory, such as `c-1`.
    pub course_id: String,
    /// `courseName`: the course's title as printed.
    pub course_name: String,
    /// `userName`: the learner's name as printed.
    pub user_name: String,
    /// `issuedAt`: the time of the completion, RFC 3339 in UTC, such as `2026-11-23T09:30:00Z`.
    pub issued_at: Timestamp,
    /// `issuedOn`: the date as printed, such as `2026-11-23`.
    pub issued_on: Date,
    /// `certificateUrl`: the address of the PDF.
    pub certificate_url: String,
    /// `contentHash`: the part of the object keys that [`ObjectKeys::of`] takes, such as
    /// `0badcafe`. Events of earlier versions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// `locale`: the certificate's language, such as `pt-BR`. Events of earlier versions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `accent`: the accent color of the template, such as `#1e3a5f`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<AccentColor>,
    /// `traceparent`: the trace that the completion belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

impl Event for CertificateGenerated {
    const DETAIL_TYPE: &'static str = "CertificateGenerated";

    fn from_fields(fields: &mut Fields) -> Result<Self, FieldError> {
        Ok(Self {
            certificate_id: fields.certificate_id("certificateId")?,
            user_id: fields.id("userId")?,
            course_id: fields.id("courseId")?,
            course_name: fields.string("courseName")?,
            user_name: fields.string("userName")?,
            issued_at: fields.timestamp("issuedAt")?,
            issued_on: fields.date("issuedOn")?,
            certificate_url: fields.string("certificateUrl")?,
            content_hash: content_hash(fields)?,
            locale: fields.optional_string("locale")?,
            accent: fields.optional_color("accent")?,
            traceparent: fields.trace_parent("traceparent"),
        })
    }
}

impl CertificateGenerated {
    /// Returns the keys of the certificate's objects, if the event says which they are.
    #[must_use]
    pub fn keys(&self) -> Option<ObjectKeys> {
        Some(ObjectKeys::of(self.certificate_id, self.content_hash.as_ref()?))
    }
}

/// Reads the content hash. It becomes part of a path, so nothing but digits is accepted.
fn content_hash(fields: &mut Fields) -> Result<Option<String>, FieldError> {
    match fields.optional_string("contentHash")? {
        Some(hash) if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Err(FieldError::new("contentHash: expected hexadecimal digits"))
        }
        hash => Ok(hash),
    }
}

/// An event to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OutgoingEvent {
    /// A learner has completed a course.
    CourseCompleted(CourseCompleted),
    /// A certificate has been issued.
    CertificateGenerated(CertificateGenerated),
}

impl OutgoingEvent {
    /// Returns the kind of event, which is the envelope's `detail-type`.
    #[must_use]
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::CourseCompleted(_) => CourseCompleted::DETAIL_TYPE,
            Self::CertificateGenerated(_) => CertificateGenerated::DETAIL_TYPE,
        }
    }

    /// Returns the event as JSON, which is the envelope's `detail`.
    #[must_use]
    pub fn detail(&self) -> String {
        serde_json::to_string(self).expect("events have string keys only")
    }

    /// Returns the trace that the event belongs to.
    #[must_use]
    pub fn traceparent(&self) -> Option<TraceParent> {
        match self {
            Self::CourseCompleted(event) => event.traceparent,
            Self::CertificateGenerated(event) => event.traceparent,
        }
    }
}

/// Parses an event, bare or in an EventBridge envelope.
///
/// # Errors
/// Fails with [`Rejection::Event`], which names the field that is absent or malformed and never
/// repeats a value.
///
/// ```
/// use testamur_pipeline::{CourseCompleted, model::events};
///
/// let event: CourseCompleted = events::parse(
///     r#"{
///         "userId": "u-ada", "courseId": "c-1", "enrollmentId": "e-1",
///         "completedAt": "2026-11-23T09:30:00Z", "details": { "hours": 12 }
///     }"#,
/// )?;
/// assert_eq!(event.details["hours"], 12);
///
/// let error = events::parse::<CourseCompleted>(r#"{"userId": "u-ada"}"#).unwrap_err();
/// assert_eq!(error.to_string(), "invalid CourseCompleted event: courseId: missing");
/// # Ok::<_, testamur_pipeline::Rejection>(())
/// ```
pub fn parse<E: Event>(json: &str) -> Result<E, Rejection> {
    let event = Fields::parse(json).and_then(unwrap_envelope::<E>);
    event
        .and_then(|mut fields| E::from_fields(&mut fields))
        .map_err(|error| Rejection::event(E::DETAIL_TYPE, error))
}

/// Returns the fields of `detail` if there is an envelope, else the fields unchanged.
fn unwrap_envelope<E: Event>(mut fields: Fields) -> Result<Fields, FieldError> {
    match fields.optional_string("detail-type")? {
        None => Ok(fields),
        Some(found) if found == E::DETAIL_TYPE => fields.object("detail"),
        Some(found) => {
            Err(FieldError::new(format!("detail-type is {found:?}, expected {:?}", E::DETAIL_TYPE)))
        }
    }
}
