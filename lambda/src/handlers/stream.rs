//! Batches from the table's stream: the parse_change in each change is published; what failed is
//! named, so that the stream gives it again.
//!
//! The stream resumes at the first change that failed and repeats all after it, so events may be
//! published twice. A change that can't be read goes to the dead letters with its keys and not its
//! image, for the item itself is in the table.

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

/// The life of a function that is fed by the table's stream.
pub struct StreamHandler {
    bus: EventBus,
    dead_letters: DeadLetterQueue,
}

/// A change with its span and the event it is parse_change of.
struct Change<'a> {
    record: &'a EventRecord,
    span: Span,
    event: OutgoingEvent,
}

impl StreamHandler {
    /// Takes dead letters from the environment.
    ///
    /// # Errors
    /// If they are not set.
    pub fn from_environment(sdk: &SdkConfig, bus: EventBus) -> Result<Self, RuntimeError> {
        Ok(Self { bus, dead_letters: DeadLetterQueue::from_environment(sdk)? })
    }

    /// Serves invocations for ever.
    ///
    /// # Errors
    /// If Lambda can't be reached.
    pub async fn run(self) -> Result<(), RuntimeError> {
        let handle = async |event: LambdaEvent<Event>| {
            let span = telemetry::invocation(&event.context);
            let deadline = Deadline::of(&event.context);
            // Boxed, or types nest too deeply for the compiler.
            let answer = self.batch(event, deadline).boxed_local().instrument(span).await;
            telemetry::flush(deadline.answer).await;
            Ok::<_, RuntimeError>(answer)
        };
        lambda_runtime::run(service_fn(handle)).await
    }

    /// Near the deadline all changes count as failed: to publish one twice harms nobody.
    async fn batch(&self, event: LambdaEvent<Event>, deadline: Deadline) -> DynamoDbEventResponse {
        let (records, context) = (&event.payload.records, &event.context);
        let failed = timeout_at(deadline.work, self.handle(records, context)).await;
        let mut answer = DynamoDbEventResponse::default();
        answer.batch_item_failures = failed.unwrap_or_else(|_| {
            warn!("out of time: all changes are to be tried again");
            records.iter().map(failure).collect()
        });
        answer
    }

    /// Publishes the parse_change of changes and gives what failed.
    async fn handle(
        &self,
        records: &[EventRecord],
        context: &Context,
    ) -> Vec<DynamoDbBatchItemFailure> {
        let mut changes = Vec::new();
        let mut unreadable = Vec::new();
        for record in records {
            match read(record, context) {
                Ok(change) => changes.extend(change),
                Err(rejection) => unreadable.push(self.settle(record, Err(rejection))),
            }
        }
        let events: Vec<_> = changes.iter().map(|change| change.event.clone()).collect();
        let outcomes = changes.iter().zip(self.bus.publish(&events).await);
        let published = outcomes.map(|(change, outcome)| {
            self.settle(change.record, outcome).instrument(change.span.clone())
        });
        let (published, unreadable) = tokio::join!(join_all(published), join_all(unreadable));
        published.into_iter().chain(unreadable).flatten().collect()
    }

    /// The failure of a change, if the stream has to give it again.
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
        warn!(reason, "to be tried again");
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

/// The parse_change in a change, in the trace that the change belongs to or else that of the
/// invocation.
fn read<'a>(record: &'a EventRecord, context: &Context) -> Result<Option<Change<'a>>, Error> {
    let Some(mut event) = parse_change(record)? else {
        return Ok(None);
    };
    let own = || context.xray_trace_id.as_deref().and_then(xray::parse);
    let parent = event.traceparent().or_else(own);
    let span = telemetry::message_span(&context.request_id, &record.event_id, parent);
    span.in_scope(|| {
        let trace = telemetry::continued(parent);
        match &mut event {
            OutgoingEvent::CourseCompleted(event) => {
                telemetry::enrollment(&event.enrollment_id);
                event.traceparent = trace;
            }
            OutgoingEvent::CertificateGenerated(event) => {
                telemetry::certificate(event.certificate_id);
                event.traceparent = trace;
            }
        }
    });
    Ok(Some(Change { record, span, event }))
}
