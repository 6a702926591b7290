//! What the use cases need from the world. An adapter lives with the program that deploys it.
//!
//! Every method may be called from any thread. Where the error is [`TransientError`], it means: try again later.
//! [`crate::testing::contract`] holds what every adapter must do, as tests.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Rejection, TransientError};
use crate::model::address::AddressHash;
use crate::model::certificate::{CertificateId, CertificateRecord};
use crate::model::events::{CertificateGenerated, OutgoingEvent};
use crate::model::name::Name;

/// What is known of learners and courses. An entry that can't be used, say one without a name, is a
/// [`Rejection::DirectoryEntry`].
pub trait Directory: Send + Sync {
    /// Finds a user, or none if there is no such user.
    fn user(&self, id: &str) -> impl Future<Output = Result<Option<User>, Error>> + Send;

    /// Finds a course, or none if there is no such course.
    fn course(&self, id: &str) -> impl Future<Output = Result<Option<Course>, Error>> + Send;
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
pub trait ObjectStore: Send + Sync {
    /// Stores an object durably under a key, replacing what was there. Readers see the old or the new, never a part.
    fn put(&self, object: Object) -> impl Future<Output = Result<(), TransientError>> + Send;
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
pub trait CertificateStore: Send + Sync {
    /// Finds the record of a certificate.
    fn find(
        &self,
        id: CertificateId,
    ) -> impl Future<Output = Result<Option<CertificateRecord>, TransientError>> + Send;

    /// Writes a record unless there is one with its id, and in the same write puts its announcement where it can't be lost.
    fn create(
        &self,
        record: &CertificateRecord,
    ) -> impl Future<Output = Result<CreateOutcome, TransientError>> + Send;
}

/// What became of a record that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It was written, and its announcement with it.
    Created,
    /// There was this one already, which stays as it is.
    Exists(Box<CertificateRecord>),
}

/// Sends e-mail.
pub trait Mailer: Send + Sync {
    /// Hands a message to its transport and gives the transport's own id of it, if it has one.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<Option<String>, SendError>> + Send;
}

/// Why a message was not handed over. No text may repeat an address.
#[derive(Debug)]
pub enum SendError {
    /// The transport refuses it for good.
    Rejected(Rejection),
    /// The transport has not taken it and may do so later.
    NotSent(TransientError),
    /// The transport may have taken it, but its answer was lost.
    Unknown(TransientError),
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
pub trait DeliveryLog: Send + Sync {
    /// Asks for the right to send the mail of a certificate, and holds it until then against everybody else.
    ///
    /// An adapter that alone works on its store may leave out [`Claim::HeldElsewhere`].
    fn claim(
        &self,
        id: CertificateId,
        lease: Lease,
    ) -> impl Future<Output = Result<Claim, TransientError>> + Send;

    /// Notes that it was sent, under the transport's own id if that has one, whoever held the right.
    fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;

    /// Gives the right back, for the mail was certainly not sent. Changes nothing if the right is somebody else's by now, or if
    /// the mail was noted as sent.
    fn release(
        &self,
        id: CertificateId,
        lease: Lease,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;
}

/// For how long somebody may send. Its end, to the nanosecond, tells whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// From when.
    pub now: Timestamp,
    /// Until when nobody else may.
    pub until: Timestamp,
}

impl Lease {
    /// From a time on, for so long.
    #[must_use]
    pub fn new(now: Timestamp, length: SignedDuration) -> Self {
        Self { now, until: later(now, length) }
    }
}

/// A time after another; the last one there is if it would be later than that.
pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).expect("a duration in seconds has no calendar to fail on")
}

/// Whose turn it is to send a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The caller's.
    Acquired,
    /// Somebody else's, who has not noted yet what came of it.
    HeldElsewhere,
    /// Nobody's, it was sent.
    AlreadySent,
}

/// Addresses that get no more mail. They are kept as hashes, so no list of addresses can leak.
pub trait SuppressionList: Send + Sync {
    /// Whether an address is suppressed.
    fn is_suppressed(
        &self,
        address: &AddressHash,
    ) -> impl Future<Output = Result<bool, TransientError>> + Send;

    /// Suppresses an address; the first reason stays.
    fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;
}

/// Why an address gets no more mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionReason {
    /// It does not exist.
    Bounce,
    /// Its owner has complained.
    Complaint,
    /// Somebody who runs the deployment has said so.
    Operator,
}

impl SuppressionReason {
    /// Its name, as stores keep it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Operator => "operator",
        }
    }
}

/// Publishes events to everybody who listens.
pub trait EventPublisher: Send + Sync {
    /// Publishes events. There is one outcome for each, in their order; the same event may be published twice.
    fn publish(
        &self,
        events: &[OutgoingEvent],
    ) -> impl Future<Output = Vec<Result<(), Error>>> + Send;
}

/// Keeps events for later.
pub trait EmailScheduler: Send + Sync {
    /// Has the mail of a certificate sent at a time or soon after. One that waits already stays as it is.
    fn schedule_email(
        &self,
        id: CertificateId,
        event: &CertificateGenerated,
        time: Timestamp,
    ) -> impl Future<Output = Result<ScheduleOutcome, TransientError>> + Send;
}

/// What became of an event that was to be kept for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleOutcome {
    /// It waits.
    Created,
    /// It had been waiting.
    Exists,
}
