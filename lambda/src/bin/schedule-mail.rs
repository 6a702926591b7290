//! The function `schedule-mail`: schedules the e-mail of a new certificate.

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
    let scheduler = EventBridgeScheduler::from_environment(&sdk)?;
    let delay = SignedDuration::from_secs(config::parsed::<u32>("TESTAMUR_MAIL_DELAY")?.into());
    let handle = async |body: &str| {
        let mut event: CertificateGenerated = events::parse(body)?;
        telemetry::record_certificate(event.certificate_id);
        event.traceparent = telemetry::outgoing_trace(event.traceparent);
        let outcome = schedule_notification(&scheduler, &event, Timestamp::now(), delay).await?;
        telemetry::scheduled(outcome);
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(handle).await
}
