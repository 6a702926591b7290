//! The adapters of AWS, and how all of them call it.
//!
//! Every client has the same timeouts and repeats with jitter; whoever calls gives up before the function's deadline. What still
//! fails is [`Unavailable`], throttling too, and the queue or stream tries again later; only what no repetition mends is a
//! rejection.

mod bus;
mod dead_letters;
mod deliveries;
mod directory;
mod feedback;
mod images;
mod objects;
mod package;
mod post;
mod records;
mod schedule;
mod secret;
mod table;

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use testamur_pipeline::Unavailable;
use testamur_pipeline::error::chain;

pub use bus::EventBus;
pub use dead_letters::{DeadLetters, Letter};
pub use feedback::feedback;
pub use images::news;
pub use objects::Bucket;
pub use package::Package;
pub use post::Post;
pub use schedule::MailSchedule;
pub use secret::id_key;
pub use table::Table;

/// What all clients are made from: credentials and region of the environment, one pool of connections.
pub async fn sdk() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15));
    let retries = RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(100));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .timeout_config(timeouts.build())
        .retry_config(retries.with_max_backoff(Duration::from_secs(2)))
        .load()
        .await
}

/// The codes whose texts name resources and permissions. Other texts can repeat what was sent, which a learner may have typed.
const TOLD: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "NoSuchBucket", "ResourceNotFoundException", "ThrottlingException"];

/// A failed call.
fn unavailable<E, R>(action: impl Into<String>, error: &SdkError<E, R>) -> Unavailable
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    Unavailable::new(action, reason(error))
}

fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(_) => match (error.code(), error.message()) {
            (Some(code), Some(message)) if TOLD.contains(&code) => format!("{code}: {message}"),
            (Some(code), _) => code.to_owned(),
            _ => "an answer without a code".to_owned(),
        },
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => failure.as_connector_error().map_or("not sent".to_owned(), |e| chain(e)),
        SdkError::ResponseError(_) => "the answer can't be read".to_owned(),
        _ => "the request can't be made".to_owned(),
    }
}

/// Whether a write was refused by its condition.
fn is_condition(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
