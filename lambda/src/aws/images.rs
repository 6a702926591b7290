//! Changes of the table as its stream tells them, and the news in each.

use aws_lambda_events::dynamodb::EventRecord;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value};
use testamur_pipeline::detect::{Enrollment, announce, detect};
use testamur_pipeline::events::{CourseCompleted, Event, Outgoing};
use testamur_pipeline::trace::{self, TraceParent};
use testamur_pipeline::{Record, Rejection};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrollmentItem {
    user_id: String,
    course_id: String,
    enrollment_id: String,
    completion_date: Option<String>,
    locale: Option<String>,
    #[serde(default)]
    details: Map<String, Value>,
    #[serde(default, deserialize_with = "trace::lenient")]
    traceparent: Option<TraceParent>,
}

/// The news in a change, if there is any.
///
/// An image before the change that can't be read counts as none: it was never news.
///
/// # Errors
/// [`Rejection::Event`] if the image after it can't be read. It says which attribute is wrong, and repeats no value.
pub fn news(record: &EventRecord) -> Result<Option<Outgoing>, Rejection> {
    let (before, after) = (&record.change.old_image, &record.change.new_image);
    match kind(after) {
        Some("Enrollment") => {
            let after = enrollment(after)?;
            Ok(detect(enrollment(before).ok().as_ref(), Some(&after)).map(Outgoing::CourseCompleted))
        }
        Some("Certificate") => {
            let after: Record = read(after)?;
            Ok(announce(read(before).ok().as_ref(), Some(&after)).map(Outgoing::CertificateGenerated))
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
    let item: EnrollmentItem = read(image)?;
    let date = |text: String| text.parse::<Timestamp>();
    let completion_date = item.completion_date.filter(|text| !text.is_empty()).map(date).transpose();
    let unreadable = "its completionDate is no time such as 2026-11-23T09:30:00Z";
    Ok(Enrollment {
        user_id: item.user_id,
        course_id: item.course_id,
        enrollment_id: item.enrollment_id,
        completion_date: completion_date.map_err(|_| malformed(unreadable))?,
        locale: item.locale,
        details: item.details,
        traceparent: item.traceparent,
    })
}

fn read<T: DeserializeOwned>(image: &Item) -> Result<T, Rejection> {
    serde_dynamo::from_item(image.clone()).map_err(|e| malformed(&format!("its image: {e}")))
}

fn malformed(reason: &str) -> Rejection {
    Rejection::Event { kind: CourseCompleted::DETAIL_TYPE, reason: reason.to_owned() }
}
