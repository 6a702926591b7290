//! Logs, metrics and traces of a function.
//!
//! Logs and CloudWatch metrics are JSON lines on standard output.
//! Lambda sends traces of invocations to X-Ray; with the feature `otel`, the function also exports
//! its own spans to an OpenTelemetry collector.
//!
//! Log lines and spans contain ids of requests, messages, enrollments and certificates. They never
//! contain the body of a message, a name or an address.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Instant;

use lambda_runtime::Context;
use serde::Deserialize;
use testamur_pipeline::feedback::FeedbackOutcome;
use testamur_pipeline::notify::NotifyOutcome;
use testamur_pipeline::ports::ScheduleOutcome;
use testamur_pipeline::{CertificateGenerated, IssueOutcome, TraceParent};
use tracing::field::Empty;
use tracing::{Span, info, info_span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use self::metrics::LayoutTimer;
use crate::config;

pub(crate) mod metrics;
#[cfg(feature = "otel")]
mod otel;
pub mod xray;

/// The crates that log at the level of `AWS_LAMBDA_LOG_LEVEL`. All other crates log warnings only.
const VERBOSE_CRATES: [&str; 2] = ["testamur_lambda", "testamur_pipeline"];

/// How long a function waits for the collector before it responds without having exported all
/// spans.
#[cfg(feature = "otel")]
const FLUSH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// When the process started. [`metrics::cold_start`] measures from here.
static PROCESS_START: OnceLock<Instant> = OnceLock::new();

/// Installs the log subscriber and the panic hook. Must be called first in a process.
pub(crate) fn start() {
    PROCESS_START.get_or_init(Instant::now);
    // The message of a panic may quote a learner's data, so only its location is logged.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(location = panic.location().map(ToString::to_string), "panicked");
    }));
    let level = config::optional("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok());
    let level = level.unwrap_or(tracing::Level::INFO);
    let targets = Targets::new()
        .with_default(tracing::Level::WARN)
        .with_targets(VERBOSE_CRATES.map(|name| (name, level)));
    let log = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let registry =
        tracing_subscriber::registry().with(log.with_filter(targets.clone())).with(LayoutTimer);
    #[cfg(feature = "otel")]
    let registry = registry.with(otel::layer().with_filter(targets));
    registry.init();
}

/// Returns the span of an invocation. The first call in a process also emits the metric
/// `ColdStart`.
pub(crate) fn invocation_span(context: &Context) -> Span {
    static FIRST: OnceLock<()> = OnceLock::new();
    if FIRST.set(()).is_ok()
        && let Some(start) = PROCESS_START.get()
    {
        metrics::cold_start(*start);
    }
    info_span!("invocation", request_id = context.request_id)
}

/// Returns the span of an SQS message or a stream record, as a child of `parent`.
pub(crate) fn message_span(
    request_id: &str,
    message_id: &str,
    parent: Option<TraceParent>,
) -> Span {
    let trace_id = parent.map(|parent| format!("{:032x}", parent.trace));
    let span = info_span!(
        "message",
        request_id,
        message_id,
        trace_id,
        certificate_id = Empty,
        enrollment_id = Empty
    );
    #[cfg(feature = "otel")]
    otel::set_parent(&span, parent);
    span
}

/// Adds an enrollment id to the span of the current message.
pub fn record_enrollment(id: &str) {
    Span::current().record("enrollment_id", id);
}

/// Adds a certificate id to the span of the current message.
pub fn record_certificate(id: impl Display) {
    Span::current().record("certificate_id", tracing::field::display(id));
}

/// Logs and counts the outcome of a completion.
pub fn issued(outcome: &IssueOutcome) {
    let (name, record) = match outcome {
        IssueOutcome::Issued(record) => ("issued", record),
        IssueOutcome::AlreadyIssued(record) => ("already-issued", record),
    };
    record_certificate(record.certificate_id);
    log_outcome(name);
    metrics::issued(outcome);
}

/// Logs the outcome of scheduling an e-mail.
pub fn scheduled(outcome: ScheduleOutcome) {
    log_outcome(match outcome {
        ScheduleOutcome::Created => "scheduled",
        ScheduleOutcome::Exists => "already-scheduled",
    });
}

/// Logs and counts the outcome of the e-mail about `event`.
pub fn notified(outcome: NotifyOutcome, event: &CertificateGenerated) {
    log_outcome(match outcome {
        NotifyOutcome::Sent => "sent",
        NotifyOutcome::AlreadySent => "already-sent",
        NotifyOutcome::NoAddress => "no-address",
        NotifyOutcome::Suppressed => "suppressed",
    });
    metrics::notified(outcome, event);
}

/// Logs the outcome of an event that SES sent.
pub fn feedback_processed(outcome: FeedbackOutcome) {
    log_outcome(match outcome {
        FeedbackOutcome::Confirmed => "confirmed",
        FeedbackOutcome::Suppressed(_) => "suppressed",
        FeedbackOutcome::Ignored => "ignored",
    });
}

fn log_outcome(outcome: &str) {
    info!(outcome, "done");
}

/// Returns the trace context for an event that the current message causes.
///
/// With an OpenTelemetry collector this is the current span, otherwise `incoming` unchanged, so
/// that later functions continue the trace.
#[must_use]
pub fn outgoing_trace(incoming: Option<TraceParent>) -> Option<TraceParent> {
    #[cfg(feature = "otel")]
    if let Some(current) = otel::current() {
        return Some(current);
    }
    incoming
}

/// Exports the collected spans, because Lambda freezes the process after the response. Waits no
/// longer than [`FLUSH_TIMEOUT`] or until `respond_by`, whichever is earlier.
#[cfg(feature = "otel")]
pub(crate) async fn flush(respond_by: tokio::time::Instant) {
    let limit = respond_by.min(tokio::time::Instant::now() + FLUSH_TIMEOUT);
    // An unreachable collector must not make a certificate fail.
    let _ = tokio::time::timeout_at(limit, otel::flush()).await;
}

/// Does nothing: without the feature `otel` there are no spans to export.
#[cfg(not(feature = "otel"))]
pub(crate) async fn flush(_respond_by: tokio::time::Instant) {}

/// Returns the `traceparent` of a message's body, which is an event with or without its EventBridge
/// envelope.
pub(crate) fn incoming_trace(body: &str) -> Option<TraceParent> {
    #[derive(Deserialize)]
    struct Detail {
        traceparent: Option<String>,
    }
    #[derive(Deserialize)]
    struct Body {
        traceparent: Option<String>,
        detail: Option<Detail>,
    }
    let body: Body = serde_json::from_str(body).ok()?;
    TraceParent::parse(&body.detail.and_then(|detail| detail.traceparent).or(body.traceparent)?)
}
