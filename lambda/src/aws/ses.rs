//! The mailer, on SES.
//!
//! SES assigns each message an id of its own. The certificate id is sent as a message tag, which
//! SES includes in the events that it publishes about the message; [`parse_ses_event`] parses them.
//!
//! Errors contain the error code of SES only, because its message often repeats the address.

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

/// The name of the message tag that contains the certificate id.
const CERTIFICATE_TAG: &str = "certificate";

/// The error codes of messages that no retry can send, until the address, the message or the mail
/// template is corrected.
const PERMANENT_CODES: [&str; 2] = ["MessageRejected", "BadRequestException"];

/// Sends messages through an SES configuration set.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    configuration_set: String,
}

impl SesMailer {
    /// Returns a mailer that uses the configuration set called `configuration_set`. The events of
    /// the configuration set confirm sent messages and report bounces.
    #[must_use]
    pub fn new(sdk: &SdkConfig, configuration_set: String) -> Self {
        // The SDK must not retry: if the response is lost, a second request sends a second e-mail.
        let config = Builder::from(sdk).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), configuration_set }
    }
}

impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        let message = RawMessage::builder()
            .data(Blob::new(mail.message.clone()))
            .build()
            .expect("a raw message has data");
        let tag = MessageTag::builder()
            .name(CERTIFICATE_TAG)
            .value(mail.certificate_id.to_string())
            .build()
            .expect("a tag has a name and a value");
        self.client
            .send_email()
            .from_email_address(&mail.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().raw(message).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag)
            .send()
            .await
            .map(|response| response.message_id)
            .map_err(|e| send_error(&e))
    }
}

/// Converts an error of SES.
///
/// After a client error (4xx), SES has certainly not accepted the message. After a server error, a
/// timeout or a broken connection, SES may have accepted it.
fn send_error(error: &SdkError<SendEmailError>) -> SendError {
    let code = error.code().unwrap_or("an error without a code");
    match error {
        SdkError::ServiceError(_) if PERMANENT_CODES.contains(&code) => {
            SendError::Rejected(Rejection::MailRefused(format!("SES rejected it: {code}")))
        }
        SdkError::ServiceError(response) if response.raw().status().is_server_error() => {
            SendError::Unknown(failure(format!("SES returned {code}")))
        }
        SdkError::ServiceError(_) => SendError::NotSent(failure(format!("SES returned {code}"))),
        SdkError::ConstructionFailure(_) => SendError::NotSent(failure(reason(error))),
        _ => SendError::Unknown(failure(reason(error))),
    }
}

fn failure(reason: String) -> TransientError {
    TransientError::new("can't send the e-mail", reason)
}
