//! The functions on AWS, without AWS: adapters, single functions, faults, the template, and the whole chain.

mod adapters;
mod chain;
mod faults;
mod functions;
mod harness;
mod infrastructure;
mod traces;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{Emulator, Stack, queue_event};

/// A certificate id that no enrollment here has.
const CERTIFICATE: &str = "229520cf-f31e-8123-8f1c-2f2177bde1c6";

/// A batch for a function, each message received for the first time.
fn batch(bodies: &[String]) -> Value {
    let ids: Vec<_> = (1..=bodies.len()).map(|number| format!("m-{number}")).collect();
    queue_event("queue", ids.iter().zip(bodies).map(|(id, body)| (id.as_str(), 1, body.clone())))
}

/// The news of a certificate of Ada's; no record has to be there.
fn generated(certificate_id: &str) -> String {
    json!({
        "certificateId": certificate_id,
        "userId": "u-ada",
        "courseId": "c-1",
        "courseName": "Analytical Engines",
        "userName": "Ada Lovelace",
        "issuedAt": "2026-11-20T14:03:21Z",
        "certificateUrl": "https://certificates.example.com/certificates/1.pdf",
    })
    .to_string()
}

/// A stack in which only the test invokes functions.
async fn pause_triggers(name: &str) -> Stack {
    let stack = Stack::deploy(Emulator::shared(), name, &[]).await;
    stack.pause_triggers().await;
    stack.seed().await;
    stack
}
