//! Decisions of a reviewer on changed snapshots.

use serde::{Deserialize, Serialize};

use crate::design::snapshots::CaseResult;
use crate::error::CliError;

/// A decision on one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// The page image becomes the reference.
    Accept,
    /// Nothing is written: the template has to change.
    Reject,
    /// Nothing is written: the case is decided later.
    Skip,
}

impl Decision {
    pub(crate) fn apply(self, case: &CaseResult) -> Result<(), CliError> {
        if self == Self::Accept { case.accept() } else { Ok(()) }
    }
}
