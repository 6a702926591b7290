//! The event bus. Source of its limits: [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use testamur_pipeline::model::events::OutgoingEvent;
use testamur_pipeline::ports::EventPublisher;
use testamur_pipeline::{Error, Rejection, TransientError};

use super::client::reason;
use crate::telemetry::xray;

/// The most entries of one request.
const MAX_ENTRIES: usize = 10;

/// The most bytes of one request.
const MAX_BYTES: usize = 256 << 10;

/// The codes of entries that no repetition mends.
const FINAL: [&str; 2] = ["MalformedDetail", "InvalidArgument"];

/// The bus of a deployment.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
    source: String,
}

impl EventBus {
    /// Takes the name of the bus, and the source that events have on it.
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

    /// Sends one request; each entry has an outcome of its own.
    async fn send(&self, entries: Vec<PutEventsRequestEntry>) -> Vec<Result<(), Error>> {
        let count = entries.len();
        let failed =
            |reason: String| Error::from(TransientError::new("can't publish an event", reason));
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Err(error) => (0..count).map(|_| Err(failed(reason(&error)))).collect(),
            Ok(answer) => {
                let outcomes = answer.entries().iter().map(outcome);
                // An entry without an outcome may not have been published.
                let missing = (answer.entries().len()..count)
                    .map(|_| Err(failed("no answer for it".to_owned())));
                outcomes.chain(missing).collect()
            }
        }
    }
}

impl EventPublisher for EventBus {
    async fn publish(&self, events: &[OutgoingEvent]) -> Vec<Result<(), Error>> {
        let mut outcomes = Vec::with_capacity(events.len());
        let mut waiting = Vec::new();
        let mut bytes = 0;
        for event in events {
            let entry = self.entry(event);
            let size = size(&entry);
            if !waiting.is_empty() && (waiting.len() == MAX_ENTRIES || bytes + size > MAX_BYTES) {
                outcomes.append(&mut self.send(std::mem::take(&mut waiting)).await);
                bytes = 0;
            }
            if size > MAX_BYTES {
                outcomes.push(Err(too_large(size)));
            } else {
                waiting.push(entry);
                bytes += size;
            }
        }
        if !waiting.is_empty() {
            outcomes.append(&mut self.send(waiting).await);
        }
        outcomes
    }
}

/// The size that counts: that of the texts.
fn size(entry: &PutEventsRequestEntry) -> usize {
    [entry.source(), entry.detail_type(), entry.detail()].into_iter().flatten().map(str::len).sum()
}

fn too_large(size: usize) -> Error {
    Rejection::Unpublishable(format!("it has {size} bytes, more than {MAX_BYTES}")).into()
}

fn outcome(entry: &PutEventsResultEntry) -> Result<(), Error> {
    let Some(code) = entry.error_code() else {
        return Ok(());
    };
    let reason = code.to_owned();
    Err(if FINAL.contains(&code) {
        Rejection::Unpublishable(reason).into()
    } else {
        TransientError::new("can't publish an event", reason).into()
    })
}
