//! The function `detect`: publishes completed courses and new certificates from the table's stream.

use std::process::ExitCode;

use lambda_runtime::Error;
use testamur_lambda::aws::{self, EventBus};
use testamur_lambda::config;
use testamur_lambda::handlers::StreamHandler;

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let bus = EventBus::new(&sdk, config::text("TESTAMUR_BUS")?, config::text("TESTAMUR_SOURCE")?);
    StreamHandler::from_environment(&sdk, bus)?.run().await
}
