//! Tells a learner of a certificate, by one e-mail.
//!
//! What is promised: nothing is sent twice by two deliveries of one event; if a process dies between handing a message to its
//! transport and noting that, the same message, with the same Message-ID, is handed over again.

use crate::certificate::CertificateId;
use crate::error::{Error, Rejection};
use crate::events::CertificateGenerated;
use crate::mail::Composer;
use crate::ports::{Deliveries, Directory, Mailer};

/// The use case, with everything it needs.
pub struct Notifier<D, M, L> {
    /// Learners and their addresses.
    pub directory: D,
    /// The transport.
    pub mailer: M,
    /// What has been sent.
    pub deliveries: L,
    /// Writes the message.
    pub composer: Composer,
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
}

impl<D: Directory, M: Mailer, L: Deliveries> Notifier<D, M, L> {
    /// Sends the e-mail of a certificate unless it was sent before.
    ///
    /// # Errors
    /// [`Error::Rejected`] if learner, address or mail template must be repaired first, [`Error::Retryable`] if a port failed.
    pub async fn notify(&self, event: &CertificateGenerated) -> Result<Notified, Error> {
        let id = CertificateId::parse(&event.certificate_id)
            .ok_or_else(|| Rejection::Mail(format!("{:?} is no certificate id", event.certificate_id)))?;
        if self.deliveries.is_sent(id).await? {
            return Ok(Notified::Already);
        }
        let user = self.directory.user(&event.user_id).await?;
        let user = user.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        let Some(mail) = self.composer.compose(id, event, &user)? else {
            return Ok(Notified::NoAddress);
        };
        self.mailer.send(&mail).await?;
        self.deliveries.mark_sent(id).await?;
        Ok(Notified::Sent)
    }
}
