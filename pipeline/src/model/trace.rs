//! The trace context that events carry, which connects the completion of a course with its
//! certificate and its e-mail.
//!
//! Format: the header `traceparent` of [W3C Trace Context, level
//! 1](https://www.w3.org/TR/trace-context-1/#traceparent-header). A malformed value counts as
//! absent and never rejects an event. Spans and exporters belong to the programs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A trace and the span in it that caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace id, never 0.
    pub trace: u128,
    /// The span id, never 0.
    pub span: u64,
    /// Whether the trace is recorded.
    pub sampled: bool,
}

impl TraceParent {
    /// Parses `00-<trace>-<span>-<flags>`. Returns `None` for any other text.
    ///
    /// ```
    /// # use testamur_pipeline::TraceParent;
    /// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// assert_eq!(TraceParent::parse(text).unwrap().to_string(), text);
    /// let without_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    /// assert!(TraceParent::parse(without_trace).is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = parse_hex(parts.next()?, 2)?;
        let trace = parse_hex(parts.next()?, 32)?;
        let span = u64::try_from(parse_hex(parts.next()?, 16)?).ok()?;
        let flags = parse_hex(parts.next()?, 2)?;
        // Version ff is forbidden. Later versions may append parts, which are ignored.
        let is_supported = version != 0xff && (version > 0 || parts.next().is_none());
        (is_supported && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }
}

fn parse_hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_hex))
        .then(|| u128::from_str_radix(text, 16).ok())?
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl Serialize for TraceParent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Deserializes an optional trace. A malformed one becomes `None`.
pub fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TraceParent>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(TraceParent::parse))
}
