//! Traces as X-Ray writes them.
//!
//! Format: the [tracing header](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader),
//! whose trace ids are those of W3C with a hyphen after the first eight digits.

use testamur_pipeline::TraceParent;

/// A trace as a tracing header.
#[must_use]
pub fn header(trace: TraceParent) -> String {
    let id = format!("{:032x}", trace.trace);
    let (time, random) = id.split_at(8);
    format!("Root=1-{time}-{random};Parent={:016x};Sampled={}", trace.span, u8::from(trace.sampled))
}

/// The trace in a tracing header; none if it names no span.
#[must_use]
pub fn parse(header: &str) -> Option<TraceParent> {
    let field = |name: &str| {
        header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let trace = field("Root")?.strip_prefix("1-")?.replace('-', "");
    let flags = if field("Sampled") == Some("0") { "00" } else { "01" };
    TraceParent::parse(&format!("00-{trace}-{}-{flags}", field("Parent")?))
}
