//! An emulation of AWS on the loopback interface, with the real functions and injected faults.
//!
//! - A [`Function`] is one of the real functions in a process of its own. A test invokes it, kills
//!   it and reads its log.
//! - A [`Stack`] is `lambda/template.yaml`, deployed to an [`Emulator`], which invokes the
//!   functions and enforces their IAM roles.
//! - A [`Proxy`] in front of an emulator records requests and makes some of them fail.
//! - A [`StreamPoller`] delivers a table's stream by the rules of AWS, which the emulator does not
//!   implement completely.
//!
//! Only the installation of the emulators needs the network. No process outlives the test process.

mod api;
mod burst;
mod collector;
mod emulator;
mod event_recorder;
mod events;
mod fault;
mod function;
mod packages;
mod proxy;
mod queries;
mod request;
mod runtime_api;
mod seed;
mod stack;
mod stream;

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};

pub use api::EmulatorApi;
pub use collector::Collector;
pub use emulator::{Emulator, Moto};
pub use event_recorder::EventRecorder;
pub use events::{QueueMessage, example_event, queue_event};
pub use fault::{Fault, Requests};
pub use function::{Function, Invocation, InvocationOutcome, KillHandle};
pub use packages::{FUNCTIONS, unpack};
pub use proxy::{HeldRequest, HoldAt, Proxy};
pub use queries::StoredObject;
pub use request::RecordedRequest;
pub use seed::Completion;
pub use stack::Stack;
pub use stream::{DeliveredBatch, StreamPoller};

/// The region of all tests.
pub const REGION: &str = "us-east-1";

/// The account that the emulators assign to the dummy credentials.
pub const ACCOUNT: &str = "000000000000";

/// How long a test waits for a condition before it fails. Schedules fire late, and the machine may
/// be busy.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns the SDK configuration for an emulator: its endpoint, [`REGION`], and dummy credentials
/// with all permissions.
#[must_use]
pub fn configuration(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// Calls `probe` every 50 ms until it returns a value. Panics after two minutes; the message
/// contains `what`.
pub async fn wait_for<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(started.elapsed() < TIMEOUT, "no {what} after {} s", TIMEOUT.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
