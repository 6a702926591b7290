//! The configuration that all clients share, and what their errors become.

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use testamur_pipeline::TransientError;
use testamur_pipeline::error::chain;

/// What all clients are made from: credentials and region of the environment, one pool of connections.
pub async fn sdk() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15));
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(100));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .timeout_config(timeouts.build())
        .retry_config(retries.with_max_backoff(Duration::from_secs(2)))
        .load()
        .await
}

/// The codes whose texts name resources and permissions. Other texts can repeat what was sent, which a learner may have typed.
const SAFE_ERROR_CODES: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "ThrottlingException",
];

/// A failed call.
pub(super) fn transient<E, R>(action: impl Into<String>, error: &SdkError<E, R>) -> TransientError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    TransientError::new(action, reason(error))
}

pub(super) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(_) => match (error.code(), error.message()) {
            (Some(code), Some(message)) if SAFE_ERROR_CODES.contains(&code) => {
                format!("{code}: {message}")
            }
            (Some(code), _) => code.to_owned(),
            _ => "an answer without a code".to_owned(),
        },
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or("not sent".to_owned(), |e| chain(e))
        }
        SdkError::ResponseError(_) => "the answer can't be read".to_owned(),
        _ => "the request can't be made".to_owned(),
    }
}

/// Whether a write was refused by its condition.
pub(super) fn is_condition(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
