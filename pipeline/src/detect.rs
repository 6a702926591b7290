//! Derives events from changes of stored items.
//!
//! The caller reads a change, for example from a database stream, and passes the item before and
//! after it. A change that is delivered twice gives the same event twice; the use cases behind the
//! events are idempotent.

use serde_json::{Map, Value};

use crate::model::certificate::CertificateRecord;
use crate::model::events::{CertificateGenerated, CourseCompleted};
use crate::model::time::OffsetTime;
use crate::model::trace::TraceParent;

/// An enrollment before or after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// The learner's id.
    pub user_id: String,
    /// The course's id.
    pub course_id: String,
    /// The enrollment's id.
    pub enrollment_id: String,
    /// When the course was completed, with the offset that the item has; `None` until then.
    pub completion_date: Option<OffsetTime>,
    /// The requested locale of the certificate, such as `pt-BR`.
    pub locale: Option<String>,
    /// Further data for the template, such as scores.
    pub details: Map<String, Value>,
    /// The trace of the change.
    pub traceparent: Option<TraceParent>,
}

/// Returns the event of a change in which the completion date appeared. `before` is `None` if the
/// enrollment is new.
///
/// Later edits of a completed enrollment return `None`, also those of its completion date.
///
/// ```
/// # use testamur_pipeline::detect::{Enrollment, detect_completion};
/// let open = Enrollment {
///     user_id: "u-ada".to_owned(),
///     course_id: "c-1".to_owned(),
///     enrollment_id: "e-1".to_owned(),
///     completion_date: None,
///     locale: None,
///     details: serde_json::Map::new(),
///     traceparent: None,
/// };
/// let completed =
///     Enrollment { completion_date: Some("2026-11-23T09:30:00Z".parse()?), ..open.clone() };
/// assert!(detect_completion(Some(&open), &completed).is_some());
/// assert!(detect_completion(Some(&completed), &completed).is_none());
/// # Ok::<_, testamur_pipeline::model::time::OffsetTimeError>(())
/// ```
#[must_use]
pub fn detect_completion(
    before: Option<&Enrollment>,
    after: &Enrollment,
) -> Option<CourseCompleted> {
    let completed_at = after.completion_date?;
    if before.is_some_and(|before| before.completion_date.is_some()) {
        return None;
    }
    Some(CourseCompleted {
        user_id: after.user_id.clone(),
        course_id: after.course_id.clone(),
        enrollment_id: after.enrollment_id.clone(),
        completed_at,
        locale: after.locale.clone(),
        details: after.details.clone(),
        traceparent: after.traceparent,
    })
}

/// Returns the event of a change in which a record appeared or its revision increased.
/// `revision_before` is `None` if the record is new.
#[must_use]
pub fn detect_certificate(
    revision_before: Option<u32>,
    after: &CertificateRecord,
) -> Option<CertificateGenerated> {
    revision_before
        .is_none_or(|before| before < after.revision)
        .then(|| after.certificate_generated_event())
}
