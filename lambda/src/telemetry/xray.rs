//! Trace contexts in the format of AWS X-Ray.
//!
//! Format: the [tracing
//! header](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader),
//! for example `Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1`. A
//! trace id is that of W3C Trace Context with a hyphen after the first eight digits.

use testamur_pipeline::TraceParent;

/// Returns a trace context as a tracing header.
#[must_use]
pub fn header(trace: TraceParent) -> String {
    let id = format!("{:032x}", trace.trace);
    let (time, random) = id.split_at(8);
    format!("Root=1-{time}-{random};Parent={:016x};Sampled={}", trace.span, u8::from(trace.sampled))
}

/// Parses a tracing header. Returns `None` if it is malformed or names no parent span.
#[must_use]
pub fn parse(header: &str) -> Option<TraceParent> {
    let field = |name: &str| {
        header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let trace = field("Root")?.strip_prefix("1-")?.replace('-', "");
    let flags = if field("Sampled") == Some("0") { "00" } else { "01" };
    TraceParent::parse(&format!("00-{trace}-{}-{flags}", field("Parent")?))
}
