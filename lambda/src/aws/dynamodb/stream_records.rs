//! Parsing of the table's stream records into the pipeline's events.

use aws_lambda_events::dynamodb::EventRecord;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value};
use testamur_pipeline::detect::{Enrollment, announce, detect};
use testamur_pipeline::error::without_values;
use testamur_pipeline::model::events::{
    CertificateGenerated, CourseCompleted, Event, OutgoingEvent,
};
use testamur_pipeline::model::trace::{self, TraceParent};
use testamur_pipeline::{CertificateRecord, Rejection};

use super::empty_as_none;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrollmentItem {
    user_id: String,
    course_id: String,
    enrollment_id: String,
    #[serde(default, deserialize_with = "empty_as_none")]
    completion_date: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    locale: Option<String>,
    details: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "trace::lenient")]
    traceparent: Option<TraceParent>,
}

/// The only attribute that is needed of a certificate's old image. An image that an earlier version
/// wrote may lack other attributes of a [`CertificateRecord`].
#[derive(Deserialize)]
struct PreviousRevision {
    revision: u32,
}

/// Returns the event that a change of an item causes, or `None` if it causes none.
///
/// An old image that can't be parsed is treated as absent, because no event was published for it.
///
/// # Errors
/// [`Rejection::Event`] if the new image can't be parsed. The reason names the attribute and never
/// repeats its value.
pub fn parse_change(record: &EventRecord) -> Result<Option<OutgoingEvent>, Rejection> {
    let (before, after) = (&record.change.old_image, &record.change.new_image);
    match kind(after) {
        Some("Enrollment") => {
            let after = enrollment(after)?;
            Ok(detect(enrollment(before).ok().as_ref(), Some(&after))
                .map(OutgoingEvent::CourseCompleted))
        }
        Some("Certificate") => {
            let after: CertificateRecord =
                read(after).map_err(malformed::<CertificateGenerated>)?;
            let before = read::<PreviousRevision>(before).ok().map(|before| before.revision);
            Ok(announce(before, &after).map(OutgoingEvent::CertificateGenerated))
        }
        _ => Ok(None),
    }
}

fn kind(image: &Item) -> Option<&str> {
    match image.get("type")? {
        AttributeValue::S(kind) => Some(kind),
        _ => None,
    }
}

fn enrollment(image: &Item) -> Result<Enrollment, Rejection> {
    let item: EnrollmentItem = read(image).map_err(malformed::<CourseCompleted>)?;
    let date = |text: String| text.parse::<Timestamp>();
    let unreadable = |_| "its completionDate is no time such as 2026-11-23T09:30:00Z".to_owned();
    let completion_date = item.completion_date.map(date).transpose().map_err(unreadable);
    Ok(Enrollment {
        user_id: item.user_id,
        course_id: item.course_id,
        enrollment_id: item.enrollment_id,
        completion_date: completion_date.map_err(malformed::<CourseCompleted>)?,
        locale: item.locale,
        details: item.details.unwrap_or_default(),
        traceparent: item.traceparent,
    })
}

fn read<T: DeserializeOwned>(image: &Item) -> Result<T, String> {
    serde_dynamo::from_item(image.clone())
        .map_err(|e| format!("its image: {}", without_values(&e.to_string())))
}

fn malformed<E: Event>(reason: String) -> Rejection {
    Rejection::Event { kind: E::DETAIL_TYPE, reason }
}
