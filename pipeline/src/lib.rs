//! The use cases that lead from a completed course to an announced certificate, and the ports through which they reach the world.
//!
//! [`detect()`] sees that an enrolment was completed, [`Issuer`] makes its certificate, [`Notifier`] tells the learner, and
//! [`feedback`] takes in what became of that. Each may be called again with the same input at any time: the second time
//! changes nothing.
//!
//! What differs between deployments is a trait in [`ports`]; [`memory`] has one of each for tests, and [`contract`] what every
//! other must do, too. This crate deliberately knows no AWS, no SQLite, no HTTP and no clock of its own, and it decides nothing
//! about queues but which failures may be tried again.

pub mod address;
pub mod certificate;
pub mod contract;
pub mod detect;
pub mod error;
pub mod events;
pub mod feedback;
pub mod issue;
pub mod mail;
pub mod memory;
pub mod name;
pub mod notify;
pub mod ports;
pub mod templates;
pub mod trace;

pub use certificate::{CertificateId, IdKey, Record};
pub use detect::detect;
pub use error::{Error, Rejection, Unavailable};
pub use events::{CertificateGenerated, CourseCompleted};
pub use issue::{Issued, Issuer};
pub use notify::{Notified, Notifier};
pub use templates::Templates;
pub use trace::TraceParent;
