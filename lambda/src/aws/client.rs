//! The configuration that all clients share, and the conversion of their errors.

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

/// The error codes whose messages are safe to log, because they name resources and permissions
/// only. The messages of other codes can repeat the request, which may contain personal data.
const SAFE_ERROR_CODES: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "ThrottlingException",
];

/// Returns the configuration for all clients: credentials and region from the environment, a shared
/// connection pool, up to four attempts of 5 seconds each, and 15 seconds for a call in total.
pub async fn sdk() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(Duration::from_secs(2));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .timeout_config(timeouts)
        .retry_config(retries)
        .load()
        .await
}

/// Converts the error of a failed call. `action` is what was attempted, such as `can't store
/// a.pdf`.
pub(super) fn transient<E, R>(action: impl Into<String>, error: &SdkError<E, R>) -> TransientError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    TransientError::new(action, reason(error))
}

/// Returns why a call failed, without the service's message unless its code is in
/// [`SAFE_ERROR_CODES`].
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
            _ => "an error without a code".to_owned(),
        },
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or("the request failed".to_owned(), |e| chain(e))
        }
        SdkError::ResponseError(_) => "the response is malformed".to_owned(),
        _ => "the request can't be built".to_owned(),
    }
}

/// Returns whether a conditional write failed because its condition was false.
pub(super) fn is_condition_failure(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
