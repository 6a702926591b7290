//! Batches from SQS: each message ends as done, as a retry, or as a dead letter with its reason,
//! and one never harms another.
//!
//! What a message asks for is the function's business. Nobody logs a body: it holds what learners
//! typed.

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

/// How many messages are worked on at a time: enough to draw one certificate while others are being
/// stored.
const CONCURRENCY: usize = 4;

/// The life of a function that is fed by a queue.
pub struct SqsHandler {
    dead_letters: DeadLetterQueue,
    /// How often a message is received before the queue gives it up.
    max_receives: u32,
}

impl SqsHandler {
    /// Takes dead letters and the number of receives from the environment.
    ///
    /// # Errors
    /// If one is missing or can't be used.
    pub fn from_environment(sdk: &aws_config::SdkConfig) -> Result<Self, RuntimeError> {
        let max_receives = config::parsed("TESTAMUR_MAX_RECEIVES")?;
        Ok(Self { dead_letters: DeadLetterQueue::from_environment(sdk)?, max_receives })
    }

    /// Serves invocations for ever; `work` is given the body of each message.
    ///
    /// # Errors
    /// If Lambda can't be reached.
    pub async fn run(
        self,
        work: impl AsyncFn(&str) -> Result<(), Error>,
    ) -> Result<(), RuntimeError> {
        let handle = async |event: LambdaEvent<SqsEvent>| {
            let span = telemetry::invocation(&event.context);
            let deadline = Deadline::of(&event.context);
            // Boxed, or types nest too deeply for the compiler.
            let answer = self.batch(event, deadline, &work).boxed_local().instrument(span).await;
            telemetry::flush(deadline.answer).await;
            Ok::<_, RuntimeError>(answer)
        };
        lambda_runtime::run(service_fn(handle)).await
    }

    async fn batch(
        &self,
        event: LambdaEvent<SqsEvent>,
        deadline: Deadline,
        work: &impl AsyncFn(&str) -> Result<(), Error>,
    ) -> SqsBatchResponse {
        let request_id = &event.context.request_id;
        let messages = stream::iter(&event.payload.records);
        let failed: Vec<_> = messages
            .map(|message| async move {
                let span = span(request_id, message);
                let done = self.message(message, deadline, work).instrument(span).await;
                (!done).then(|| message.message_id.clone().unwrap_or_default())
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failed.into_iter().flatten().map(failure).collect();
        answer
    }

    /// Whether a message is done with; otherwise the queue gives it again.
    async fn message(
        &self,
        message: &SqsMessage,
        deadline: Deadline,
        work: &impl AsyncFn(&str) -> Result<(), Error>,
    ) -> bool {
        let body = message.body.as_deref().unwrap_or_default();
        let result = attempt(body, deadline, work).await;
        match Disposition::of(result, receives(message), self.max_receives) {
            Disposition::Done(()) => true,
            Disposition::Retry { reason } => {
                warn!(reason, receives = receives(message), "to be tried again");
                false
            }
            Disposition::DeadLetter { code, reason } => {
                let moved = self.move_to_dead_letters(body, code, &reason);
                timeout_at(deadline.answer, moved).await.unwrap_or(false)
            }
        }
    }

    /// If the dead-letter queue does not answer, the message returns to its queue, whose redrive
    /// policy moves it eventually.
    async fn move_to_dead_letters(&self, body: &str, code: &str, reason: &str) -> bool {
        match self.dead_letters.send(DeadLetter { body, code, reason }).await {
            Ok(()) => true,
            Err(error) => {
                warn!(code, reason, error = chain(&error), "to be tried again");
                false
            }
        }
    }
}

/// Works on a message, until the deadline is near. A panic harms no other message; its text stays
/// untold.
async fn attempt(
    body: &str,
    deadline: Deadline,
    work: &impl AsyncFn(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let late =
        || Error::from(TransientError::new("out of time", "the function's deadline is near"));
    if Instant::now() >= deadline.start {
        return Err(late());
    }
    match timeout_at(deadline.work, AssertUnwindSafe(work(body)).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => {
            metrics::rejected(PANICKED);
            Err(TransientError::new("can't handle the message", "the program panicked").into())
        }
        Err(_) => {
            metrics::rejected(OUT_OF_TIME);
            Err(late())
        }
    }
}

fn span(request_id: &str, message: &SqsMessage) -> tracing::Span {
    let trace = message.body.as_deref().and_then(telemetry::trace_of);
    telemetry::message_span(request_id, message.message_id.as_deref().unwrap_or_default(), trace)
}

fn receives(message: &SqsMessage) -> u32 {
    message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
}

fn failure(item_identifier: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = item_identifier;
    failure
}
