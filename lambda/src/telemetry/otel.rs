//! Spans for an OpenTelemetry collector, such as the one that runs beside a function as an extension.
//!
//! Where to: `OTEL_EXPORTER_OTLP_ENDPOINT`, by OTLP over HTTP. Without it nothing is sent.

use std::sync::OnceLock;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use testamur_pipeline::TraceParent;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;

use crate::config;

/// Sends what the layer collects; none if there is nowhere to send it.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that collects spans; none without a collector.
pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>()
-> Option<OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>> {
    config::optional("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let exporter = SpanExporter::builder().with_http().build().ok()?;
    let name =
        config::optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "testamur".to_owned());
    let resource = Resource::builder().with_attribute(KeyValue::new("service.name", name)).build();
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let tracer = provider.tracer("testamur");
    PROVIDER.set(provider).ok()?;
    Some(tracing_opentelemetry::layer().with_tracer(tracer))
}

/// Puts a span into the trace of what caused it.
pub(super) fn set_parent(span: &Span, parent: Option<TraceParent>) {
    if let (Some(parent), Some(_)) = (parent, PROVIDER.get()) {
        let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, span_id) = (TraceId::from(parent.trace), SpanId::from(parent.span));
        let remote = SpanContext::new(trace, span_id, flags, true, TraceState::default());
        // It fails only for a span that nobody collects.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote));
    }
}

/// The current span; none if nobody collects it.
pub(super) fn current() -> Option<TraceParent> {
    PROVIDER.get()?;
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| TraceParent {
        trace: u128::from_be_bytes(span.trace_id().to_bytes()),
        span: u64::from_be_bytes(span.span_id().to_bytes()),
        sampled: span.is_sampled(),
    })
}

/// Sends what was collected.
pub(super) async fn flush() {
    if let Some(provider) = PROVIDER.get().cloned() {
        let sent = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "spans were not sent");
        }
    }
}
