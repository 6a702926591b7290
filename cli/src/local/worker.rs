//! Handles the messages of the queue until it is empty. Each message ends as done, as a retry, or
//! as a dead letter with a reason.

use std::pin::pin;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use testamur_engine::JsonError;
use testamur_pipeline::disposition::CRASHED;
use testamur_pipeline::model::events::{self, Event};
use testamur_pipeline::{
    CertificateRecord, CourseCompleted, Disposition, Error, IssueOutcome, NotifyOutcome, Rejection,
    TransientError,
};

use super::progress::Progress;
use crate::args::Cli;
use crate::assets;
use crate::error::CliError;
use crate::local::deployment::LocalDeployment;
use crate::local::event_file::NOT_UTF8;
use crate::local::{EventKind, MAX_ATTEMPTS, Message, Queue};

/// The delay before the second attempt. Each further delay is four times as long.
const BACKOFF: Duration = Duration::from_millis(250);

/// The result of handling one message.
pub(super) enum Outcome {
    Issued(CertificateRecord),
    AlreadyIssued(CertificateRecord),
    EmailSent,
    EmailAlreadySent,
    NoAddress,
    Suppressed,
    Retry { reason: String },
    DeadLettered { code: &'static str, reason: String },
}

/// Adds messages with `put`, then handles messages until the queue is empty, and prints each
/// outcome and the totals.
pub(crate) fn run(
    cli: &Cli,
    deployment: &LocalDeployment,
    put: impl AsyncFnOnce(&Queue) -> Result<(), TransientError>,
) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    runtime.map_err(CliError::Runtime)?.block_on(async {
        put(&deployment.queue).await?;
        let mut progress = Progress::new(cli, deployment.queue.completions().await?.into());
        drain(deployment, &mut progress).await?;
        Ok(progress.finish())
    })
}

/// Waits for one operation on the database.
pub(crate) fn block_on<T>(
    operation: impl Future<Output = Result<T, TransientError>>,
) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    Ok(runtime.map_err(CliError::Runtime)?.block_on(operation)?)
}

async fn drain(
    deployment: &LocalDeployment,
    progress: &mut Progress,
) -> Result<(), TransientError> {
    let workers = available_parallelism().map_or(1, usize::from);
    loop {
        // A message is received only when a worker is free, because receiving it counts as an
        // attempt.
        let messages = stream::unfold(&deployment.queue, async |queue| {
            Some((queue.receive().await.transpose()?, queue))
        });
        let handled = messages.map(|message| async {
            let message = message?;
            let outcome = handle(deployment, &message).await;
            Ok::<_, TransientError>((message, outcome))
        });
        let mut handled = pin!(handled.buffered(workers));
        while let Some(result) = handled.next().await {
            let (message, outcome) = result?;
            settle(&deployment.queue, &message, &outcome).await?;
            progress.add(&message, &outcome);
        }
        match deployment.queue.next_visible().await? {
            Some(at) => sleep_until(at).await,
            None => return Ok(()),
        }
    }
}

async fn sleep_until(milliseconds: i64) {
    let left = milliseconds - Timestamp::now().as_millisecond();
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default())).await;
}

async fn handle(deployment: &LocalDeployment, message: &Message) -> Outcome {
    // Receiving counts an attempt before it begins. More attempts than allowed mean that none of
    // them came to an end.
    if message.attempt > MAX_ATTEMPTS {
        let reason = format!("the process ended {MAX_ATTEMPTS} times while handling it");
        return Outcome::DeadLettered { code: CRASHED, reason };
    }
    let result = match message.kind {
        EventKind::CourseCompleted => issue(deployment, &message.event).await,
        EventKind::CertificateGenerated => notify(deployment, &message.event).await,
    };
    let hint = match &result {
        Err(Error::Rejected(Rejection::Render(error))) => assets::font_hint(error),
        _ => None,
    };
    match Disposition::of(result, message.attempt, MAX_ATTEMPTS) {
        Disposition::Done(outcome) => outcome,
        Disposition::Retry { reason } => Outcome::Retry { reason },
        Disposition::DeadLetter { code, reason } => Outcome::DeadLettered {
            code,
            reason: hint.map_or_else(|| reason.clone(), |hint| format!("{reason}; {hint}")),
        },
    }
}

async fn issue(deployment: &LocalDeployment, event: &str) -> Result<Outcome, Error> {
    if event.starts_with(NOT_UTF8) {
        return Err(Rejection::event(CourseCompleted::DETAIL_TYPE, JsonError::NOT_UTF8).into());
    }
    let event = events::parse(event)?;
    Ok(match deployment.issuer.issue(&event, Timestamp::now()).await? {
        IssueOutcome::Issued(record) => Outcome::Issued(record),
        IssueOutcome::AlreadyIssued(record) => Outcome::AlreadyIssued(record),
    })
}

async fn notify(deployment: &LocalDeployment, event: &str) -> Result<Outcome, Error> {
    let event = events::parse(event)?;
    Ok(match deployment.notifier.notify(&event, Timestamp::now()).await? {
        NotifyOutcome::Sent => Outcome::EmailSent,
        NotifyOutcome::AlreadySent => Outcome::EmailAlreadySent,
        NotifyOutcome::NoAddress => Outcome::NoAddress,
        NotifyOutcome::Suppressed => Outcome::Suppressed,
    })
}

async fn settle(queue: &Queue, message: &Message, outcome: &Outcome) -> Result<(), TransientError> {
    match outcome {
        Outcome::Retry { .. } => {
            queue.release(message, BACKOFF * 4_u32.pow(message.attempt - 1)).await
        }
        Outcome::DeadLettered { code, reason } => {
            queue.move_to_dead_letters(message, code, reason.clone()).await
        }
        _ => queue.finish(message).await,
    }
}
