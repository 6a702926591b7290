//! Metrics, written as log lines from which CloudWatch extracts them.
//!
//! Format: the [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! The namespace is `Testamur`, the dimension `Function`. `DeadLetters` has a second dimension,
//! `Code`. `docs/operations.md` describes each metric; the dashboard in `template.yaml` shows them.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use testamur_pipeline::issue::TYPESET_SPAN;
use testamur_pipeline::notify::NotifyOutcome;
use testamur_pipeline::{CertificateGenerated, IssueOutcome};
use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config;

/// A metric. Its name and unit are part of the interface: dashboards and alarms refer to them.
#[derive(Debug, Clone, Copy)]
enum Metric {
    Issued,
    AlreadyIssued,
    MailSent,
    MailAlreadySent,
    MailNoAddress,
    MailSuppressed,
    DeadLetters,
    ColdStart,
    LatencyMs,
    LayoutMs,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Issued => "Issued",
            Self::AlreadyIssued => "AlreadyIssued",
            Self::MailSent => "MailSent",
            Self::MailAlreadySent => "MailAlreadySent",
            Self::MailNoAddress => "MailNoAddress",
            Self::MailSuppressed => "MailSuppressed",
            Self::DeadLetters => "DeadLetters",
            Self::ColdStart => "ColdStart",
            Self::LatencyMs => "LatencyMs",
            Self::LayoutMs => "LayoutMs",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Issued
            | Self::AlreadyIssued
            | Self::MailSent
            | Self::MailAlreadySent
            | Self::MailNoAddress
            | Self::MailSuppressed
            | Self::DeadLetters => "Count",
            Self::ColdStart | Self::LatencyMs | Self::LayoutMs => "Milliseconds",
        }
    }
}

/// Counts the outcome of a completion. For a new certificate, also emits the time since the course
/// was completed.
pub(crate) fn issued(outcome: &IssueOutcome) {
    match outcome {
        IssueOutcome::Issued(record) => {
            count(Metric::Issued);
            emit(Metric::LatencyMs, milliseconds_since(record.issued_at), None);
        }
        IssueOutcome::AlreadyIssued(_) => count(Metric::AlreadyIssued),
    }
}

/// Counts the outcome of an e-mail. For a sent e-mail, also emits the time since the course was
/// completed.
pub(crate) fn notified(outcome: NotifyOutcome, event: &CertificateGenerated) {
    match outcome {
        NotifyOutcome::Sent => {
            count(Metric::MailSent);
            emit(Metric::LatencyMs, milliseconds_since(event.issued_at), None);
        }
        NotifyOutcome::AlreadySent => count(Metric::MailAlreadySent),
        NotifyOutcome::NoAddress => count(Metric::MailNoAddress),
        NotifyOutcome::Suppressed => count(Metric::MailSuppressed),
    }
}

/// Counts a dead letter by its code.
///
/// Also called with `panicked` and `out-of-time` when the handling of a message ends that way,
/// although the message is retried: both indicate a defect in the deployed version.
pub(crate) fn dead_letter(code: &str) {
    emit(Metric::DeadLetters, 1.0, Some(code));
}

/// Emits the time from the start of the process to its first invocation.
pub(crate) fn cold_start(process_start: Instant) {
    emit(Metric::ColdStart, elapsed_milliseconds(process_start), None);
}

fn count(metric: Metric) {
    emit(metric, 1.0, None);
}

fn elapsed_milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn milliseconds_since(time: Timestamp) -> f64 {
    Timestamp::now().duration_since(time).as_secs_f64() * 1000.0
}

#[expect(clippy::print_stdout, reason = "CloudWatch reads metrics from standard output")]
fn emit(metric: Metric, value: f64, code: Option<&str>) {
    let function =
        config::optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned());
    let dimensions = match code {
        Some(_) => json!([["Function"], ["Function", "Code"]]),
        None => json!([["Function"]]),
    };
    let mut line = json!({
        "_aws": {
            "Timestamp": Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Testamur",
                "Dimensions": dimensions,
                "Metrics": [{ "Name": metric.name(), "Unit": metric.unit() }],
            }],
        },
        "Function": function,
    });
    line[metric.name()] = value.into();
    if let Some(code) = code {
        line["Code"] = code.into();
    }
    println!("{line}");
}

/// Emits `LayoutMs` for each certificate: the duration of the span [`TYPESET_SPAN`], which covers
/// the layout of the page and of the social card and the PDF export, but not JPEG encoding.
pub(crate) struct LayoutTimer;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LayoutTimer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() == TYPESET_SPAN
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let start = context.span(&id).and_then(|span| span.extensions().get::<Instant>().copied());
        if let Some(start) = start {
            emit(Metric::LayoutMs, elapsed_milliseconds(start), None);
        }
    }
}
