//! The ports: what the use cases need from a deployment. A program implements them with adapters.
//!
//! Rules for every adapter:
//!
//! - Any method may be called from any thread, at the same time as any other, in one process or in
//!   many.
//! - A use case can be interrupted between any two calls and is then run again from the start, so
//!   every method is called again with the same arguments sooner or later. Each method states what
//!   a second call does.
//! - [`TransientError`] means that the outcome is unknown or that nothing happened. The caller runs
//!   the use case again later.
//! - No error text holds a learner's data: names, e-mail addresses, messages.
//!
//! [`crate::testing::contract`] checks these promises in tests, and [`crate::testing::memory`]
//! implements every port in memory.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Rejection, TransientError};
use crate::model::address::AddressHash;
use crate::model::certificate::{CertificateId, CertificateRecord};
use crate::model::events::{CertificateGenerated, OutgoingEvent};

pub use crate::model::directory::{Course, User};

/// Looks up users and courses.
///
/// Both methods only read. Errors: [`Rejection::DirectoryEntry`] if the entry exists and has a
/// missing or malformed field, and [`TransientError`] if the directory can't be read now.
pub trait Directory: Send + Sync {
    /// Returns the user with this id, such as `u-ada`, or `None` if there is none. Ids are compared
    /// byte by byte.
    ///
    /// Called when a certificate is issued and again when its e-mail is sent. The two calls may
    /// return different data.
    fn user(&self, id: &str) -> impl Future<Output = Result<Option<User>, Error>> + Send;

    /// Returns the course with this id, such as `c-1`, or `None` if there is none. Ids are compared
    /// byte by byte.
    ///
    /// Called when a certificate is issued.
    fn course(&self, id: &str) -> impl Future<Output = Result<Option<Course>, Error>> + Send;
}

/// Stores the files of certificates.
pub trait ObjectStore: Send + Sync {
    /// Stores an object under its key. When the method returns, the object is durable and readers
    /// of the key see it.
    ///
    /// Called for each file of a certificate, several at a time, before
    /// [`CertificateStore::create`]. A second call replaces the object; a reader sees the old or
    /// the new content, never a mixture.
    ///
    /// Fails with [`TransientError`] if the object may not be stored.
    fn put(&self, object: Object) -> impl Future<Output = Result<(), TransientError>> + Send;

    /// Returns the content of an object. Returns `None` if there is no such object, or if it has
    /// more than `max_bytes` bytes; then little more than that is read.
    ///
    /// Called for the picture in an e-mail, some time after [`CertificateStore::create`]. Sees every
    /// object whose [`Self::put`] has returned. It only reads.
    ///
    /// Fails with [`TransientError`] if the object can't be read now. The e-mail is then sent without
    /// the picture.
    fn get(
        &self,
        key: &str,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, TransientError>> + Send;
}

/// A file to be stored.
#[derive(Debug, Clone)]
pub struct Object {
    /// A relative path with forward slashes, such as
    /// `certificates/229520cf-f31e-8123-8f1c-2f2177bde1c6-0badcafe.pdf`.
    pub key: String,
    /// The media type, such as `application/pdf`.
    pub content_type: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Stores the records of certificates, and with each record its [`CertificateGenerated`] event.
pub trait CertificateStore: Send + Sync {
    /// Returns the record of a certificate, or `None` if there is none. Sees every record whose
    /// `create` has returned.
    ///
    /// Called first when a certificate is issued, to detect one that is already issued.
    fn find(
        &self,
        id: CertificateId,
    ) -> impl Future<Output = Result<Option<CertificateRecord>, TransientError>> + Send;

    /// Writes a record if there is none with its id, and in the same atomic write its
    /// [`CertificateGenerated`] event. When the method returns, both are durable.
    ///
    /// Called after all files of the certificate are stored. A second call with the same id writes
    /// nothing and returns the first record as [`CreateOutcome::Exists`]; of several calls at the
    /// same time exactly one returns [`CreateOutcome::Created`]. The event must reach its consumer
    /// at least once even if the process ends right after the write: it is a row in the same
    /// transaction, or it is derived from the stored record.
    ///
    /// Fails with [`TransientError`] if the record may not be written.
    fn create(
        &self,
        record: &CertificateRecord,
    ) -> impl Future<Output = Result<CreateOutcome, TransientError>> + Send;
}

/// The result of [`CertificateStore::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The record and its event were written.
    Created,
    /// There was already a record with this id, which is unchanged.
    Exists(Box<CertificateRecord>),
}

/// Sends e-mail.
pub trait Mailer: Send + Sync {
    /// Hands a message to the transport. Returns the transport's own id of the message, such as an
    /// SES message id, if it has one.
    ///
    /// Called while the caller holds the certificate's claim ([`DeliveryLog::claim`]). A second
    /// call sends a second message, so the adapter must not repeat a request whose answer was lost;
    /// it returns [`SendError::Unknown`] instead.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<Option<String>, SendError>> + Send;
}

/// Why a message was not handed to the transport. No text may repeat an e-mail address.
#[derive(Debug)]
pub enum SendError {
    /// The transport refuses the message permanently. It was not sent; the caller releases the
    /// claim.
    Rejected(Rejection),
    /// The transport did not accept the message now. It was not sent; the caller releases the
    /// claim.
    NotSent(TransientError),
    /// The answer of the transport was lost. The message may have been sent; the caller keeps the
    /// claim.
    Unknown(TransientError),
}

/// A complete message.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The certificate that the message is about. There is one message for each certificate.
    pub certificate_id: CertificateId,
    /// The envelope sender, such as `certificates@example.com`.
    pub from: String,
    /// The envelope recipient, such as `ada@example.com`.
    pub to: String,
    /// The message with its headers ([RFC 5322](https://www.rfc-editor.org/rfc/rfc5322)).
    pub message: Vec<u8>,
}

