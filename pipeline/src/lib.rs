//! The use cases that lead from a completed course to an announced certificate, and the ports through which they reach the world.
//!
//! [`detect()`] sees that an enrollment was completed, [`Issuer`] makes its certificate, [`Notifier`] tells the learner, and
//! [`feedback`] takes in what became of that. Each may be called again with the same input at any time: the second time
//! changes nothing.
//!
//! What differs between deployments is a trait in [`ports`]; [`testing::memory`] has one of each for tests, and [`testing::contract`] what every
//! other must do, too. This crate deliberately knows no AWS, no SQLite, no HTTP and no clock of its own, and it decides nothing
//! about queues but which failures may be tried again.

pub mod detect;
pub mod error;
pub mod feedback;
pub mod issue;
pub mod mail;
pub mod model;
pub mod notify;
pub mod ports;
pub mod templates;
pub mod testing;

pub use detect::detect;
pub use error::{Error, Rejection, TransientError};
pub use issue::{IssueOutcome, Issuer};
pub use model::certificate::{CertificateId, CertificateRecord, IdKey};
pub use model::events::{CertificateGenerated, CourseCompleted};
pub use model::trace::TraceParent;
pub use notify::{Notifier, NotifyOutcome};
pub use templates::TemplateCache;
