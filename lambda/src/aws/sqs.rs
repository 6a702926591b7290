//! A queue for what can't be handled, with the reason beside it.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use testamur_pipeline::TransientError;
use tracing::info;

use super::client::transient;
use crate::config::{self, ConfigError};
use crate::telemetry::metrics;

/// The longest reason that is kept, in characters. A template's faults can be many.
const MAX_REASON: usize = 2000;

/// The dead letters of a function.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    client: Client,
    queue_url: String,
}

/// What could not be handled.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The message as it came, so that it can be sent again.
    pub body: &'a str,
    /// A short, stable name of the reason.
    pub code: &'a str,
    /// The reason.
    pub reason: &'a str,
}

impl DeadLetterQueue {
    /// Takes the queue's address from the environment.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if it is not set.
    pub fn from_environment(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(sdk), queue_url: config::text("TESTAMUR_DEAD_LETTERS")? })
    }

    /// Keeps a letter, tells of it and counts it.
    ///
    /// # Errors
    /// [`TransientError`] if the queue does not take it.
    pub async fn send(&self, letter: DeadLetter<'_>) -> Result<(), TransientError> {
        let request =
            self.client.send_message().queue_url(&self.queue_url).message_body(letter.body);
        let put = request
            .message_attributes("code", attribute(letter.code))
            .message_attributes("reason", attribute(letter.reason))
            .send()
            .await;
        put.map_err(|e| transient("can't keep a dead letter", &e))?;
        info!(letter.code, letter.reason, "to the dead letters");
        metrics::rejected(letter.code);
        Ok(())
    }
}

/// SQS takes neither an empty attribute nor most control characters in it.
fn attribute(text: &str) -> MessageAttributeValue {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .take(MAX_REASON)
        .collect();
    let value = if clean.is_empty() { "unknown".to_owned() } else { clean };
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .expect("it has a type")
}
