//! The time limits within one invocation.
//!
//! Lambda kills a function at its timeout and then treats every message of the batch as failed. A
//! function therefore stops early and reports which messages are not done.

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use tokio::time::Instant;

/// No message is started in the last 10 seconds before the timeout, so that an SES call and the
/// write that records it can finish.
const START_MARGIN: Duration = Duration::from_secs(10);

/// Messages that are still being handled 3 seconds before the timeout are cancelled. The remaining
/// time is for storing dead letters.
const FINISH_MARGIN: Duration = Duration::from_secs(3);

/// The function responds at the latest 500 milliseconds before the timeout.
const RESPOND_MARGIN: Duration = Duration::from_millis(500);

/// The time of an invocation whose deadline is in the past. `cargo lambda watch` sends such
/// deadlines.
const DEFAULT_TIME: Duration = Duration::from_secs(25);

/// The time limits of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// From this time on, no message is started.
    pub(crate) start_by: Instant,
    /// At this time, unfinished messages are cancelled.
    pub(crate) finish_by: Instant,
    /// At this time, storing dead letters and exporting spans is cancelled, and the function
    /// responds.
    pub(crate) respond_by: Instant,
}

impl Deadline {
    /// Returns the time limits of the invocation that `context` belongs to.
    pub(crate) fn new(context: &Context) -> Self {
        let remaining =
            context.deadline().duration_since(SystemTime::now()).unwrap_or(DEFAULT_TIME);
        let before_timeout = |margin| Instant::now() + remaining.saturating_sub(margin);
        Self {
            start_by: before_timeout(START_MARGIN),
            finish_by: before_timeout(FINISH_MARGIN),
            respond_by: before_timeout(RESPOND_MARGIN),
        }
    }
}
