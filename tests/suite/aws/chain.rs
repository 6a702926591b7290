//! The whole event flow in the emulator, from the completion of an enrollment to the e-mail: the
//! real template, the real functions, with their roles enforced.

use std::sync::LazyLock;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use testamur_pipeline::model::address::AddressHash;
use testamur_tests::aws_emulation::{Emulator, Stack, StreamPoller, wait_for};
use testamur_tests::{Program, python, tool};

use crate::completed;

const BASE_URL: &str = "https://certificates.example.org";

/// An emulator for these tests only, because an emulator polls the queues and streams of all its
/// stacks one after the other.
static EMULATOR: LazyLock<Emulator> = LazyLock::new(Emulator::start);

#[tokio::test]
async fn a_completion_becomes_a_certificate_and_an_email() {
    let stack = deploy(&EMULATOR, "chain").await;
    let recorder = stack.record_events().await;
    stack.enroll_and_complete("u-ada", "e-1").await;
    let record = wait_for_record(&stack, "u-ada", "e-1").await;
    let url = record["pdfUrl"].as_str().unwrap();
    let email = wait_for("e-mail", async || {
        let emails = stack.emails_to("u-ada@example.com").await;
        emails.into_iter().find(|email| email["BodyText"].to_string().contains(url))
    })
    .await;
    assert_eq!(email["Subject"], "Your certificate for Analytical Engines");
    let picture = format!("cid:picture-{}@testamur", record["certificateId"].as_str().unwrap());
    assert!(email["BodyHtml"].to_string().contains(&picture), "{}", email["BodyHtml"]);

    assert_same_certificate_locally(&stack, &record).await;

    let event = wait_for("CertificateGenerated event", async || {
        recorder.details("CertificateGenerated").await.pop()
    })
    .await;
    for name in
        ["certificateId", "userId", "courseId", "courseName", "userName", "issuedAt", "contentHash"]
    {
        assert_eq!(event[name], record[name], "{name}");
    }
    assert_eq!(event["certificateUrl"], record["pdfUrl"]);

    for name in ["detect", "issue", "schedule-mail", "send-mail"] {
        let log = stack.log(name).await.join("\n");
        assert!(log.contains("\"request_id\""), "{name} logs nothing:\n{log}");
        let has_personal_data = log.contains("Lovelace") || log.contains("@example.com");
        assert!(!has_personal_data, "{name} logs personal data:\n{log}");
    }
}

/// Asserts that the command line with the same id key issues the same certificate, byte for byte,
/// and that external programs accept its files.
async fn assert_same_certificate_locally(stack: &Stack, record: &Value) {
    let program = Program::new()
        .with("TESTAMUR_ID_KEY", &stack.id_key().await)
        .with("TESTAMUR_BASE_URL", BASE_URL);
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued, 1 e-mail");
    let local = program.json(&["show", "e-1"]).remove(0);
    for (name, value) in local.as_object().unwrap().iter().filter(|(name, _)| *name != "created") {
        assert_eq!(&record[name], value, "{name}");
    }
    for extension in ["pdf", "jpg", "social-card.jpg", "json"] {
        let path = program.certificate("e-1", extension);
        let key = format!("certificates/{}", path.file_name().unwrap().to_str().unwrap());
        let object = stack.object(&key).await.unwrap_or_else(|| panic!("no object {key}"));
        assert!(object == std::fs::read(&path).unwrap(), "{key} differs from the local file");
    }
    tool("qpdf", &["--check".as_ref(), program.certificate("e-1", "pdf").as_ref()]);
    let description = python("describe_jpg.py", &[program.certificate("e-1", "jpg").as_ref()]);
    let url = record["pdfUrl"].as_str().unwrap();
    assert_eq!(description, format!("JPEG 1684 1190 RGB 144 144\n{url}\n"));
}

#[tokio::test]
async fn repeated_changes_and_events_cause_no_duplicates() {
    let stack = deploy(&EMULATOR, "twice").await;
    let address = put_user(&stack, "u-twice").await;
    let recorder = stack.record_events().await;
    stack.enroll_and_complete("u-twice", "e-1").await;
    wait_for_record(&stack, "u-twice", "e-1").await;
    // The stream delivers all records again, to an instance of detect that publishes to the same
    // bus.
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.deliver_all(&mut detect, 5).await;
    // The same event is published once more.
    let detail = recorder.details("CourseCompleted").await.pop().unwrap().to_string();
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(stack.resource("Bus"))
        .source("testamur")
        .detail_type("CourseCompleted")
        .detail(detail)
        .build();
    stack.eventbridge.put_events().entries(entry).send().await.unwrap();
    wait_for("third CourseCompleted event", async || {
        (recorder.details("CourseCompleted").await.len() == 3).then_some(())
    })
    .await;
    wait_for("e-mail", async || stack.emails_to(&address).await.pop()).await;

    // A completed enrollment is edited.
    stack.complete("u-twice", "e-1", "2026-12-24T00:00:00Z").await;
    // Another enrollment is completed, so that the edit is certainly processed.
    stack.enroll_and_complete("u-twice", "e-2").await;
    wait_for_record(&stack, "u-twice", "e-2").await;
    wait_for("second e-mail", async || (stack.emails_to(&address).await.len() == 2).then_some(()))
        .await;
    stack.wait_until_idle().await;
    let records = stack.certificates("u-twice").await;
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.iter().all(|record| record["issuedAt"] == "2026-11-20T14:03:21Z"));
    assert_eq!(stack.emails_to(&address).await.len(), 2);
    assert_eq!(stack.list_objects("certificates/").await.len(), 8);
}

