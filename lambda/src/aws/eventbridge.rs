//! The event bus, on EventBridge.
//!
//! Source of the limits: [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use testamur_pipeline::model::events::OutgoingEvent;
use testamur_pipeline::ports::EventPublisher;
use testamur_pipeline::{Error, Rejection, TransientError};

use super::client::reason;
use crate::telemetry::xray;

/// The maximum number of entries in a request.
const MAX_ENTRIES: usize = 10;

/// The maximum size of a request in bytes.
const MAX_BYTES: usize = 256 << 10;

/// The error codes of entries that no retry can publish.
const PERMANENT_CODES: [&str; 2] = ["MalformedDetail", "InvalidArgument"];

/// The event bus of a deployment.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
    source: String,
}

impl EventBus {
    /// Returns the event bus called `name`. Published events have the source `source`.
    #[must_use]
    pub fn new(sdk: &SdkConfig, name: String, source: String) -> Self {
        Self { client: Client::new(sdk), name, source }
    }

    fn entry(&self, event: &OutgoingEvent) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(&self.source)
            .detail_type(event.detail_type())
            .detail(event.detail())
            .set_trace_header(event.traceparent().map(xray::header))
            .build()
    }

    /// Sends one request. Returns one result per entry, in order.
    async fn send(&self, entries: Vec<PutEventsRequestEntry>) -> Vec<Result<(), Error>> {
        let count = entries.len();
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Err(error) => (0..count).map(|_| Err(publish_failure(reason(&error)))).collect(),
            Ok(response) => {
                let mut results: Vec<_> = response.entries().iter().map(result).collect();
                // An entry without a result may not have been published.
                results.resize_with(count, || Err(publish_failure("no result for the entry")));
                results
            }
        }
    }
}

impl EventPublisher for EventBus {
    async fn publish(&self, events: &[OutgoingEvent]) -> Vec<Result<(), Error>> {
        let mut results = Vec::with_capacity(events.len());
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        for event in events {
            let entry = self.entry(event);
            let bytes = size(&entry);
            let is_full = batch.len() == MAX_ENTRIES || batch_bytes + bytes > MAX_BYTES;
            if is_full && !batch.is_empty() {
                results.append(&mut self.send(std::mem::take(&mut batch)).await);
                batch_bytes = 0;
            }
            if bytes > MAX_BYTES {
                results.push(Err(too_large(bytes)));
            } else {
                batch.push(entry);
                batch_bytes += bytes;
            }
        }
        if !batch.is_empty() {
            results.append(&mut self.send(batch).await);
        }
        results
    }
}

/// Returns the size of an entry as EventBridge counts it, for an entry without a time and
/// resources.
fn size(entry: &PutEventsRequestEntry) -> usize {
    [entry.source(), entry.detail_type(), entry.detail()].into_iter().flatten().map(str::len).sum()
}

fn result(entry: &PutEventsResultEntry) -> Result<(), Error> {
    match entry.error_code() {
        None => Ok(()),
        Some(code) if PERMANENT_CODES.contains(&code) => {
            Err(Rejection::Unpublishable(code.to_owned()).into())
        }
        Some(code) => Err(publish_failure(code)),
    }
}

fn publish_failure(reason: impl Into<String>) -> Error {
    TransientError::new("can't publish an event", reason.into()).into()
}

fn too_large(bytes: usize) -> Error {
    Rejection::Unpublishable(format!("it has {bytes} bytes, more than {MAX_BYTES}")).into()
}
