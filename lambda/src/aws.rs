//! Implementations of the pipeline's ports with AWS, one module per service.
//!
//! All clients share timeouts and retries, see [`sdk`]. A call that fails nevertheless is a
//! [`TransientError`](testamur_pipeline::TransientError), throttling included, and the queue or the
//! stream delivers the message again. Only an error that no retry can resolve is a rejection.

mod client;
mod dynamodb;
mod eventbridge;
mod s3;
mod scheduler;
mod secrets_manager;
mod ses;
mod sqs;

pub use client::sdk;
pub use dynamodb::{Table, parse_change};
pub use eventbridge::EventBus;
pub use s3::{Assets, Bucket};
pub use scheduler::EventBridgeScheduler;
pub use secrets_manager::id_key;
pub use ses::{SesMailer, parse_ses_event};
pub use sqs::{DeadLetter, DeadLetterQueue};
