//! Function `bounce`: takes in what SES reports of e-mails, so that who can't or won't be reached gets no more.

use std::process::ExitCode;

use jiff::Timestamp;
use lambda_runtime::Error;
use testamur_lambda::aws::{self, Table, parse_ses_event};
use testamur_lambda::handlers::SqsHandler;
use testamur_lambda::{config, telemetry};
use testamur_pipeline::feedback::process_feedback;

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let table = Table::new(&sdk, config::text("TESTAMUR_TABLE")?);
    let work = async |body: &str| {
        if let Some(feedback) = parse_ses_event(body)? {
            telemetry::outcome(process_feedback(&table, &feedback, Timestamp::now()).await?);
        }
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(work).await
}
