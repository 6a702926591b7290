//! The dead-letter queue of a function.
//!
//! A function stores a dead letter itself, with the reason as message attributes. The redrive
//! policy of a queue can only move a message without a reason.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use testamur_pipeline::TransientError;
use tracing::info;

use super::client::transient;
use crate::config::{self, ConfigError};
use crate::telemetry::metrics;

/// The maximum length of a stored reason in characters. A list of template errors can be longer.
const MAX_REASON: usize = 2000;

/// The dead-letter queue of a function.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    client: Client,
    queue_url: String,
}

/// A message that could not be handled.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The body of the message, unchanged, so that it can be redriven.
    pub body: &'a str,
    /// A stable name of the kind of reason, such as `unknown-user`.
    pub code: &'a str,
    /// The reason in words, without personal data.
    pub reason: &'a str,
}

impl DeadLetterQueue {
    /// Reads the URL of the queue from the environment variable `TESTAMUR_DEAD_LETTERS`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if the variable is not set.
    pub fn from_environment(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(sdk), queue_url: config::text("TESTAMUR_DEAD_LETTERS")? })
    }

    /// Stores a dead letter, then logs and counts it.
    ///
    /// # Errors
    /// [`TransientError`] if the queue can't be written to.
    pub async fn send(&self, letter: DeadLetter<'_>) -> Result<(), TransientError> {
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(letter.body)
            .message_attributes("code", attribute(letter.code))
            .message_attributes("reason", attribute(letter.reason))
            .send()
            .await
            .map_err(|e| transient("can't store a dead letter", &e))?;
        info!(letter.code, letter.reason, "dead letter stored");
        metrics::dead_letter(letter.code);
        Ok(())
    }
}

/// Returns a string attribute. Replaces control characters and empty text, which SQS rejects.
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
        .expect("an attribute has a data type")
}
