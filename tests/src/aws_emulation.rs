//! AWS without AWS: emulators on loopback, the real functions in them or beside them, and faults between the two.
//!
//! Three tiers. A [`Function`] is one real function as a process of its own, which a test hands events, kills and reads. A
//! [`Stack`] is `lambda/template.yaml` in the [`Emulator`], which runs the functions itself, with their roles enforced. A
//! [`Proxy`] stands before an emulator and fails requests, and [`StreamPoller`] hands over a table's stream by AWS's rules,
//! which the emulator does not keep. Only installing the emulators reaches the network, and nothing outlives the test process.

mod collector;
mod emulator;
mod event_recorder;
mod events;
mod fault;
mod function;
mod http;
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

pub use collector::Collector;
pub use emulator::{Emulator, Moto};
pub use event_recorder::EventRecorder;
pub use events::{example_event, queue_event};
pub use fault::{Fault, When};
pub use function::{Answer, Function, Invocation, Killer};
pub use http::Cloud;
pub use packages::{FUNCTIONS, unpack};
pub use proxy::{Held, Moment, Proxy};
pub use request::Seen;
pub use seed::Completion;
pub use stack::Stack;
pub use stream::{StreamPoller, Turn};

/// The region of every test.
pub const REGION: &str = "us-east-1";

/// The account that the emulators give to the dummy credentials.
pub const ACCOUNT: &str = "000000000000";

/// How long a test waits before it fails: schedules fire late and machines are busy.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What a client of an emulator needs to know: its address, the region, dummy credentials that may do everything, plain HTTP.
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

/// Asks again and again until there is something, and fails, saying what it waited for, when patience ends.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(started.elapsed() < TIMEOUT, "waited {} s in vain for {what}", TIMEOUT.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
