//! The AWS functions: adapters for DynamoDB, S3, EventBridge, Scheduler, SES and SQS over the pipeline's ports in [`aws`], what all
//! functions share, and one thin binary for each in `src/bin`.
//!
//! It is the only crate that knows an AWS SDK, has no rule about certificates, and never depends on the command line. The
//! infrastructure around the functions is `template.yaml`.

pub mod aws;
pub mod config;
mod deadline;
pub mod handlers;
pub mod telemetry;

use std::process::ExitCode;

use testamur_pipeline::error::chain;

/// Runs a function for as long as Lambda lets it live, and says why if it can't start.
pub async fn run(function: impl Future<Output = Result<(), lambda_runtime::Error>>) -> ExitCode {
    telemetry::start();
    match function.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "can't start");
            ExitCode::FAILURE
        }
    }
}
