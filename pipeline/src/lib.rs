//! The use cases of Testamur, from a completed course to an issued certificate and its e-mail, and
//! the ports they need.
//!
//! - [`detect_completion`] and [`detect_certificate`] derive events from changes of stored items.
//! - [`Issuer`] renders and stores the certificate of a completion, and records it.
//! - [`Notifier`] sends the e-mail of a certificate.
//! - [`feedback`] processes bounces, complaints and delivery reports.
//!
//! All use cases are idempotent: a second call with the same input changes nothing. [`Disposition`]
//! decides what happens to a message whose use case failed.
//!
//! What differs between deployments is a trait in [`ports`]. [`testing::memory`] implements every
//! port in memory, and [`testing::contract`] tests what every other implementation must do. This
//! crate knows no AWS, no SQLite and no HTTP, and reads no clock, no environment and no random
//! numbers: time and secrets are parameters.
//!
//! ```
//! use std::path::{Path, PathBuf};
//!
//! use jiff::Timestamp;
//! use jiff::tz::TimeZone;
//! use testamur_engine::{Engine, Fonts};
//! use testamur_pipeline::issue::IssueConfig;
//! use testamur_pipeline::model::{events, fields::Fields};
//! use testamur_pipeline::ports::{Course, User};
//! use testamur_pipeline::testing::memory::Memory;
//! use testamur_pipeline::{IdKey, IssueOutcome, Issuer, TemplateCache};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = Memory::default();
//! let user = User::from_fields(&mut Fields::parse(r#"{"name": "Ada Lovelace"}"#)?)?;
//! memory.state().users.insert("u-ada".to_owned(), user);
//! let course = r#"{"name": "Analytical Engines", "author": "Charles Babbage"}"#;
//! let course = Course::from_fields(&mut Fields::parse(course)?)?;
//! memory.state().courses.insert("c-1".to_owned(), course);
//!
//! let engine = Engine::new(Fonts::load(Path::new("../fonts"))?);
//! let issuer = Issuer {
//!     directory: &memory,
//!     object_store: &memory,
//!     certificate_store: &memory,
//!     templates: TemplateCache::new(engine, PathBuf::from("../templates")),
//!     config: IssueConfig {
//!         id_key: IdKey::new([7; 32]),
//!         base_url: "https://certificates.example.com".to_owned(),
//!         default_template: "completion".to_owned(),
//!         time_zone: TimeZone::UTC,
//!         jpeg: Default::default(),
//!     },
//! };
//! let event = events::parse(
//!     r#"{
//!         "userId": "u-ada", "courseId": "c-1", "enrollmentId": "e-1",
//!         "completedAt": "2026-11-23T09:30:00Z"
//!     }"#,
//! )?;
//! let IssueOutcome::Issued(record) = issuer.issue(&event, Timestamp::UNIX_EPOCH).await? else {
//!     panic!("the certificate is new");
//! };
//! assert!(memory.state().objects.contains_key(&record.keys().pdf));
//! # Ok(())
//! # }
//! ```

pub mod detect;
pub mod disposition;
pub mod error;
pub mod feedback;
mod hex;
pub mod issue;
pub mod mail;
pub mod model;
pub mod notify;
pub mod ports;
pub mod templates;
pub mod testing;

pub use detect::{detect_certificate, detect_completion};
pub use disposition::Disposition;
pub use error::{Error, Rejection, TransientError};
pub use hex::hex;
pub use issue::{IssueOutcome, Issuer};
pub use model::certificate::{CertificateId, CertificateRecord, IdKey};
pub use model::certificate_data::CertificateData;
pub use model::events::{CertificateGenerated, CourseCompleted};
pub use model::trace::TraceParent;
pub use notify::{Notifier, NotifyOutcome};
pub use templates::TemplateCache;
