//! Function `detect`: publishes what the table's stream tells of completed courses and new certificates.

use lambda_runtime::Error;
use testamur_lambda::aws::{self, EventBus};
use testamur_lambda::stream::Publisher;
use testamur_lambda::{config, observe};

#[tokio::main]
async fn main() -> Result<(), Error> {
    observe::start();
    let sdk = aws::sdk().await;
    let bus = EventBus::new(&sdk, config::text("TESTAMUR_BUS")?, config::text("TESTAMUR_SOURCE")?);
    Publisher::from_environment(&sdk, bus)?.run().await
}
