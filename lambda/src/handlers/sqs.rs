//! Handling of batches of SQS messages.
//!
//! Each message is done, is retried later, or becomes a dead letter with the reason. A message that
//! fails does not affect the others. Bodies are never logged, because they contain personal data.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, StreamExt, stream};
use lambda_runtime::{Error as RuntimeError, LambdaEvent, service_fn};
use testamur_pipeline::disposition::{OUT_OF_TIME, PANICKED};
use testamur_pipeline::error::chain;
use testamur_pipeline::{Disposition, Error, TransientError};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, warn};

use crate::aws::{DeadLetter, DeadLetterQueue};
use crate::config;
use crate::deadline::Deadline;
use crate::telemetry::{self, metrics};

/// The number of messages that are handled at a time. One processor lays out a certificate while
/// the others wait for AWS.
const CONCURRENCY: usize = 4;

/// Handles the invocations of a function that an SQS queue triggers.
pub struct SqsHandler {
    dead_letters: DeadLetterQueue,
    /// The `maxReceiveCount` of the queue's redrive policy. A message that fails at its last
    /// receive becomes a dead letter with a reason, which the redrive policy could not add.
    max_receives: u32,
}

impl SqsHandler {
    /// Reads the dead-letter queue and the maximum number of receives from the environment
    /// variables `TESTAMUR_DEAD_LETTERS` and `TESTAMUR_MAX_RECEIVES`.
    ///
    /// # Errors
    /// [`config::ConfigError`] if a variable is missing or invalid.
    pub fn from_environment(sdk: &aws_config::SdkConfig) -> Result<Self, RuntimeError> {
        let max_receives = config::parsed("TESTAMUR_MAX_RECEIVES")?;
        Ok(Self { dead_letters: DeadLetterQueue::from_environment(sdk)?, max_receives })
    }

    /// Handles invocations until Lambda ends the process. `handle` is called with the body of each
    /// message, concurrently for messages of one batch.
    ///
    /// # Errors
    /// If Lambda's Runtime API can't be reached.
    pub async fn run(
        self,
        handle: impl AsyncFn(&str) -> Result<(), Error>,
    ) -> Result<(), RuntimeError> {
        let invoke = async |event: LambdaEvent<SqsEvent>| {
            let span = telemetry::invocation_span(&event.context);
            let deadline = Deadline::new(&event.context);
            // Boxed, because the compiler can't handle the deeply nested type of the future.
            let response =
                self.batch(event, deadline, &handle).boxed_local().instrument(span).await;
            telemetry::flush(deadline.respond_by).await;
            Ok::<_, RuntimeError>(response)
        };
        lambda_runtime::run(service_fn(invoke)).await
    }

    async fn batch(
        &self,
        event: LambdaEvent<SqsEvent>,
        deadline: Deadline,
        handle: &impl AsyncFn(&str) -> Result<(), Error>,
    ) -> SqsBatchResponse {
        let request_id = &event.context.request_id;
        let failures: Vec<_> = stream::iter(&event.payload.records)
            .map(|message| async move {
                let span = span(request_id, message);
                let done = self.message(message, deadline, handle).instrument(span).await;
                (!done).then(|| failure(message))
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures.into_iter().flatten().collect();
        response
    }

    /// Returns whether a message is done. A message that is not done returns to its queue.
    async fn message(
        &self,
        message: &SqsMessage,
        deadline: Deadline,
        handle: &impl AsyncFn(&str) -> Result<(), Error>,
    ) -> bool {
        let body = message.body.as_deref().unwrap_or_default();
        let result = attempt(body, deadline, handle).await;
        match Disposition::of(result, receives(message), self.max_receives) {
            Disposition::Done(()) => true,
            Disposition::Retry { reason } => {
                warn!(reason, receives = receives(message), "will be retried");
                false
            }
            Disposition::DeadLetter { code, reason } => {
                let moved = self.move_to_dead_letters(body, code, &reason);
                timeout_at(deadline.respond_by, moved).await.unwrap_or(false)
            }
        }
    }

    /// Returns whether the dead letter is stored. If the dead-letter queue is unreachable, the
    /// message returns to its queue, and the redrive policy moves it eventually.
    async fn move_to_dead_letters(&self, body: &str, code: &str, reason: &str) -> bool {
        match self.dead_letters.send(DeadLetter { body, code, reason }).await {
            Ok(()) => true,
            Err(error) => {
                warn!(code, reason, error = chain(&error), "will be retried");
                false
            }
        }
    }
}

/// Handles a message until the deadline.
///
/// A panic is caught, so that it does not affect the other messages. Its text is dropped, because
/// it may quote a learner's data; the panic hook has logged its location.
async fn attempt(
    body: &str,
    deadline: Deadline,
    handle: &impl AsyncFn(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    if Instant::now() >= deadline.start_by {
        return Err(out_of_time());
    }
    match timeout_at(deadline.finish_by, AssertUnwindSafe(handle(body)).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            metrics::dead_letter(PANICKED);
            Err(TransientError::new("can't handle the message", "the program panicked").into())
        }
        Err(_) => {
            metrics::dead_letter(OUT_OF_TIME);
            Err(out_of_time())
        }
    }
}

fn out_of_time() -> Error {
    TransientError::new("out of time", "the function's deadline is near").into()
}

fn span(request_id: &str, message: &SqsMessage) -> tracing::Span {
    let trace = message.body.as_deref().and_then(telemetry::incoming_trace);
    telemetry::message_span(request_id, message.message_id.as_deref().unwrap_or_default(), trace)
}

fn receives(message: &SqsMessage) -> u32 {
    message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
}

fn failure(message: &SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone().unwrap_or_default();
    failure
}
