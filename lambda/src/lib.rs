//! The AWS Lambda functions: one thin binary per function in `src/bin`, and the code that they
//! share.
//!
//! [`aws`] implements the pipeline's ports with DynamoDB, S3, EventBridge, Scheduler, SES and SQS.
//! [`handlers`] runs a use case for each message of an invocation, and [`telemetry`] logs, counts
//! and traces the result.
//!
//! Only this crate depends on the AWS SDKs. It contains no rule about certificates and does not
//! depend on the command line. `template.yaml` describes the infrastructure around the functions.

pub mod aws;
pub mod config;
mod deadline;
pub mod handlers;
pub mod telemetry;

use std::process::ExitCode;

use testamur_pipeline::error::chain;

/// Runs a function until Lambda ends the process. If the function fails to start, logs the reason
/// and returns [`ExitCode::FAILURE`], which Lambda counts as an error.
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
