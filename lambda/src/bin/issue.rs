//! The function `issue`: issues the certificates of completed courses. Only this one links Typst.

use std::process::ExitCode;

use jiff::Timestamp;
use lambda_runtime::Error;
use testamur_lambda::aws::{self, Assets, Bucket, Table};
use testamur_lambda::handlers::SqsHandler;
use testamur_lambda::{config, telemetry};
use testamur_pipeline::model::events;
use testamur_pipeline::{CourseCompleted, Issuer};

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let table = Table::new(&sdk, config::text("TESTAMUR_TABLE")?);
    let issuer = Issuer {
        directory: table.clone(),
        object_store: Bucket::new(&sdk, config::text("TESTAMUR_BUCKET")?),
        certificate_store: table,
        templates: Assets(&sdk).templates().await?,
        config: config::issue_config(aws::id_key(&sdk).await?)?,
    };
    let handle = async |body: &str| {
        let mut event: CourseCompleted = events::parse(body)?;
        telemetry::record_enrollment(&event.enrollment_id);
        event.traceparent = telemetry::outgoing_trace(event.traceparent);
        telemetry::issued(&issuer.issue(&event, Timestamp::now()).await?);
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(handle).await
}
