//! What operators count and time, as log lines from which CloudWatch makes metrics.
//!
//! Format: the [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! Namespace `Testamur`, dimension `Function`; rejections also by `Code`.

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

#[derive(Debug, Clone, Copy)]
enum Unit {
    Count,
    Milliseconds,
}

/// Counts what became of a completion, and tells how long after it the certificate was there.
pub(crate) fn issued(issued: &IssueOutcome) {
    match issued {
        IssueOutcome::Issued(record) => {
            emit("Issued", Unit::Count, 1.0, None);
            emit("LatencyMs", Unit::Milliseconds, milliseconds_since(record.issued_at), None);
        }
        IssueOutcome::AlreadyIssued(_) => emit("Duplicate", Unit::Count, 1.0, None),
    }
}

/// Counts what became of the parse_change of a certificate, and tells how long after the completion it was sent.
pub(crate) fn notified(notified: NotifyOutcome, event: &CertificateGenerated) {
    emit(&format!("Mail{notified:?}"), Unit::Count, 1.0, None);
    if notified == NotifyOutcome::Sent {
        emit("LatencyMs", Unit::Milliseconds, milliseconds_since(event.issued_at), None);
    }
}

/// Counts a message that went to the dead letters, by its reason, or on which the program panicked or ran out of time: what
/// speaks against a new version.
pub(crate) fn rejected(code: &str) {
    emit("Rejected", Unit::Count, 1.0, Some(code));
}

/// Tells how long the function took to start.
pub(crate) fn cold_start(started: Instant) {
    emit("ColdStart", Unit::Milliseconds, milliseconds(started), None);
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn milliseconds_since(time: Timestamp) -> f64 {
    Timestamp::now().duration_since(time).as_secs_f64() * 1000.0
}

#[expect(clippy::print_stdout, reason = "standard output is where CloudWatch takes metrics from")]
fn emit(name: &str, unit: Unit, value: f64, code: Option<&str>) {
    let dimensions = if code.is_some() {
        json!([["Function"], ["Function", "Code"]])
    } else {
        json!([["Function"]])
    };
    let mut line = json!({
        "_aws": {
            "Timestamp": Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Testamur",
                "Dimensions": dimensions,
                "Metrics": [{ "Name": name, "Unit": format!("{unit:?}") }],
            }],
        },
        "Function": config::optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned()),
        name: value,
    });
    if let Some(code) = code {
        line["Code"] = code.into();
    }
    println!("{line}");
}

/// Measures how long certificates take to lay out.
pub(crate) struct RenderTimingLayer;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RenderTimingLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() == TYPESET_SPAN
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let started =
            context.span(&id).and_then(|span| span.extensions().get::<Instant>().copied());
        if let Some(started) = started {
            emit("RenderMs", Unit::Milliseconds, milliseconds(started), None);
        }
    }
}
