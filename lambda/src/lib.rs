//! The AWS functions: adapters for DynamoDB, S3, EventBridge, Scheduler, SES and SQS over the pipeline's ports in [`aws`], what all
//! functions share, and one thin binary for each in `src/bin`.
//!
//! It is the only crate that knows an AWS SDK, has no rule about certificates, and never depends on the command line. The
//! infrastructure around the functions is `template.yaml`.

pub mod aws;
pub mod config;
pub mod metrics;
pub mod observe;
pub mod sqs;
pub mod stream;
