//! Decides what happens to a message after an attempt to handle it. Every program that works on a
//! queue uses this decision.

use crate::error::{Error, chain};

/// The code of a dead letter whose attempts all failed with a transient error.
pub const RETRIES_EXHAUSTED: &str = "retries-exhausted";

/// The code of a message during whose handling the process ended on every attempt.
pub const CRASHED: &str = "crashed";

/// The code of an attempt that ended in a panic.
pub const PANICKED: &str = "panicked";

/// The code of an attempt that was stopped at its deadline.
pub const OUT_OF_TIME: &str = "out-of-time";

/// What happens to a message after an attempt to handle it.
///
/// ```
/// # use testamur_pipeline::{Disposition, Error, Rejection, TransientError};
/// let timeout = || -> Result<(), Error> {
///     Err(TransientError::new("can't read users", "timed out").into())
/// };
/// let reason = "can't read users: timed out".to_owned();
/// assert_eq!(Disposition::of(timeout(), 2, 3), Disposition::Retry { reason: reason.clone() });
/// assert_eq!(
///     Disposition::of(timeout(), 3, 3),
///     Disposition::DeadLetter { code: "retries-exhausted", reason }
/// );
///
/// let unknown = Err::<(), _>(Error::from(Rejection::UnknownUser("u-1".to_owned())));
/// let Disposition::DeadLetter { code, .. } = Disposition::of(unknown, 1, 3) else { panic!() };
/// assert_eq!(code, "unknown-user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition<T> {
    /// The message is handled. Remove it from the queue.
    Done(T),
    /// The attempt failed and a later one can succeed. Return the message to the queue.
    Retry {
        /// Why the attempt failed, with all causes in one line. Never holds a learner's data.
        reason: String,
    },
    /// No further attempt is made. Move the message to the dead letters.
    DeadLetter {
        /// A stable code to count and filter by, such as `unknown-user` or [`RETRIES_EXHAUSTED`].
        code: &'static str,
        /// Why the attempt failed, with all causes in one line. Never holds a learner's data.
        reason: String,
    },
}

impl<T> Disposition<T> {
    /// Decides by the result of an attempt. `attempt` counts from 1; the attempt numbered
    /// `max_attempts` is the last.
    #[must_use]
    pub fn of(result: Result<T, Error>, attempt: u32, max_attempts: u32) -> Self {
        match result {
            Ok(done) => Self::Done(done),
            Err(Error::Rejected(rejection)) => {
                Self::DeadLetter { code: rejection.code(), reason: chain(&rejection) }
            }
            Err(Error::Retryable(failure)) if attempt < max_attempts => {
                Self::Retry { reason: chain(&failure) }
            }
            Err(Error::Retryable(failure)) => {
                Self::DeadLetter { code: RETRIES_EXHAUSTED, reason: chain(&failure) }
            }
        }
    }
}
