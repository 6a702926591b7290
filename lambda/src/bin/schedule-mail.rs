//! Function `schedule-mail`: has the e-mail of a new certificate sent a little later.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use testamur_lambda::aws::{self, MailSchedule};
use testamur_lambda::sqs::Consumer;
use testamur_lambda::{config, observe};
use testamur_pipeline::notify::notify_later;
use testamur_pipeline::{CertificateGenerated, events};

#[tokio::main]
async fn main() -> ExitCode {
    testamur_lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let sdk = aws::sdk().await;
    let schedule = MailSchedule::from_environment(&sdk)?;
    let delay = SignedDuration::from_secs(config::parsed::<u32>("TESTAMUR_MAIL_DELAY")?.into());
    let work = async |body: &str| {
        let mut event: CertificateGenerated = events::parse(body)?;
        observe::certificate(&event.certificate_id);
        event.traceparent = observe::continued(event.traceparent);
        observe::outcome(notify_later(&schedule, &event, Timestamp::now(), delay).await?);
        Ok(())
    };
    Consumer::from_environment(&sdk)?.run(work).await
}
