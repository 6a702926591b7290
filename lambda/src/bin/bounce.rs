//! The function `bounce`: confirms sent e-mails and suppresses addresses that bounced or
//! complained.

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
    let handle = async |body: &str| {
        if let Some(event) = parse_ses_event(body)? {
            let outcome = process_feedback(&table, &event, Timestamp::now()).await?;
            telemetry::feedback_processed(outcome);
        }
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(handle).await
}
