//! E-mail through SES. It gives messages an id of its own and carries the certificate as a tag, which comes back in its reports.
//!
//! Errors tell only the code: the text often repeats the learner's address.

mod events;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use testamur_pipeline::ports::{Mail, Mailer, SendError};
use testamur_pipeline::{Rejection, TransientError};

use super::client::reason;

pub use events::parse_ses_event;

/// The tag that names the certificate.
pub(super) const CERTIFICATE_TAG: &str = "certificate";

/// Refusals that stay until somebody repairs address, message or template.
const FINAL: [&str; 2] = ["MessageRejected", "BadRequestException"];

/// SES with a configuration set.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    configuration_set: String,
}

impl SesMailer {
    /// Takes the name of the configuration set, whose events come back as feedback.
    #[must_use]
    pub fn new(sdk: &SdkConfig, configuration_set: String) -> Self {
        // A request whose answer was lost must not be repeated by itself: it would be a second e-mail.
        let config = Builder::from(sdk).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), configuration_set }
    }
}

impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        let raw = RawMessage::builder()
            .data(Blob::new(mail.message.clone()))
            .build()
            .expect("a message has data");
        let tag = MessageTag::builder()
            .name(CERTIFICATE_TAG)
            .value(mail.certificate_id.to_string())
            .build();
        let request = self.client.send_email().from_email_address(&mail.from);
        let sent = request
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag.expect("a tag has name and value"))
            .send()
            .await;
        sent.map(|answer| answer.message_id).map_err(|e| undelivered(&e))
    }
}

/// A server's fault, a lost answer and a cut connection leave open whether the message was taken; an answer of refusal does not.
fn undelivered(error: &SdkError<SendEmailError>) -> SendError {
    let failed = |reason: String| TransientError::new("can't send the e-mail", reason);
    let code = error.code().unwrap_or("without a code");
    match error {
        SdkError::ServiceError(_) if FINAL.contains(&code) => {
            SendError::Rejected(Rejection::MailRefused(format!("SES refuses it: {code}")))
        }
        SdkError::ServiceError(answer) => {
            let failure = failed(format!("SES answers {code}"));
            let is_server_fault = answer.raw().status().is_server_error();
            if is_server_fault { SendError::Unknown(failure) } else { SendError::NotSent(failure) }
        }
        SdkError::ConstructionFailure(_) => SendError::NotSent(failed(reason(error))),
        _ => SendError::Unknown(failed(reason(error))),
    }
}
