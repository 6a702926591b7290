//! Export of spans to an OpenTelemetry collector, for example the collector's Lambda layer.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` is the collector's address, such as `http://localhost:4318`. Spans
//! are sent by OTLP over HTTP. If the variable is unset, no span is collected.

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

/// Exports the spans that the layer collects. Unset if no collector is configured.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Returns the layer that collects spans, or `None` if no collector is configured.
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

/// Makes `span` a child of a span of another process.
pub(super) fn set_parent(span: &Span, parent: Option<TraceParent>) {
    if let (Some(parent), Some(_)) = (parent, PROVIDER.get()) {
        let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, span_id) = (TraceId::from(parent.trace), SpanId::from(parent.span));
        let remote = SpanContext::new(trace, span_id, flags, true, TraceState::default());
        // This fails only for a span that is not collected.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote));
    }
}

/// Returns the trace context of the current span, or `None` if it is not collected.
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

/// Sends all collected spans to the collector.
pub(super) async fn flush() {
    if let Some(provider) = PROVIDER.get().cloned() {
        let exported = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        if let Ok(Err(error)) = exported {
            tracing::warn!(%error, "can't export spans");
        }
    }
}