/// Records which e-mails were sent, and which sender may send one now.
pub trait DeliveryLog: Send + Sync {
    /// Claims the sending of a certificate's e-mail until `lease.until`. Other claims fail until
    /// then.
    ///
    /// Called before each attempt to send. A second call with the same lease returns
    /// [`Claim::Acquired`] again if the first one was carried out, so a lost answer does not block
    /// the caller. Of several calls at the same time at most one returns [`Claim::Acquired`]. An
    /// adapter whose store is used by one process only need not return [`Claim::HeldElsewhere`].
    ///
    /// Fails with [`TransientError`] if the claim may not be stored; the caller then sends nothing.
    fn claim(
        &self,
        id: CertificateId,
        lease: Lease,
    ) -> impl Future<Output = Result<Claim, TransientError>> + Send;

    /// Records permanently that the e-mail was sent. `message_id` is the transport's own id of it,
    /// such as an SES message id.
    ///
    /// Called after [`Mailer::send`] succeeded, and when the mail service reports a message as
    /// sent. It needs no claim: the report can arrive after the claim has expired. A second call
    /// changes nothing that [`Self::claim`] depends on.
    ///
    /// Fails with [`TransientError`] if the record may not be stored.
    fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;

    /// Releases the claim that was acquired with this lease. The next attempt can then begin at
    /// once.
    ///
    /// Called when the e-mail was certainly not sent. Does nothing if the claim belongs to another
    /// lease by now, or if the e-mail is recorded as sent; a second call therefore does nothing.
    ///
    /// Fails with [`TransientError`] if the claim may still be held. It then expires at
    /// `lease.until`.
    fn release(
        &self,
        id: CertificateId,
        lease: Lease,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;
}

/// The time during which a claim holds.
///
/// `until` also identifies the holder: two attempts begin at different nanoseconds, so their leases
/// end at different ones. An adapter therefore stores `until` with full precision, and a sender
/// whose claim has expired can't release the claim of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// When the lease begins.
    pub now: Timestamp,
    /// When the lease ends.
    pub until: Timestamp,
}

impl Lease {
    /// Makes a lease that begins at `now`.
    #[must_use]
    pub fn new(now: Timestamp, duration: SignedDuration) -> Self {
        Self { now, until: saturating_add(now, duration) }
    }
}

/// Adds a duration to a time. Returns the latest time that exists if the result would be later.
pub(crate) fn saturating_add(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.saturating_add(duration).expect("only calendar units, such as months, can fail")
}

/// The result of [`DeliveryLog::claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The caller holds the claim and may send the e-mail.
    Acquired,
    /// Another sender holds the claim, and it is not known yet whether the e-mail was sent.
    HeldElsewhere,
    /// The e-mail was sent.
    AlreadySent,
}

/// Stores the addresses that receive no more e-mail, as hashes, so the list reveals no address.
pub trait SuppressionList: Send + Sync {
    /// Returns whether an address is suppressed.
    ///
    /// Called before each e-mail. Sees every address whose [`Self::suppress`] has returned.
    fn is_suppressed(
        &self,
        address: &AddressHash,
    ) -> impl Future<Output = Result<bool, TransientError>> + Send;

    /// Suppresses an address permanently.
    ///
    /// Called for bounces and complaints, and by an operator. A second call keeps the first reason
    /// and time.
    ///
    /// Fails with [`TransientError`] if the address may not be stored.
    fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), TransientError>> + Send;
}

/// Why an address receives no more e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionReason {
    /// The mail service reported that the address does not exist.
    Bounce,
    /// The recipient marked a message as unwanted.
    Complaint,
    /// An operator suppressed the address.
    Operator,
}

impl SuppressionReason {
    /// Returns the text to store: `bounce`, `complaint` or `operator`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Operator => "operator",
        }
    }
}

/// Publishes events to other systems.
pub trait EventPublisher: Send + Sync {
    /// Publishes events, in any order. Returns one result for each event, in the order of `events`.
    ///
    /// Called with the events of one batch of changes. A second call publishes the events again;
    /// consumers must accept duplicates. A failed event does not affect the others:
    /// [`Error::Rejected`] if the event bus refuses it permanently, [`Error::Retryable`] if it may
    /// not have been published.
    fn publish(
        &self,
        events: &[OutgoingEvent],
    ) -> impl Future<Output = Vec<Result<(), Error>>> + Send;
}

/// Delays e-mails.
pub trait EmailScheduler: Send + Sync {
    /// Schedules the delivery of `event` to the use case [`Notifier`](crate::Notifier), at `time`
    /// or soon after. When the method returns, the schedule is durable.
    ///
    /// Called once a certificate is issued. A second call for the same certificate, while the first
    /// schedule has not run, keeps the first one with its time and returns
    /// [`ScheduleOutcome::Exists`].
    ///
    /// Fails with [`TransientError`] if the event may not be scheduled.
    fn schedule_email(
        &self,
        event: &CertificateGenerated,
        time: Timestamp,
    ) -> impl Future<Output = Result<ScheduleOutcome, TransientError>> + Send;
}

/// The result of [`EmailScheduler::schedule_email`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleOutcome {
    /// The e-mail was scheduled.
    Created,
    /// An e-mail of this certificate was already scheduled.
    Exists,
}
