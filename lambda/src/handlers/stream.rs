//! Handling of batches of records of the table's stream.
//!
//! The event that a record causes, if any, is published. If publishing fails, the record is
//! reported as failed and the stream delivers it again. The stream resumes at the first failed
//! record and repeats all records after it, so an event may be published more than once.
//!
//! A record that can't be parsed becomes a dead letter that contains the item's keys only. The item
//! itself is in the table, and a dead letter need not repeat personal data.

use aws_config::SdkConfig;
use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::FutureExt;
use futures_util::future::join_all;
use lambda_runtime::{Context, Error as RuntimeError, LambdaEvent, service_fn};
use serde_json::json;
use testamur_pipeline::error::chain;
use testamur_pipeline::model::events::OutgoingEvent;
use testamur_pipeline::ports::EventPublisher;
use testamur_pipeline::{Disposition, Error, TransientError};
use tokio::time::timeout_at;
use tracing::{Instrument, Span, info, warn};

use crate::aws::{DeadLetter, DeadLetterQueue, EventBus, parse_change};
use crate::deadline::Deadline;
use crate::telemetry::{self, xray};

/// The stream itself limits how often a record is delivered, so the handler always asks for another
/// delivery.
const UNLIMITED: u32 = u32::MAX;

/// Handles the invocations of a function that the table's stream triggers.
pub struct StreamHandler {
    bus: EventBus,
    dead_letters: DeadLetterQueue,
}

/// A stream record that causes an event.
struct Change<'a> {
    record: &'a EventRecord,
    span: Span,
    event: OutgoingEvent,
}

impl StreamHandler {
    /// Reads the dead-letter queue from the environment variable `TESTAMUR_DEAD_LETTERS`.
    ///
    /// # Errors
    /// [`crate::config::ConfigError::Missing`] if the variable is not set.
    pub fn from_environment(sdk: &SdkConfig, bus: EventBus) -> Result<Self, RuntimeError> {
        Ok(Self { bus, dead_letters: DeadLetterQueue::from_environment(sdk)? })
    }

    /// Handles invocations until Lambda ends the process.
    ///
    /// # Errors
    /// If Lambda's Runtime API can't be reached.
    pub async fn run(self) -> Result<(), RuntimeError> {
        let invoke = async |event: LambdaEvent<Event>| {
            let span = telemetry::invocation_span(&event.context);
            let deadline = Deadline::new(&event.context);
            // Boxed, because the compiler can't handle the deeply nested type of the future.
            let response = self.batch(event, deadline).boxed_local().instrument(span).await;
            telemetry::flush(deadline.respond_by).await;
            Ok::<_, RuntimeError>(response)
        };
        lambda_runtime::run(service_fn(invoke)).await
    }

    async fn batch(&self, event: LambdaEvent<Event>, deadline: Deadline) -> DynamoDbEventResponse {
        let (records, context) = (&event.payload.records, &event.context);
        let failures = timeout_at(deadline.finish_by, self.handle(records, context)).await;
        let mut response = DynamoDbEventResponse::default();
        response.batch_item_failures = failures.unwrap_or_else(|_| {
            // Which records are done is unknown here. Publishing an event twice is harmless.
            warn!("out of time: all records will be retried");
            records.iter().map(failure).collect()
        });
        response
    }

    /// Publishes the events that records cause. Returns the records that failed.
    async fn handle(
        &self,
        records: &[EventRecord],
        context: &Context,
    ) -> Vec<DynamoDbBatchItemFailure> {
        let mut changes = Vec::new();
        let mut malformed = Vec::new();
        for record in records {
            match change(record, context) {
                Ok(change) => changes.extend(change),
                Err(rejection) => malformed.push(self.settle(record, Err(rejection))),
            }
        }
        let events: Vec<_> = changes.iter().map(|change| change.event.clone()).collect();
        let outcomes = changes.iter().zip(self.bus.publish(&events).await);
        let published = outcomes.map(|(change, outcome)| {
            self.settle(change.record, outcome).instrument(change.span.clone())
        });
        let (published, malformed) = tokio::join!(join_all(published), join_all(malformed));
        published.into_iter().chain(malformed).flatten().collect()
    }

    /// Returns the failure to report for a record, or `None` if the record is done.
    async fn settle(
        &self,
        record: &EventRecord,
        outcome: Result<(), Error>,
    ) -> Option<DynamoDbBatchItemFailure> {
        let reason = match Disposition::of(outcome, 1, UNLIMITED) {
            Disposition::Done(()) => {
                info!("published");
                return None;
            }
            Disposition::Retry { reason } => reason,
            Disposition::DeadLetter { code, reason } => {
                chain(&self.move_to_dead_letters(record, code, &reason).await.err()?)
            }
        };
        warn!(reason, "will be retried");
        Some(failure(record))
    }

    async fn move_to_dead_letters(
        &self,
        record: &EventRecord,
        code: &str,
        reason: &str,
    ) -> Result<(), TransientError> {
        let body = json!({
            "eventId": record.event_id,
            "sequenceNumber": record.change.sequence_number,
            "keys": record.change.keys,
        });
        self.dead_letters.send(DeadLetter { body: &body.to_string(), code, reason }).await
    }
}

fn failure(record: &EventRecord) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = record.change.sequence_number.clone();
    failure
}

/// Returns the event that a record causes, if any. Its span belongs to the trace of the item, or
/// else to that of the invocation.
fn change<'a>(record: &'a EventRecord, context: &Context) -> Result<Option<Change<'a>>, Error> {
    let Some(mut event) = parse_change(record)? else {
        return Ok(None);
    };
    let invocation_trace = || context.xray_trace_id.as_deref().and_then(xray::parse);
    let parent = event.traceparent().or_else(invocation_trace);
    let span = telemetry::message_span(&context.request_id, &record.event_id, parent);
    span.in_scope(|| {
        let trace = telemetry::outgoing_trace(parent);
        match &mut event {
            OutgoingEvent::CourseCompleted(event) => {
                telemetry::record_enrollment(&event.enrollment_id);
                event.traceparent = trace;
            }
            OutgoingEvent::CertificateGenerated(event) => {
                telemetry::record_certificate(event.certificate_id);
                event.traceparent = trace;
            }
        }
    });
    Ok(Some(Change { record, span, event }))
}
