//! What a function tells of itself: JSON logs, and the trace that an event belongs to. Numbers are in `metrics.rs`.
//!
//! Logs and spans carry ids of requests, messages, enrollments and certificates, and nothing that a learner typed. Lambda
//! itself tells X-Ray of invocations; with the feature `otel` our spans go to a collector, too.

use std::sync::OnceLock;
use std::time::Instant;

use lambda_runtime::Context;
use serde::Deserialize;
use testamur_pipeline::notify::NotifyOutcome;
use testamur_pipeline::{CertificateGenerated, IssueOutcome, TraceParent};
use tracing::field::Empty;
use tracing::{Span, info, info_span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use self::metrics::RenderTimingLayer;
use crate::config;

pub(crate) mod metrics;
#[cfg(feature = "otel")]
mod otel;
pub mod xray;

/// The crates whose progress is told; of all others only warnings are.
const OURS: [&str; 2] = ["testamur_lambda", "testamur_pipeline"];

/// How long a collector may take.
#[cfg(feature = "otel")]
const FLUSH: std::time::Duration = std::time::Duration::from_secs(1);

/// When the function started; taken by the first invocation.
static STARTED: OnceLock<Instant> = OnceLock::new();

/// Begins to observe; the first thing that a function does.
pub(crate) fn start() {
    STARTED.get_or_init(Instant::now);
    // A panic's own text could quote a learner's data; its place is what a report of the defect needs.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = panic.location().map(ToString::to_string), "panicked");
    }));
    let level = config::optional("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok());
    let level = level.unwrap_or(tracing::Level::INFO);
    let ours = Targets::new()
        .with_default(tracing::Level::WARN)
        .with_targets(OURS.map(|name| (name, level)));
    let log = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let registry =
        tracing_subscriber::registry().with(log.with_filter(ours.clone())).with(RenderTimingLayer);
    #[cfg(feature = "otel")]
    let registry = registry.with(otel::layer().with_filter(ours));
    registry.init();
}

/// The span of an invocation. The first one tells how long the function took to start.
pub(crate) fn invocation(context: &Context) -> Span {
    static FIRST: OnceLock<()> = OnceLock::new();
    if FIRST.set(()).is_ok()
        && let Some(started) = STARTED.get()
    {
        metrics::cold_start(*started);
    }
    info_span!("invocation", request_id = context.request_id)
}

/// The span of a message or of a change, in the trace it belongs to.
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

/// Adds the enrollment that the current message is about to its span.
pub fn enrollment(id: &str) {
    Span::current().record("enrollment_id", id);
}

/// Adds the certificate that the current message is about to its span.
pub fn certificate(id: impl std::fmt::Display) {
    Span::current().record("certificate_id", tracing::field::display(id));
}

/// Says what became of the current completion.
pub fn issued(issued: &IssueOutcome) {
    let (IssueOutcome::Issued(record) | IssueOutcome::AlreadyIssued(record)) = issued;
    certificate(record.certificate_id);
    outcome(format_args!(
        "{}",
        if matches!(issued, IssueOutcome::Issued(_)) { "Issued" } else { "Already" }
    ));
    metrics::issued(issued);
}

/// Says what became of the parse_change of a certificate.
pub fn notified(notified: NotifyOutcome, event: &CertificateGenerated) {
    outcome(notified);
    metrics::notified(notified, event);
}

/// Says what became of the current message.
pub fn outcome(outcome: impl std::fmt::Debug) {
    info!(?outcome, "done");
}

/// The trace as it goes on from the current span, for an event that is caused by one of `parent`.
#[must_use]
pub fn continued(parent: Option<TraceParent>) -> Option<TraceParent> {
    #[cfg(feature = "otel")]
    if let Some(current) = otel::current() {
        return Some(current);
    }
    parent
}

/// Hands over what is still to be sent before Lambda freezes the process.
pub(crate) async fn flush(end: tokio::time::Instant) {
    #[cfg(feature = "otel")]
    // A collector that is away or slow must not cost a certificate.
    let _ =
        tokio::time::timeout_at(end.min(tokio::time::Instant::now() + FLUSH), otel::flush()).await;
    #[cfg(not(feature = "otel"))]
    let _ = end;
}

/// The trace of a message's body, in an envelope or bare.
pub(crate) fn trace_of(body: &str) -> Option<TraceParent> {
    #[derive(Deserialize)]
    struct Traced {
        traceparent: Option<String>,
    }
    #[derive(Deserialize)]
    struct Body {
        traceparent: Option<String>,
        detail: Option<Traced>,
    }
    let body: Body = serde_json::from_str(body).ok()?;
    TraceParent::parse(&body.detail.and_then(|detail| detail.traceparent).or(body.traceparent)?)
}
