//! The function `send-mail`: sends the e-mail of a certificate, once.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use testamur_lambda::aws::{self, Assets, Bucket, SesMailer, Table};
use testamur_lambda::handlers::SqsHandler;
use testamur_lambda::{config, telemetry};
use testamur_pipeline::model::events;
use testamur_pipeline::{CertificateGenerated, Notifier};

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let table = Table::new(&sdk, config::text("TESTAMUR_TABLE")?);
    let confirmation = config::parsed::<u32>("TESTAMUR_MAIL_CONFIRMATION")?;
    let notifier = Notifier {
        directory: table.clone(),
        object_store: Bucket::new(&sdk, config::text("TESTAMUR_BUCKET")?),
        mailer: SesMailer::new(&sdk, config::text("TESTAMUR_CONFIGURATION_SET")?),
        delivery_log: table.clone(),
        suppression_list: table,
        composer: Assets(&sdk).composer().await?,
        claim_duration: SignedDuration::from_secs(confirmation.into()),
    };
    let handle = async |body: &str| {
        let event: CertificateGenerated = events::parse(body)?;
        telemetry::record_certificate(event.certificate_id);
        telemetry::notified(notifier.notify(&event, Timestamp::now()).await?, &event);
        Ok(())
    };
    SqsHandler::from_environment(&sdk)?.run(handle).await
}
