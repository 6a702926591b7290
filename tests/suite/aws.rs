//! The functions in emulated AWS: adapters, single functions, faults, the template, the event flow.

mod adapters;
mod chain;
mod detect;
mod faults;
mod functions;
mod harness;
mod infrastructure;
mod issue;
mod mail;
mod traces;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{Emulator, Function, QueueMessage, Stack, queue_event};

/// A certificate id that no enrollment of the tests has.
const CERTIFICATE: &str = "229520cf-f31e-8123-8f1c-2f2177bde1c6";

/// A message in a dead-letter queue.
#[derive(Debug, PartialEq)]
struct DeadLetter {
    code: String,
    reason: String,
    body: String,
}

/// Deploys a stack in which only the test invokes functions.
async fn paused_stack(name: &str) -> Stack {
    let stack = Stack::deploy(Emulator::shared(), name, &[]).await;
    stack.pause_triggers().await;
    stack.seed().await;
    stack
}

/// Returns the event for a batch of messages `m-1`, `m-2` and so on, received for the first time.
fn batch(bodies: &[String]) -> Value {
    let messages = (1..).zip(bodies);
    queue_event(messages.map(|(number, body)| QueueMessage::new(format!("m-{number}"), body)))
}

/// Returns a `CertificateGenerated` event of Ada's. The record need not exist.
fn generated(certificate_id: &str) -> String {
    json!({
        "certificateId": certificate_id,
        "userId": "u-ada",
        "courseId": "c-1",
        "courseName": "Analytical Engines",
        "userName": "Ada Lovelace",
        "issuedAt": "2026-11-20T14:03:21Z",
        "issuedOn": "2026-11-20",
        "certificateUrl": "https://certificates.example.com/certificates/1.pdf",
    })
    .to_string()
}

/// Returns the event of [`generated`] with the content hash `0badcafe`, so its e-mail has a picture
/// if the bucket has [`picture`].
fn generated_with_hash(certificate_id: &str) -> String {
    let mut event: Value = serde_json::from_str(&generated(certificate_id)).unwrap();
    event["contentHash"] = "0badcafe".into();
    event.to_string()
}

/// Returns the key of the picture in the e-mail of [`generated_with_hash`].
fn picture(certificate_id: &str) -> String {
    format!("certificates/{certificate_id}-0badcafe.jpg")
}

/// Returns the dead letters in a queue.
async fn dead_letters(stack: &Stack, queue: &str) -> Vec<DeadLetter> {
    let attribute = |message: &Value, name: &str| {
        let value = message["MessageAttributes"][name]["StringValue"].as_str();
        value.unwrap_or_else(|| panic!("no attribute {name} in {message}")).to_owned()
    };
    let letter = |message: &Value| DeadLetter {
        code: attribute(message, "code"),
        reason: attribute(message, "reason"),
        body: message["Body"].as_str().unwrap().to_owned(),
    };
    stack.messages(queue).await.iter().map(letter).collect()
}

/// Asserts that every log line is JSON and contains no personal data of the test users. Ends the
/// function first, so that its log is complete.
fn assert_log_has_no_personal_data(function: &mut Function) {
    function.kill();
    for line in function.log() {
        let parsed: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(parsed.is_object(), "{line}");
        for text in ["Ada", "Lovelace", "Grace", "Hopper", "@example.com", "Analytical"] {
            assert!(!line.contains(text), "{text} is in {line}");
        }
    }
}

/// Returns the values of a metric in the log of a function that has ended.
fn metric(function: &Function, name: &str) -> Vec<f64> {
    let lines =
        function.log().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let value = |line: Value| {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array()?.clone();
        metrics.iter().any(|metric| metric["Name"] == name).then(|| line[name].as_f64().unwrap())
    };
    lines.filter_map(value).collect()
}