#[tokio::test]
async fn a_dead_letter_can_be_redriven_after_the_correction() {
    let stack = deploy(&EMULATOR, "redrive").await;
    stack.enroll_and_complete("u-nobody", "e-bad").await;
    stack.enroll_and_complete("u-ada", "e-good").await;
    wait_for_record(&stack, "u-ada", "e-good").await;
    let letter =
        wait_for("dead letter", async || stack.messages("CertificateDeadLetters").await.pop())
            .await;
    let reason = &letter["MessageAttributes"]["reason"]["StringValue"];
    assert_eq!(reason, "unknown user u-nobody: add it to the directory, then retry");

    put_user(&stack, "u-nobody").await;
    redrive(&stack, "CertificateDeadLetters", "CertificateQueue").await;
    wait_for_record(&stack, "u-nobody", "e-bad").await;
    assert!(stack.messages("CertificateDeadLetters").await.is_empty());
}

#[tokio::test]
async fn a_bounce_suppresses_later_emails_but_no_certificate() {
    let stack = deploy(&EMULATOR, "bounce").await;
    let address = put_user(&stack, "u-gone").await;
    stack.enroll_and_complete("u-gone", "e-1").await;
    wait_for("e-mail", async || stack.emails_to(&address).await.pop()).await;
    publish_bounce(&stack, &address).await;
    let key = format!("SUPPRESSION#{}", AddressHash::of(&address).as_str());
    wait_for("suppressed address", async || stack.item(&key, "SUPPRESSION").await).await;

    stack.enroll_and_complete("u-gone", "e-2").await;
    wait_for_record(&stack, "u-gone", "e-2").await;
    wait_for("metric MailSuppressed", async || {
        let log = stack.log("send-mail").await;
        log.iter().any(|line| line.contains("MailSuppressed")).then_some(())
    })
    .await;
    stack.wait_until_idle().await;
    assert_eq!(stack.emails_to(&address).await.len(), 1);
}

/// `cargo run -p testamur-tests --example burst` does the same with 1,000 completions.
#[tokio::test]
async fn a_burst_of_completions_is_issued_exactly_once() {
    let emulator = Emulator::start();
    deploy(&emulator, "burst").await.complete_burst(100).await;
}

async fn deploy(emulator: &Emulator, name: &str) -> Stack {
    let parameters = [("MailDelaySeconds", "1"), ("BaseUrl", BASE_URL)];
    let stack = Stack::deploy(emulator, name, &parameters).await;
    stack.seed().await;
    stack
}

/// Writes a user with an address that no other test uses. Returns the address.
async fn put_user(stack: &Stack, user: &str) -> String {
    let address = format!("{user}@{}.example.com", stack.name);
    stack.put_user(user, &address).await;
    address
}

async fn wait_for_record(stack: &Stack, user: &str, enrollment: &str) -> Value {
    wait_for(&format!("record of {enrollment}"), async || {
        let records = stack.certificates(user).await;
        records.into_iter().find(|record| record["enrollmentId"] == enrollment)
    })
    .await
}

/// Moves one message from one queue to another.
async fn redrive(stack: &Stack, source: &str, destination: &str) {
    let source = stack.resource(source);
    let received = stack.sqs.receive_message().queue_url(source).send().await.unwrap();
    let message = received.messages.unwrap().remove(0);
    stack
        .sqs
        .send_message()
        .queue_url(stack.resource(destination))
        .message_body(message.body.unwrap())
        .send()
        .await
        .unwrap();
    stack
        .sqs
        .delete_message()
        .queue_url(source)
        .receipt_handle(message.receipt_handle.unwrap())
        .send()
        .await
        .unwrap();
}

/// Publishes the event of a permanent bounce, which the emulator's SES does not publish. The source
/// is `test.ses`, because only SES may publish with the source `aws.ses`.
async fn publish_bounce(stack: &Stack, address: &str) {
    let set = stack.environment("send-mail").await["TESTAMUR_CONFIGURATION_SET"].clone();
    let detail = json!({
        "eventType": "Bounce",
        "mail": { "messageId": "1", "tags": { "ses:configuration-set": [set] } },
        "bounce": { "bounceType": "Permanent", "bouncedRecipients": [{ "emailAddress": address }] },
    });
    let entry = PutEventsRequestEntry::builder()
        .source("test.ses")
        .detail_type("Email Bounced")
        .detail(detail.to_string())
        .build();
    stack.eventbridge.put_events().entries(entry).send().await.unwrap();
}
