//! The adapters of AWS, one module for each service.
//!
//! All clients share timeouts and retries. A call that still fails is a [`TransientError`](testamur_pipeline::TransientError),
//! throttling included: the queue or the stream delivers the message again. Only a failure that no retry can fix is a rejection.

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
