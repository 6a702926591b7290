//! The events with which AWS invokes the functions.

use serde_json::{Value, json};

use super::{ACCOUNT, REGION};
use crate::repository;

/// The example event of a function, from `lambda/events`, for an enrollment and a certificate of its own.
#[must_use]
pub fn example_event(function: &str, enrollment: &str) -> Value {
    let path = repository().join(format!("lambda/events/{function}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let certificate =
        testamur_pipeline::testing::contract::record(enrollment).certificate_id.to_string();
    let text = text
        .replace("e-example", enrollment)
        .replace("0d9c8f1e-5a7b-8c3d-9e2f-000000000001", &certificate);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A batch of messages of a queue, each an id, how often it was received, and a body.
#[must_use]
pub fn queue_event<'a>(
    queue: &str,
    messages: impl IntoIterator<Item = (&'a str, u32, String)>,
) -> Value {
    let record = |(id, receives, body): (&str, u32, String)| {
        json!({
            "messageId": id,
            "receiptHandle": format!("receipt-{id}"),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": receives.to_string(),
                "SentTimestamp": "1795183401000",
                "SenderId": ACCOUNT,
                "ApproximateFirstReceiveTimestamp": "1795183401001",
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
            "awsRegion": REGION,
        })
    };
    json!({ "Records": Vec::from_iter(messages.into_iter().map(record)) })
}

/// A batch of records of a table's stream, as they are read from it.
#[must_use]
pub(super) fn stream_event(stream: &str, records: &[Value]) -> Value {
    let records = records.iter().map(|record| {
        let mut record = record.clone();
        record["eventSourceARN"] = json!(stream);
        record
    });
    json!({ "Records": Vec::from_iter(records) })
}
