//! Parsing of the events that SES publishes to EventBridge.
//!
//! Format: [event publishing to EventBridge](https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-using-event-publishing-setup.html).

use testamur_pipeline::feedback::EmailEvent;
use testamur_pipeline::model::fields::{FieldError, Fields};
use testamur_pipeline::{CertificateId, Rejection};

use super::CERTIFICATE_TAG;

/// Parses an event of SES, in its EventBridge envelope. Returns `None` if its type has no effect on
/// the delivery log or the suppression list, for example `Open`, and for a message that is not
/// about a certificate.
///
/// # Errors
/// [`Rejection::Event`] if a field is absent or malformed. The reason names the field and never
/// repeats a value, because the event contains addresses.
pub fn parse_ses_event(json: &str) -> Result<Option<EmailEvent>, Rejection> {
    Fields::parse(json).and_then(email_event).map_err(|error| Rejection::event("SES", error))
}

fn email_event(mut envelope: Fields) -> Result<Option<EmailEvent>, FieldError> {
    let mut detail = envelope.object("detail")?;
    match detail.string("eventType")?.as_str() {
        "Send" => sent(detail.object("mail")?),
        "Bounce" => bounced(detail.object("bounce")?).map(Some),
        "Complaint" => complained(detail.object("complaint")?).map(Some),
        _ => Ok(None),
    }
}

/// Reads the certificate from the message's tag. A message without the tag is not about a
/// certificate.
fn sent(mut mail: Fields) -> Result<Option<EmailEvent>, FieldError> {
    let message_id = mail.string("messageId")?;
    let tag = mail.optional_object("tags")?.value(CERTIFICATE_TAG);
    let certificate_id = tag.as_ref().and_then(|tag| CertificateId::parse(tag.get(0)?.as_str()?));
    Ok(certificate_id.map(|certificate_id| EmailEvent::Sent { certificate_id, message_id }))
}

fn bounced(mut bounce: Fields) -> Result<EmailEvent, FieldError> {
    Ok(EmailEvent::Bounced {
        permanent: bounce.string("bounceType")? == "Permanent",
        addresses: addresses(bounce.objects("bouncedRecipients")?)?,
    })
}

fn complained(mut complaint: Fields) -> Result<EmailEvent, FieldError> {
    Ok(EmailEvent::Complained { addresses: addresses(complaint.objects("complainedRecipients")?)? })
}

fn addresses(recipients: Vec<Fields>) -> Result<Vec<String>, FieldError> {
    recipients.into_iter().map(|mut recipient| recipient.string("emailAddress")).collect()
}
