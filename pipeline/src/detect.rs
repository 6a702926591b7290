//! Sees news in a change of what is stored: a course was completed, a certificate exists.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::model::certificate::CertificateRecord;
use crate::model::events::{CertificateGenerated, CourseCompleted};
use crate::model::trace::TraceParent;

/// An enrollment as one image of a change shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// Who takes the course.
    pub user_id: String,
    /// Which course.
    pub course_id: String,
    /// The enrollment's own id.
    pub enrollment_id: String,
    /// When the course was completed; none while it is under way.
    pub completion_date: Option<Timestamp>,
    /// The language of the certificate, if the enrollment has one of its own.
    pub locale: Option<String>,
    /// What the template prints besides, such as scores.
    pub details: Map<String, Value>,
    /// The trace in which it was changed.
    pub traceparent: Option<TraceParent>,
}

/// The event of a change, from the images before and after it: the completion date has gone from absent to present.
///
/// Later edits of a completed enrollment, and its removal, are no events.
#[must_use]
pub fn detect(before: Option<&Enrollment>, after: Option<&Enrollment>) -> Option<CourseCompleted> {
    let after = after?;
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

/// The news of a change of a record, from its revision before and itself after it: a certificate was issued for the first time,
/// or again. Other changes are no news.
#[must_use]
pub fn announce(before: Option<u32>, after: &CertificateRecord) -> Option<CertificateGenerated> {
    before.is_none_or(|before| before < after.revision).then(|| after.certificate_generated_event())
}
