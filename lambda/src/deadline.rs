//! How long an invocation may work, so that it answers what is left before Lambda ends it.

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use tokio::time::Instant;

/// How long before the end no message is begun: there must be time for the call that may not be cut off, that of SES, and for
/// the note of it.
const START: Duration = Duration::from_secs(10);

/// How long before the end work is given up.
const WORK: Duration = Duration::from_secs(3);

/// How long before the end everything is given up but the answer.
const ANSWER: Duration = Duration::from_millis(500);

/// How long an invocation may take if that is not known, as under `cargo lambda watch`, which gives a deadline in the past.
const UNKNOWN: Duration = Duration::from_secs(25);

/// The end of an invocation, in steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// Until when messages are begun.
    pub(crate) start: Instant,
    /// When work is given up; what remains to be done then is to keep dead letters.
    pub(crate) work: Instant,
    /// When the answer is given.
    pub(crate) answer: Instant,
}

impl Deadline {
    pub(crate) fn of(context: &Context) -> Self {
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or(UNKNOWN);
        let before_end = |margin: Duration| Instant::now() + left.saturating_sub(margin);
        Self { start: before_end(START), work: before_end(WORK), answer: before_end(ANSWER) }
    }
}
