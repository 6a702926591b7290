//! Delivery of a table's stream to a function by the rules of AWS, which the emulator's own event
//! source mapping does not implement.
//!
//! If a function reports failures, the next batch begins at the lowest reported sequence number. If
//! a function returns an error, crashes or times out, the same batch is delivered again. No record
//! is delivered before an earlier one that failed. The maximum age, the maximum number of attempts
//! and the bisection of batches are not emulated.

use serde_json::{Value, json};

use super::api::EmulatorApi;
use super::events::stream_event;
use super::function::{Function, InvocationOutcome};

/// The maximum number of records in a batch.
const BATCH_SIZE: usize = 100;

/// Reads a stream and delivers its records in order.
pub struct StreamPoller {
    api: EmulatorApi,
    stream: String,
    iterator: String,
    records: Vec<Value>,
    /// The number of records that are done.
    position: usize,
    filter: fn(&Value) -> bool,
}

/// A batch that was delivered to a function.
#[derive(Debug)]
pub struct DeliveredBatch {
    /// The sequence numbers of its records, in order.
    pub sequence_numbers: Vec<String>,
    /// The outcome of the invocation.
    pub outcome: InvocationOutcome,
    /// How many records are done, counted from the first one. The others will be delivered again.
    pub completed: usize,
}

impl StreamPoller {
    /// Returns a poller that starts at the oldest record and has the filter of the template.
    pub async fn new(endpoint: &str, stream: &str) -> Self {
        let api = EmulatorApi::new(endpoint);
        let description =
            api.call("dynamodb", &target("DescribeStream"), &json!({ "StreamArn": stream })).await;
        // The emulator's streams have one shard.
        let shard = &description["StreamDescription"]["Shards"][0]["ShardId"];
        let request =
            json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let response = api.call("dynamodb", &target("GetShardIterator"), &request).await;
        Self {
            iterator: response["ShardIterator"].as_str().expect("an iterator").to_owned(),
            api,
            stream: stream.to_owned(),
            records: Vec::new(),
            position: 0,
            filter: matches_template_filter,
        }
    }

    /// Removes the filter, so that every change is delivered.
    #[must_use]
    pub fn unfiltered(self) -> Self {
        Self { filter: |_| true, ..self }
    }

    /// Delivers one batch. Returns `None` if no record is left.
    pub async fn deliver(&mut self, function: &mut Function) -> Option<DeliveredBatch> {
        self.read().await;
        let end = self.records.len().min(self.position + BATCH_SIZE);
        let batch = &self.records[self.position..end];
        if batch.is_empty() {
            return None;
        }
        let outcome = function.invoke(&stream_event(&self.stream, batch)).await;
        let sequence_numbers: Vec<_> =
            batch.iter().map(|record| sequence_number(record).to_owned()).collect();
        let completed = completed(&sequence_numbers, &outcome);
        self.position += completed;
        Some(DeliveredBatch { sequence_numbers, outcome, completed })
    }

    /// Delivers batches until no record is left, at most `max_batches`.
    pub async fn deliver_all(
        &mut self,
        function: &mut Function,
        max_batches: usize,
    ) -> Vec<DeliveredBatch> {
        let mut delivered = Vec::new();
        while delivered.len() < max_batches
            && let Some(batch) = self.deliver(function).await
        {
            delivered.push(batch);
        }
        delivered
    }

    /// Reads all new records.
    async fn read(&mut self) {
        loop {
            let request = json!({ "ShardIterator": self.iterator });
            let mut response = self.api.call("dynamodb", &target("GetRecords"), &request).await;
            if let Some(next) = response["NextShardIterator"].as_str() {
                next.clone_into(&mut self.iterator);
            }
            let Value::Array(records) = response["Records"].take() else { return };
            if records.is_empty() {
                return;
            }
            self.records.extend(records.into_iter().filter(self.filter));
        }
    }
}

/// Returns how many records are done, counted from the first one. A reported id that is not in the
/// batch fails the whole batch.
fn completed(sequence_numbers: &[String], outcome: &InvocationOutcome) -> usize {
    let InvocationOutcome::Response(response) = outcome else { return 0 };
    let failures = response["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let position = |failure: &Value| {
        let id = failure["itemIdentifier"].as_str();
        sequence_numbers.iter().position(|number| id == Some(number)).unwrap_or(0)
    };
    failures.iter().map(position).min().unwrap_or(sequence_numbers.len())
}

/// Returns whether a record passes the filter of the template's event source mapping: an enrollment
/// whose completion date changes from absent to present, or a certificate that is created or
/// changed.
fn matches_template_filter(record: &Value) -> bool {
    let (old, new) = (&record["dynamodb"]["OldImage"], &record["dynamodb"]["NewImage"]);
    let has_date =
        |image: &Value| !image["completionDate"]["S"].as_str().unwrap_or_default().is_empty();
    match new["type"]["S"].as_str() {
        Some("Enrollment") => has_date(new) && !has_date(old),
        Some("Certificate") => record["eventName"] != "REMOVE",
        _ => false,
    }
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().expect("every record has a sequence number")
}

fn target(action: &str) -> String {
    format!("DynamoDBStreams_20120810.{action}")
}
