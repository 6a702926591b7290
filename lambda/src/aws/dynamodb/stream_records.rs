//! Parsing of the table's stream records into the pipeline's events.

use aws_lambda_events::dynamodb::EventRecord;
use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;
use testamur_pipeline::detect::{Enrollment, detect_certificate, detect_completion};
use testamur_pipeline::model::certificate::RecordFormatError;
use testamur_pipeline::model::events::{
    CertificateGenerated, CourseCompleted, Event, OutgoingEvent,
};
use testamur_pipeline::model::fields::FieldError;
use testamur_pipeline::{CertificateRecord, Rejection};

use super::fields;

/// Returns the event that a change of an item causes, or `None` if it causes none.
///
/// # Errors
/// [`Rejection::Event`] if the new image can't be parsed. The reason names the attribute and never
/// repeats its value.
pub fn parse_change(record: &EventRecord) -> Result<Option<OutgoingEvent>, Rejection> {
    let (before, after) = (&record.change.old_image, &record.change.new_image);
    match item_type(after) {
        Some("Enrollment") => Ok(completion(before, after)?.map(OutgoingEvent::CourseCompleted)),
        Some("Certificate") => {
            Ok(certificate(before, after)?.map(OutgoingEvent::CertificateGenerated))
        }
        _ => Ok(None),
    }
}

fn item_type(image: &Item) -> Option<&str> {
    match image.get("type")? {
        AttributeValue::S(name) => Some(name),
        _ => None,
    }
}

fn completion(before: &Item, after: &Item) -> Result<Option<CourseCompleted>, Rejection> {
    let after =
        enrollment(after).map_err(|error| Rejection::event(CourseCompleted::DETAIL_TYPE, error))?;
    // An unreadable image before the change counts as absent: its completion, if it had one, was
    // rejected and never published.
    let before = enrollment(before).ok();
    Ok(detect_completion(before.as_ref(), &after))
}

fn enrollment(image: &Item) -> Result<Enrollment, FieldError> {
    let mut fields = fields(image.clone());
    Ok(Enrollment {
        user_id: fields.id("userId")?,
        course_id: fields.id("courseId")?,
        enrollment_id: fields.id("enrollmentId")?,
        completion_date: fields.optional_offset_time("completionDate")?,
        locale: fields.optional_string("locale")?,
        details: fields.map("details")?,
        traceparent: fields.trace_parent("traceparent"),
    })
}

fn certificate(before: &Item, after: &Item) -> Result<Option<CertificateGenerated>, Rejection> {
    let after: CertificateRecord = serde_dynamo::from_item(after.clone())
        .map_err(|_| Rejection::event(CertificateGenerated::DETAIL_TYPE, RecordFormatError))?;
    // Only the revision is read, because a record of an earlier version can lack fields that are
    // required today.
    let revision = fields(before.clone()).value("revision").as_ref().and_then(Value::as_u64);
    Ok(detect_certificate(revision.and_then(|revision| u32::try_from(revision).ok()), &after))
}
