//! Takes in what a mail service reports of messages: sent, bounced, complained about.

use jiff::Timestamp;

use crate::error::TransientError;
use crate::model::address::AddressHash;
use crate::model::certificate::CertificateId;
use crate::ports::{DeliveryLog, SuppressionList, SuppressionReason};

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailEvent {
    /// The service has taken a certificate's message.
    Sent {
        /// The certificate.
        certificate_id: CertificateId,
        /// The service's own id of the message.
        message_id: String,
    },
    /// A message could not be delivered.
    Bounced {
        /// Whether the addresses do not exist; else a mailbox is full, a server is down, or the like.
        permanent: bool,
        /// To whom.
        addresses: Vec<String>,
    },
    /// Readers have called a message unwanted.
    Complained {
        /// Who.
        addresses: Vec<String>,
    },
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackOutcome {
    /// The mail is noted as sent.
    Confirmed,
    /// So many addresses get no more mail.
    Suppressed(usize),
    /// It changes nothing.
    Ignored,
}

/// Takes in a report; the same one again changes nothing. Who has bounced for good or complained gets no more mail.
///
/// # Errors
/// [`TransientError`] if a port failed.
pub async fn process_feedback<S: DeliveryLog + SuppressionList>(
    store: &S,
    feedback: &EmailEvent,
    now: Timestamp,
) -> Result<FeedbackOutcome, TransientError> {
    let (addresses, reason) = match feedback {
        EmailEvent::Sent { certificate_id, message_id } => {
            store.mark_sent(*certificate_id, Some(message_id), now).await?;
            return Ok(FeedbackOutcome::Confirmed);
        }
        EmailEvent::Bounced { permanent: false, .. } => return Ok(FeedbackOutcome::Ignored),
        EmailEvent::Bounced { permanent: true, addresses } => {
            (addresses, SuppressionReason::Bounce)
        }
        EmailEvent::Complained { addresses } => (addresses, SuppressionReason::Complaint),
    };
    for address in addresses {
        store.suppress(&AddressHash::of(address), reason, now).await?;
    }
    Ok(FeedbackOutcome::Suppressed(addresses.len()))
}
