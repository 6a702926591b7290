//! Processes what a mail service reports about messages: sent, bounced, marked as unwanted.

use jiff::Timestamp;

use crate::error::TransientError;
use crate::model::address::AddressHash;
use crate::model::certificate::CertificateId;
use crate::ports::{DeliveryLog, SuppressionList, SuppressionReason};

/// A report of a mail service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailEvent {
    /// The service accepted the message of a certificate and sends it.
    Sent {
        /// The certificate.
        certificate_id: CertificateId,
        /// The service's own id of the message.
        message_id: String,
    },
    /// A message could not be delivered.
    Bounced {
        /// True if the addresses do not exist. False for a temporary reason, such as a full
        /// mailbox.
        permanent: bool,
        /// The recipients, with or without display names.
        addresses: Vec<String>,
    },
    /// Recipients marked a message as unwanted.
    Complained {
        /// The recipients, with or without display names.
        addresses: Vec<String>,
    },
}

/// The result of [`process_feedback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackOutcome {
    /// The e-mail is recorded as sent.
    Confirmed,
    /// This number of addresses is on the suppression list.
    Suppressed(usize),
    /// The report changes nothing.
    Ignored,
}

/// Records a sent message, or suppresses addresses that bounced permanently or complained. A second
/// call with the same report changes nothing.
///
/// # Errors
/// [`TransientError`] if a port failed.
///
/// ```
/// use testamur_pipeline::feedback::{EmailEvent, FeedbackOutcome, process_feedback};
/// use testamur_pipeline::testing::memory::Memory;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), testamur_pipeline::TransientError> {
/// let store = &Memory::default();
/// let report = EmailEvent::Complained { addresses: vec!["ada@example.com".to_owned()] };
/// let outcome = process_feedback(&store, &report, jiff::Timestamp::UNIX_EPOCH).await?;
/// assert_eq!(outcome, FeedbackOutcome::Suppressed(1));
/// # Ok(())
/// # }
/// ```
pub async fn process_feedback<Store: DeliveryLog + SuppressionList>(
    store: &Store,
    event: &EmailEvent,
    now: Timestamp,
) -> Result<FeedbackOutcome, TransientError> {
    let (addresses, reason) = match event {
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
