//! Tells a learner of a certificate, by one e-mail: first later, then now.
//!
//! What is promised: nothing is sent twice by two deliveries of one event, also when they come at the same time. If a process
//! dies between handing a message to its transport and noting that, or the transport's answer is lost, nobody knows whether it
//! was sent. Then nothing happens for [`Notifier::confirmation`], in which a transport that reports what it sent can still say
//! so; only without such a report the same message is handed over again.

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Rejection, TransientError};
use crate::mail::MailComposer;
use crate::model::address::AddressHash;
use crate::model::certificate::CertificateId;
use crate::model::events::CertificateGenerated;
use crate::ports::{
    Claim, DeliveryLog, Directory, EmailScheduler, Lease, Mailer, ScheduleOutcome, SendError,
    SuppressionList, later,
};

/// Has the e-mail of a certificate sent after a delay; once, as long as it waits.
///
/// # Errors
/// [`Error::Rejected`] if the event names no certificate, [`Error::Retryable`] if the port failed.
pub async fn schedule_notification(
    scheduler: &impl EmailScheduler,
    event: &CertificateGenerated,
    now: Timestamp,
    delay: SignedDuration,
) -> Result<ScheduleOutcome, Error> {
    Ok(scheduler.schedule_email(certificate_id(event)?, event, later(now, delay)).await?)
}

/// The use case that sends, with everything it needs.
pub struct Notifier<D, M, L, S> {
    /// Learners and their addresses.
    pub directory: D,
    /// The transport.
    pub mailer: M,
    /// What has been sent.
    pub deliveries: L,
    /// Who gets no mail.
    pub suppressions: S,
    /// Writes the message.
    pub composer: MailComposer,
    /// How long a message whose fate is unknown is not sent again.
    pub confirmation: SignedDuration,
}

/// What became of the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyOutcome {
    /// The message was handed to its transport.
    Sent,
    /// It had been before.
    AlreadySent,
    /// The learner has no address.
    NoAddress,
    /// The learner's address gets no more mail.
    Suppressed,
}

impl<D: Directory, M: Mailer, L: DeliveryLog, S: SuppressionList> Notifier<D, M, L, S> {
    /// Sends the e-mail of a certificate unless it was sent before.
    ///
    /// # Errors
    /// [`Error::Rejected`] if learner, address or mail template must be repaired first, [`Error::Retryable`] if a port failed
    /// or an earlier attempt may still be confirmed.
    pub async fn notify(
        &self,
        event: &CertificateGenerated,
        now: Timestamp,
    ) -> Result<NotifyOutcome, Error> {
        let id = certificate_id(event)?;
        let user = self.directory.user(&event.user_id).await?;
        let user = user.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        let Some(mail) = self.composer.compose(id, event, &user)? else {
            return Ok(NotifyOutcome::NoAddress);
        };
        if self.suppressions.is_suppressed(&AddressHash::of(&mail.to)).await? {
            return Ok(NotifyOutcome::Suppressed);
        }
        let lease = Lease::new(now, self.confirmation);
        match self.deliveries.claim(id, lease).await? {
            Claim::AlreadySent => return Ok(NotifyOutcome::AlreadySent),
            Claim::HeldElsewhere => return Err(unconfirmed(id).into()),
            Claim::Acquired => {}
        }
        match self.mailer.send(&mail).await {
            Ok(message_id) => self.deliveries.mark_sent(id, message_id.as_deref(), now).await?,
            Err(SendError::Unknown(failure)) => return Err(failure.into()),
            Err(SendError::NotSent(failure)) => {
                return Err(self.release(id, lease, failure.into()).await);
            }
            Err(SendError::Rejected(rejection)) => {
                return Err(self.release(id, lease, rejection.into()).await);
            }
        }
        Ok(NotifyOutcome::Sent)
    }

    /// Lets the next attempt begin at once. If that fails, too, the next attempt waits.
    async fn release(&self, id: CertificateId, lease: Lease, reason: Error) -> Error {
        match (self.deliveries.release(id, lease).await, reason) {
            (Err(failure), Error::Retryable(_)) => failure.into(),
            (_, reason) => reason,
        }
    }
}

fn certificate_id(event: &CertificateGenerated) -> Result<CertificateId, Rejection> {
    CertificateId::parse(&event.certificate_id)
        .ok_or_else(|| Rejection::Mail(format!("{:?} is no certificate id", event.certificate_id)))
}

fn unconfirmed(id: CertificateId) -> TransientError {
    TransientError::new(
        format!("can't send the e-mail of {id} yet"),
        "an earlier attempt may still be confirmed",
    )
}
