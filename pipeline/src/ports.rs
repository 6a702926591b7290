//! What the use cases need from the world. An adapter lives with the program that deploys it.
//!
//! Every method may be called from any thread. All but one fail only with [`Unavailable`], which means: try again later.

use std::future::Future;

use crate::certificate::{CertificateId, Record};
use crate::error::{Error, Unavailable};
use crate::name::Name;

/// What is known of learners and courses.
pub trait Directory: Send + Sync {
    /// Finds a user, or none if there is no such user.
    fn user(&self, id: &str) -> impl Future<Output = Result<Option<User>, Unavailable>> + Send;

    /// Finds a course, or none if there is no such course.
    fn course(&self, id: &str) -> impl Future<Output = Result<Option<Course>, Unavailable>> + Send;
}

/// A learner.
#[derive(Debug, Clone)]
pub struct User {
    /// The name to print, as the learner typed it.
    pub name: Name,
    /// Where to send the news; none if the learner wants none.
    pub email: Option<String>,
    /// The learner's language, such as `pt-BR`.
    pub locale: Option<String>,
}

/// A course.
#[derive(Debug, Clone)]
pub struct Course {
    /// The title to print.
    pub name: String,
    /// Who wrote it.
    pub author: String,
    /// Who signs; the author if none.
    pub instructor: Option<String>,
    /// The template of its certificates; the deployment's default if none.
    pub template: Option<String>,
    /// The course's language; the learner's if none.
    pub locale: Option<String>,
}

/// Where files are kept.
pub trait Objects: Send + Sync {
    /// Stores an object durably under a key, replacing what was there. Readers see the old or the new, never a part.
    fn put(&self, object: Object) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// A file to keep.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its path, relative and with forward slashes.
    pub key: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Where certificates are recorded.
pub trait Records: Send + Sync {
    /// Finds the record of a certificate.
    fn find(&self, id: CertificateId) -> impl Future<Output = Result<Option<Record>, Unavailable>> + Send;

    /// Writes a record unless there is one with its id, and in the same write puts its announcement where it can't be lost.
    fn create(&self, record: &Record) -> impl Future<Output = Result<Creation, Unavailable>> + Send;
}

/// What became of a record that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It was written, and its announcement with it.
    Created,
    /// There was this one already, which stays as it is.
    Exists(Box<Record>),
}

/// Sends e-mail.
pub trait Mailer: Send + Sync {
    /// Hands a message to its transport. The same message may come twice if a process dies in between; a transport that
    /// can recognise it by its certificate sends it once.
    ///
    /// Fails with a rejection if the transport refuses the message for good. Its reason must not repeat an address.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A complete message.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The certificate it announces; there is one message for each.
    pub certificate_id: CertificateId,
    /// The envelope sender, a plain address.
    pub from: String,
    /// The envelope recipient, a plain address.
    pub to: String,
    /// The message with its headers, RFC 5322.
    pub message: Vec<u8>,
}

/// Remembers which certificates have been announced by mail.
pub trait Deliveries: Send + Sync {
    /// Whether the mail of this certificate was sent.
    fn is_sent(&self, id: CertificateId) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Notes that it was.
    fn mark_sent(&self, id: CertificateId) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
