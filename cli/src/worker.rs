//! Works through the queue: each message ends as done, as a retry, or as a dead letter with its reason.

mod report;

use std::pin::pin;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use testamur_pipeline::{Error, Issued, Notified, Record, Unavailable, events};

use crate::embedded::{Kind, MAX_ATTEMPTS, Message, Queue};
use crate::error::CliError;
use crate::options::Options;
use crate::station::Station;
use crate::worker::report::Report;

/// How long a message waits after its first failure; after the second four times as long.
const BACK_OFF: Duration = Duration::from_millis(250);

/// What became of a message.
enum Outcome {
    Issued(Record),
    AlreadyIssued(Record),
    Mailed,
    AlreadyMailed,
    NoAddress,
    Suppressed,
    Retry { reason: String },
    Buried { code: &'static str, reason: String },
}

/// Queues messages with `put`, then works until the queue is empty, reporting as it goes.
pub(crate) fn run(
    options: &Options,
    station: &Station,
    put: impl AsyncFnOnce(&Queue) -> Result<(), Unavailable>,
) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
    let runtime = runtime.map_err(|e| CliError::Setting(format!("can't start threads: {e}")))?;
    runtime.block_on(async {
        put(&station.queue).await?;
        let mut report = Report::new(options, station.queue.completions().await?.into());
        drain(station, &mut report).await?;
        Ok(report.finish())
    })
}

async fn drain(station: &Station, report: &mut Report) -> Result<(), Unavailable> {
    let workers = available_parallelism().map_or(1, usize::from);
    loop {
        // A message is received only when somebody is free to handle it: an attempt that is counted is an attempt made.
        let messages = stream::unfold(&station.queue, async |queue| Some((queue.receive().await.transpose()?, queue)));
        let handled = messages.map(|message| async {
            let message = message?;
            let outcome = handle(station, &message).await;
            Ok::<_, Unavailable>((message, outcome))
        });
        let mut handled = pin!(handled.buffered(workers));
        while let Some(result) = handled.next().await {
            let (message, outcome) = result?;
            settle(&station.queue, &message, &outcome).await?;
            report.add(&message, &outcome);
        }
        match station.queue.next_visible().await? {
            Some(at) => sleep_until(at).await,
            None => return Ok(()),
        }
    }
}

async fn sleep_until(milliseconds: i64) {
    let left = milliseconds - Timestamp::now().as_millisecond();
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default())).await;
}

async fn handle(station: &Station, message: &Message) -> Outcome {
    if message.attempt > MAX_ATTEMPTS {
        let reason = format!("the process ended {MAX_ATTEMPTS} times while handling it");
        return Outcome::Buried { code: "crashed", reason };
    }
    let done = match message.kind {
        Kind::CourseCompleted => issue(station, &message.event).await,
        Kind::CertificateGenerated => notify(station, &message.event).await,
    };
    done.unwrap_or_else(|error| match error {
        Error::Rejected(rejection) => Outcome::Buried { code: rejection.code(), reason: rejection.to_string() },
        Error::Retryable(failure) if message.attempt < MAX_ATTEMPTS => Outcome::Retry { reason: failure.to_string() },
        Error::Retryable(failure) => Outcome::Buried { code: "unavailable", reason: failure.to_string() },
    })
}

async fn issue(station: &Station, event: &str) -> Result<Outcome, Error> {
    let event = events::parse(event)?;
    Ok(match station.issuer.issue(&event, Timestamp::now()).await? {
        Issued::New(record) => Outcome::Issued(record),
        Issued::Already(record) => Outcome::AlreadyIssued(record),
    })
}

async fn notify(station: &Station, event: &str) -> Result<Outcome, Error> {
    let event = events::parse(event)?;
    Ok(match station.notifier.notify(&event, Timestamp::now()).await? {
        Notified::Sent => Outcome::Mailed,
        Notified::Already => Outcome::AlreadyMailed,
        Notified::NoAddress => Outcome::NoAddress,
        Notified::Suppressed => Outcome::Suppressed,
    })
}

async fn settle(queue: &Queue, message: &Message, outcome: &Outcome) -> Result<(), Unavailable> {
    match outcome {
        Outcome::Retry { .. } => queue.release(message, BACK_OFF * 4_u32.pow(message.attempt - 1)).await,
        Outcome::Buried { code, reason } => queue.bury(message, code, reason.clone()).await,
        _ => queue.finish(message).await,
    }
}
