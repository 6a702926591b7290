//! Tells a learner of a certificate, by one e-mail: first later, then now.
//!
//! What is promised: nothing is sent twice by two deliveries of one event, also when they come at the same time. If a process
//! dies between handing a message to its transport and noting that, or the transport's answer is lost, nobody knows whether it
//! was sent. Then nothing happens for [`Notifier::confirmation`], in which a transport that reports what it sent can still say
//! so; only without such a report the same message is handed over again.

use jiff::{SignedDuration, Timestamp};

use crate::address::AddressHash;
use crate::certificate::CertificateId;
use crate::error::{Error, Rejection, Unavailable};
use crate::events::CertificateGenerated;
use crate::mail::Composer;
use crate::ports::{Deliveries, Directory, Lease, Mailer, Schedule, Scheduled, Suppressions, Turn, Undelivered, later};

/// Has the e-mail of a certificate sent after a delay; once, as long as it waits.
///
/// # Errors
/// [`Error::Rejected`] if the event names no certificate, [`Error::Retryable`] if the port failed.
pub async fn notify_later(
    schedule: &impl Schedule,
    event: &CertificateGenerated,
    now: Timestamp,
    delay: SignedDuration,
) -> Result<Scheduled, Error> {
    Ok(schedule.at(certificate_id(event)?, event, later(now, delay)).await?)
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
    pub composer: Composer,
    /// How long a message whose fate is unknown is not sent again.
    pub confirmation: SignedDuration,
}

/// What became of the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notified {
    /// The message was handed to its transport.
    Sent,
    /// It had been before.
    Already,
    /// The learner has no address.
    NoAddress,
    /// The learner's address gets no more mail.
    Suppressed,
}

impl<D: Directory, M: Mailer, L: Deliveries, S: Suppressions> Notifier<D, M, L, S> {
    /// Sends the e-mail of a certificate unless it was sent before.
    ///
    /// # Errors
    /// [`Error::Rejected`] if learner, address or mail template must be repaired first, [`Error::Retryable`] if a port failed
    /// or an earlier attempt may still be confirmed.
    pub async fn notify(&self, event: &CertificateGenerated, now: Timestamp) -> Result<Notified, Error> {
        let id = certificate_id(event)?;
        let user = self.directory.user(&event.user_id).await?;
        let user = user.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        let Some(mail) = self.composer.compose(id, event, &user)? else {
            return Ok(Notified::NoAddress);
        };
        if self.suppressions.is_suppressed(&AddressHash::of(&mail.to)).await? {
            return Ok(Notified::Suppressed);
        }
        let lease = Lease::new(now, self.confirmation);
        match self.deliveries.take(id, lease).await? {
            Turn::Sent => return Ok(Notified::Already),
            Turn::Taken => return Err(unconfirmed(id).into()),
            Turn::Yours => {}
        }
        match self.mailer.send(&mail).await {
            Ok(message_id) => self.deliveries.mark_sent(id, message_id.as_deref(), now).await?,
            Err(Undelivered::Unknown(failure)) => return Err(failure.into()),
            Err(Undelivered::NotTaken(failure)) => return Err(self.give_back(id, lease, failure.into()).await),
            Err(Undelivered::Refused(rejection)) => return Err(self.give_back(id, lease, rejection.into()).await),
        }
        Ok(Notified::Sent)
    }

    /// Lets the next attempt begin at once. If that fails, too, the next attempt waits.
    async fn give_back(&self, id: CertificateId, lease: Lease, reason: Error) -> Error {
        match (self.deliveries.give_back(id, lease).await, reason) {
            (Err(failure), Error::Retryable(_)) => failure.into(),
            (_, reason) => reason,
        }
    }
}

fn certificate_id(event: &CertificateGenerated) -> Result<CertificateId, Rejection> {
    CertificateId::parse(&event.certificate_id)
        .ok_or_else(|| Rejection::Mail(format!("{:?} is no certificate id", event.certificate_id)))
}

fn unconfirmed(id: CertificateId) -> Unavailable {
    Unavailable::new(format!("can't send the e-mail of {id} yet"), "an earlier attempt may still be confirmed")
}
