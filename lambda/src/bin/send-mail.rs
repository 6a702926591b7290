//! Function `send-mail`: tells a learner of a certificate, once.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use testamur_lambda::aws::{self, Package, Post, Table};
use testamur_lambda::sqs::Consumer;
use testamur_lambda::{config, observe};
use testamur_pipeline::{CertificateGenerated, Notifier, events};

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let table = Table::new(&sdk, config::text("TESTAMUR_TABLE")?);
    let notifier = Notifier {
        directory: table.clone(),
        mailer: Post::new(&sdk, config::text("TESTAMUR_CONFIGURATION_SET")?),
        deliveries: table.clone(),
        suppressions: table,
        composer: Package(&sdk).composer().await?,
        confirmation: SignedDuration::from_secs(config::parsed::<u32>("TESTAMUR_MAIL_CONFIRMATION")?.into()),
    };
    let work = async |body: &str| {
        let event: CertificateGenerated = events::parse(body)?;
        observe::certificate(&event.certificate_id);
        observe::notified(notifier.notify(&event, Timestamp::now()).await?, &event);
        Ok(())
    };
    Consumer::from_environment(&sdk)?.run(work).await
}
