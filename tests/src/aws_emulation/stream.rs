//! A table's stream, handed to a function by AWS's rules, which the emulator's own mapping does not keep.
//!
//! A function that reports failures gets everything from the lowest reported sequence number again; one that fails as a whole,
//! dies or is too slow gets the whole batch again. Nothing after a failure is handed over before it. Ages,
//! numbers of retries and halved batches are left out: a test stops asking when it likes.

use serde_json::{Value, json};

use super::events::stream_event;
use super::function::{Answer, Function};
use super::http::Cloud;

/// How many records are handed over at a time.
const BATCH: usize = 100;

/// The reader of one stream, and how far it is.
pub struct StreamPoller {
    cloud: Cloud,
    stream: String,
    iterator: String,
    records: Vec<Value>,
    done: usize,
    wanted: fn(&Value) -> bool,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Turn {
    /// The sequence numbers that the function got, in order.
    pub handed: Vec<String>,
    /// What it said.
    pub answer: Answer,
    /// How many of them are done with.
    pub done: usize,
}

impl StreamPoller {
    /// Reads a stream from its beginning, filtered as the template's mapping filters.
    pub async fn new(endpoint: &str, stream: &str) -> Self {
        let cloud = Cloud::at(endpoint);
        let about = cloud
            .call("dynamodb", &target("DescribeStream"), &json!({ "StreamArn": stream }))
            .await;
        // The emulator's streams have one shard.
        let shard = &about["StreamDescription"]["Shards"][0]["ShardId"];
        let from =
            json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let found = cloud.call("dynamodb", &target("GetShardIterator"), &from).await;
        let iterator = found["ShardIterator"].as_str().expect("a shard can be read").to_owned();
        let stream = stream.to_owned();
        Self { cloud, stream, iterator, records: Vec::new(), done: 0, wanted }
    }

    /// Without the mapping's filter: a function must know itself what to leave alone.
    #[must_use]
    pub fn unfiltered(self) -> Self {
        Self { wanted: |_| true, ..self }
    }

    /// Hands over one batch, if there are records.
    pub async fn turn(&mut self, function: &mut Function) -> Option<Turn> {
        self.read().await;
        let batch = &self.records[self.done..self.records.len().min(self.done + BATCH)];
        if batch.is_empty() {
            return None;
        }
        let answer = function.invoke(&stream_event(&self.stream, batch)).await;
        let handed: Vec<_> =
            batch.iter().map(|record| sequence_number(record).to_owned()).collect();
        let done = done(&handed, &answer);
        self.done += done;
        Some(Turn { handed, answer, done })
    }

    /// Hands over batches until nothing is left, at most so many times.
    pub async fn drain(&mut self, function: &mut Function, turns: usize) -> Vec<Turn> {
        let mut taken = Vec::new();
        while taken.len() < turns
            && let Some(turn) = self.turn(function).await
        {
            taken.push(turn);
        }
        taken
    }

    async fn read(&mut self) {
        loop {
            let from = json!({ "ShardIterator": self.iterator });
            let mut found = self.cloud.call("dynamodb", &target("GetRecords"), &from).await;
            if let Some(next) = found["NextShardIterator"].as_str() {
                next.clone_into(&mut self.iterator);
            }
            let Value::Array(records) = found["Records"].take() else { return };
            if records.is_empty() {
                return;
            }
            self.records.extend(records.into_iter().filter(self.wanted));
        }
    }
}

/// How many records from the first on are done with. An id that is none of the batch fails all of it.
fn done(handed: &[String], answer: &Answer) -> usize {
    let Answer::Answered(said) = answer else { return 0 };
    let failures = said["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let position = |failure: &Value| {
        let id = failure["itemIdentifier"].as_str();
        handed.iter().position(|number| id == Some(number)).unwrap_or(0)
    };
    failures.iter().map(position).min().unwrap_or(handed.len())
}

/// The filter of the template's mapping: a completion that was not there before, or a certificate that is new or changed.
fn wanted(record: &Value) -> bool {
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
