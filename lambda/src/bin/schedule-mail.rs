//! Function `schedule-mail`: has the e-mail of a new certificate sent a little later.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use testamur_lambda::aws::{self, EventBridgeScheduler};
use testamur_lambda::handlers::SqsHandler;
use testamur_lambda::{config, telemetry};
use testamur_pipeline::CertificateGenerated;
use testamur_pipeline::model::events;
use testamur_pipeline::notify::schedule_notification;

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let schedule = EventBridgeScheduler::from_environment(&sdk)?;
    let delay = SignedDuration::from_secs(config::parsed::<u32>("TESTAMUR_MAIL_DELAY")?.into());
    let work = async |body: &str| {
        let mut event: CertificateGenerated = events::parse(body)?;
        telemetry::certificate(event.certificate_id);
        event.traceparent = telemetry::continued(event.traceparent);
        telemetry::outcome(
            schedule_notification(&schedule, &event, Timestamp::now(), delay).await?,
        );
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(work).await
}
