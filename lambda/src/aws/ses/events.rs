//! Parsing of the events that SES publishes to EventBridge.
//!
//! Format: [event publishing to EventBridge](https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-using-event-publishing-setup.html).

use std::collections::HashMap;

use serde::Deserialize;
use testamur_pipeline::feedback::EmailEvent;
use testamur_pipeline::{CertificateId, Rejection};

use super::CERTIFICATE_TAG;

#[derive(Deserialize)]
struct Envelope {
    detail: Report,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// Parses an event of SES, in its EventBridge envelope. Returns `None` if its type has no effect on
/// the delivery log or the suppression list, for example `Open`.
///
/// # Errors
/// [`Rejection::Event`] if the event is malformed. The reason names what is missing and never repeats
/// the event, which contains addresses.
pub fn parse_ses_event(text: &str) -> Result<Option<EmailEvent>, Rejection> {
    let reject = |reason: String| Rejection::Event { kind: "SES feedback", reason };
    // The text of an error can quote a value, so only its place is told.
    let envelope: Envelope = serde_json::from_str(text).map_err(|e| {
        reject(format!("not the format of a report at line {} column {}", e.line(), e.column()))
    })?;
    let Report { event_type, mail, bounce, complaint } = envelope.detail;
    let addresses =
        |recipients: Vec<Recipient>| recipients.into_iter().map(|to| to.email_address).collect();
    match event_type.as_str() {
        "Send" => Ok(sent(mail)),
        "Bounce" => {
            let bounce = bounce.ok_or_else(|| reject("a bounce without recipients".to_owned()))?;
            let permanent = bounce.bounce_type == "Permanent";
            Ok(Some(EmailEvent::Bounced {
                permanent,
                addresses: addresses(bounce.bounced_recipients),
            }))
        }
        "Complaint" => {
            let complaint =
                complaint.ok_or_else(|| reject("a complaint without recipients".to_owned()))?;
            Ok(Some(EmailEvent::Complained {
                addresses: addresses(complaint.complained_recipients),
            }))
        }
        _ => Ok(None),
    }
}

/// Returns `None` for a message without our tag, which is not the e-mail of a certificate.
fn sent(mail: Mail) -> Option<EmailEvent> {
    let certificate_id = CertificateId::parse(mail.tags.get(CERTIFICATE_TAG)?.first()?)?;
    Some(EmailEvent::Sent { certificate_id, message_id: mail.message_id })
}
