//! Takes in what a mail service reports of messages: sent, bounced, complained about.

use jiff::Timestamp;

use crate::address::AddressHash;
use crate::certificate::CertificateId;
use crate::error::Unavailable;
use crate::ports::{Deliveries, SuppressionReason, Suppressions};

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feedback {
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
pub enum Heeded {
    /// The mail is noted as sent.
    Confirmed,
    /// So many addresses get no more mail.
    Suppressed(usize),
    /// It changes nothing.
    Nothing,
}

/// Takes in a report; the same one again changes nothing. Who has bounced for good or complained gets no more mail.
///
/// # Errors
/// [`Unavailable`] if a port failed.
pub async fn heed<S: Deliveries + Suppressions>(
    store: &S,
    feedback: &Feedback,
    now: Timestamp,
) -> Result<Heeded, Unavailable> {
    let (addresses, reason) = match feedback {
        Feedback::Sent { certificate_id, message_id } => {
            store.mark_sent(*certificate_id, Some(message_id), now).await?;
            return Ok(Heeded::Confirmed);
        }
        Feedback::Bounced { permanent: false, .. } => return Ok(Heeded::Nothing),
        Feedback::Bounced { permanent: true, addresses } => (addresses, SuppressionReason::Bounce),
        Feedback::Complained { addresses } => (addresses, SuppressionReason::Complaint),
    };
    for address in addresses {
        store.suppress(&AddressHash::of(address), reason, now).await?;
    }
    Ok(Heeded::Suppressed(addresses.len()))
}
