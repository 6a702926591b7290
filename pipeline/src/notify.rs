//! Sends the e-mail of a certificate: [`schedule_notification`] schedules it, [`Notifier::notify`]
//! sends it.
//!
//! Deliveries of one event never send two e-mails, also when they run at the same time. One case is
//! undecidable: the process ends, or the transport's answer is lost, after the message was handed
//! over and before that was recorded. Then no attempt is made for [`Notifier::claim_duration`].
//! During this time a transport that reports what it sent can still confirm the message
//! ([`crate::feedback`]). Without a confirmation the same message is sent again.
//!
//! The e-mail shows the certificate's picture. If the picture is missing, too large or can't be
//! read now, the e-mail is sent without it: the link to the certificate is what counts.

use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::error::{Error, Rejection, TransientError, chain};
use crate::mail::MailComposer;
use crate::model::address::AddressHash;
use crate::model::certificate::CertificateId;
use crate::model::events::CertificateGenerated;
use crate::ports::{
    self, Claim, EmailScheduler, Lease, Mail, ScheduleOutcome, SendError, saturating_add,
};

/// The largest picture in an e-mail, in bytes. The thumbnails of the stock templates have 90 to
/// 340 KB; a much larger picture would delay the e-mail on a phone.
const MAX_PICTURE_BYTES: usize = 1 << 20;

/// Schedules the e-mail of a certificate to be sent `delay` after `now`. A second call while the
/// e-mail waits changes nothing.
///
/// # Errors
/// [`Error::Retryable`] if the scheduler failed.
pub async fn schedule_notification(
    scheduler: &impl EmailScheduler,
    event: &CertificateGenerated,
    now: Timestamp,
    delay: SignedDuration,
) -> Result<ScheduleOutcome, Error> {
    Ok(scheduler.schedule_email(event, saturating_add(now, delay)).await?)
}

/// The use case that sends e-mails, with its ports.
pub struct Notifier<Directory, Objects, Mailer, Log, Suppressions> {
    /// Looks up the learner's address.
    pub directory: Directory,
    /// Reads the certificate's picture.
    pub object_store: Objects,
    /// Sends the message.
    pub mailer: Mailer,
    /// Records what was sent.
    pub delivery_log: Log,
    /// Lists the addresses that receive no e-mail.
    pub suppression_list: Suppressions,
    /// Composes the message.
    pub composer: MailComposer,
    /// How long a message with an unknown outcome is not sent again. It must exceed the time in
    /// which the transport reports a message as sent. A deployment whose transport reports nothing
    /// uses zero.
    pub claim_duration: SignedDuration,
}

/// The result of [`Notifier::notify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyOutcome {
    /// The message was handed to the transport.
    Sent,
    /// The message was sent by an earlier attempt.
    AlreadySent,
    /// The learner has no e-mail address.
    NoAddress,
    /// The learner's address is on the suppression list.
    Suppressed,
}

impl<Directory, Objects, Mailer, Log, Suppressions>
    Notifier<Directory, Objects, Mailer, Log, Suppressions>
where
    Directory: ports::Directory,
    Objects: ports::ObjectStore,
    Mailer: ports::Mailer,
    Log: ports::DeliveryLog,
    Suppressions: ports::SuppressionList,
{
    /// Sends the e-mail of a certificate unless it is already sent.
    ///
    /// # Errors
    /// [`Error::Rejected`] if the learner, the address or the mail template must be corrected
    /// first, and [`Error::Retryable`] if a port failed or an earlier attempt may still be
    /// confirmed.
    pub async fn notify(
        &self,
        event: &CertificateGenerated,
        now: Timestamp,
    ) -> Result<NotifyOutcome, Error> {
        let user = self.directory.user(&event.user_id).await?;
        let user = user.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        if user.email.is_none() {
            return Ok(NotifyOutcome::NoAddress);
        }
        let picture = self.picture(event).await;
        let Some(mail) = self.composer.compose(event, &user, picture, now)? else {
            return Ok(NotifyOutcome::NoAddress);
        };
        if self.suppression_list.is_suppressed(&AddressHash::of(&mail.to)).await? {
            return Ok(NotifyOutcome::Suppressed);
        }
        let lease = Lease::new(now, self.claim_duration);
        match self.delivery_log.claim(event.certificate_id, lease).await? {
            Claim::AlreadySent => Ok(NotifyOutcome::AlreadySent),
            Claim::HeldElsewhere => Err(unconfirmed(event.certificate_id).into()),
            Claim::Acquired => self.send(&mail, lease).await,
        }
    }

    /// Reads the certificate's thumbnail. Returns none if the e-mail has to do without it.
    async fn picture(&self, event: &CertificateGenerated) -> Option<Vec<u8>> {
        let key = event.keys()?.jpg;
        match self.object_store.get(&key, MAX_PICTURE_BYTES).await {
            Ok(Some(picture)) => Some(picture),
            Ok(None) => {
                warn!(key, "the e-mail has no picture: it is missing or too large");
                None
            }
            Err(error) => {
                warn!(key, error = chain(&error), "the e-mail has no picture");
                None
            }
        }
    }

    /// Sends a message whose claim the caller holds.
    async fn send(&self, mail: &Mail, lease: Lease) -> Result<NotifyOutcome, Error> {
        match self.mailer.send(mail).await {
            Ok(message_id) => {
                let message_id = message_id.as_deref();
                self.delivery_log.mark_sent(mail.certificate_id, message_id, lease.now).await?;
                Ok(NotifyOutcome::Sent)
            }
            // The message may have been sent, so the claim is kept: until it expires, no attempt
            // can send a second message, and the transport's report can still arrive.
            Err(SendError::Unknown(failure)) => Err(failure.into()),
            Err(SendError::NotSent(failure)) => {
                Err(self.release(mail.certificate_id, lease, failure.into()).await)
            }
            Err(SendError::Rejected(rejection)) => {
                Err(self.release(mail.certificate_id, lease, rejection.into()).await)
            }
        }
    }

    /// Releases the claim of a message that was not sent, and returns the error to report.
    async fn release(&self, id: CertificateId, lease: Lease, reason: Error) -> Error {
        match (self.delivery_log.release(id, lease).await, reason) {
            (Err(failure), Error::Retryable(_)) => failure.into(),
            // A rejection stays a rejection: the claim that could not be released expires by
            // itself.
            (_, reason) => reason,
        }
    }
}

fn unconfirmed(id: CertificateId) -> TransientError {
    TransientError::new(
        format!("can't send the e-mail of {id} yet"),
        "an earlier attempt may still be confirmed",
    )
}
