//! The events on the wire. They arrive bare or in an EventBridge envelope; fields we do not know are ignored.

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use testamur_engine::canonical_locale;

use crate::error::{Rejection, without_values};
use crate::model::trace::{self, TraceParent};

/// The longest id an event may carry, in bytes: the limit of a DynamoDB sort key.
const MAX_ID: usize = 1024;

/// An event that other systems see.
pub trait Event: DeserializeOwned {
    /// Its name, the envelope's `detail-type`.
    const DETAIL_TYPE: &'static str;

    /// The ids it carries, by name; none may be empty, overlong or hold control characters.
    fn ids(&self) -> Vec<(&'static str, &str)>;
}

/// A learner has completed a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CourseCompleted {
    /// Who.
    pub user_id: String,
    /// What.
    pub course_id: String,
    /// The enrollment; there is one certificate for each.
    pub enrollment_id: String,
    /// When, which is also the date of issue.
    #[serde(deserialize_with = "time")]
    pub completed_at: Timestamp,
    /// The language of the certificate, such as `pt-BR`; the course's or the learner's if none.
    #[serde(default, deserialize_with = "locale", skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What the template prints besides, such as scores; its schema says what it takes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// The trace it belongs to.
    #[serde(default, deserialize_with = "trace::lenient", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

impl Event for CourseCompleted {
    const DETAIL_TYPE: &'static str = "CourseCompleted";

    fn ids(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("userId", &self.user_id),
            ("courseId", &self.course_id),
            ("enrollmentId", &self.enrollment_id),
        ]
    }
}

/// A certificate exists: its files are stored and its record is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateGenerated {
    /// The certificate.
    pub certificate_id: String,
    /// Whose it is.
    pub user_id: String,
    /// For which course.
    pub course_id: String,
    /// The course's name as printed.
    pub course_name: String,
    /// The learner's name as printed.
    pub user_name: String,
    /// The date of issue.
    pub issued_at: Timestamp,
    /// Where the certificate can be opened.
    pub certificate_url: String,
    /// The trace it belongs to.
    #[serde(default, deserialize_with = "trace::lenient", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

impl Event for CertificateGenerated {
    const DETAIL_TYPE: &'static str = "CertificateGenerated";

    fn ids(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("certificateId", &self.certificate_id),
            ("userId", &self.user_id),
            ("courseId", &self.course_id),
        ]
    }
}

/// An event on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OutgoingEvent {
    /// A learner has completed a course.
    CourseCompleted(CourseCompleted),
    /// A certificate exists.
    CertificateGenerated(CertificateGenerated),
}

impl OutgoingEvent {
    /// Its name, the envelope's `detail-type`.
    #[must_use]
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::CourseCompleted(_) => CourseCompleted::DETAIL_TYPE,
            Self::CertificateGenerated(_) => CertificateGenerated::DETAIL_TYPE,
        }
    }

    /// The event as it goes into an envelope.
    #[must_use]
    pub fn detail(&self) -> String {
        serde_json::to_string(self).expect("events have string keys only")
    }

    /// The trace it belongs to.
    #[must_use]
    pub fn traceparent(&self) -> Option<TraceParent> {
        match self {
            Self::CourseCompleted(event) => event.traceparent,
            Self::CertificateGenerated(event) => event.traceparent,
        }
    }
}

/// Reads an event, bare or in an EventBridge envelope.
///
/// # Errors
/// [`Rejection::Event`] that says what is missing or wrong; it never repeats the event itself, which may hold personal data.
pub fn parse<E: Event>(text: &str) -> Result<E, Rejection> {
    let reject = |reason: String| Rejection::Event { kind: E::DETAIL_TYPE, reason };
    let value: Value = serde_json::from_str(text).map_err(|e| reject(format!("not JSON: {e}")))?;
    let event: E = serde_json::from_value(detail::<E>(value).map_err(reject)?)
        .map_err(|e| reject(without_values(&e.to_string())))?;
    for (name, id) in event.ids() {
        check_id(name, id).map_err(reject)?;
    }
    Ok(event)
}

/// Takes an event out of its envelope, if it has one.
fn detail<E: Event>(mut value: Value) -> Result<Value, String> {
    let Some(envelope) = value.as_object_mut() else {
        return Err("not a JSON object".to_owned());
    };
    match envelope.get("detail-type") {
        None => Ok(value),
        Some(found) if found == E::DETAIL_TYPE => {
            envelope.remove("detail").ok_or("its envelope has no detail".to_owned())
        }
        Some(found) => Err(format!("its detail-type is {found}")),
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let parsed = String::deserialize(deserializer)?.parse();
    parsed.map_err(|_| D::Error::custom("completedAt is no time such as 2026-11-23T09:30:00Z"))
}

/// A language tag, or nothing: an empty one is none.
fn locale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(tag) if tag.is_empty() => Ok(None),
        Some(tag) if canonical_locale(&tag).is_none() => {
            Err(D::Error::custom("locale is no language tag such as pt-BR"))
        }
        tag => Ok(tag),
    }
}

fn check_id(name: &str, id: &str) -> Result<(), String> {
    if id.is_empty() {
        Err(format!("{name} is empty"))
    } else if id.len() > MAX_ID {
        Err(format!("{name} has {} bytes, more than {MAX_ID}", id.len()))
    } else if id.chars().any(char::is_control) {
        Err(format!("{name} holds a control character"))
    } else {
        Ok(())
    }
}
