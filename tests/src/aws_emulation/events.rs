//! The events with which Lambda invokes the functions.

use serde_json::{Value, json};
use testamur_pipeline::testing::contract;

use super::{ACCOUNT, REGION};
use crate::repository;

/// A message that SQS delivers to a function.
#[derive(Clone, Debug)]
pub struct QueueMessage {
    /// The message id.
    pub id: String,
    /// How often the message was received, this time included.
    pub receive_count: u32,
    /// The body.
    pub body: String,
}

impl QueueMessage {
    /// Returns a message that is received for the first time.
    pub fn new(id: impl Into<String>, body: impl Into<String>) -> Self {
        Self { id: id.into(), receive_count: 1, body: body.into() }
    }

    /// Returns the message as received for the `receive_count`th time.
    #[must_use]
    pub fn received(self, receive_count: u32) -> Self {
        Self { receive_count, ..self }
    }
}

/// Returns the example event of a function from `lambda/events`, with the ids of `enrollment` and
/// of its certificate in place of those of the example.
#[must_use]
pub fn example_event(function: &str, enrollment: &str) -> Value {
    let path = repository().join(format!("lambda/events/{function}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let certificate = contract::record(enrollment).certificate_id.to_string();
    let text = text
        .replace("e-example", enrollment)
        .replace("0d9c8f1e-5a7b-8c3d-9e2f-000000000001", &certificate);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns the event for a batch of messages of a queue.
#[must_use]
pub fn queue_event(messages: impl IntoIterator<Item = QueueMessage>) -> Value {
    let record = |message: QueueMessage| {
        json!({
            "messageId": message.id,
            "receiptHandle": format!("receipt-{}", message.id),
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": message.receive_count.to_string(),
                "SentTimestamp": "1795183401000",
                "SenderId": ACCOUNT,
                "ApproximateFirstReceiveTimestamp": "1795183401001",
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:queue"),
            "awsRegion": REGION,
        })
    };
    json!({ "Records": Vec::from_iter(messages.into_iter().map(record)) })
}

/// Returns the event for a batch of records that were read from a table's stream.
#[must_use]
pub(super) fn stream_event(stream: &str, records: &[Value]) -> Value {
    let records = records.iter().map(|record| {
        let mut record = record.clone();
        record["eventSourceARN"] = json!(stream);
        record
    });
    json!({ "Records": Vec::from_iter(records) })
}
