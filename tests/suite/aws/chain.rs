//! The whole chain in the emulator: the real template, the real functions, their roles enforced, from the completion of an
//! enrollment to the e-mail.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use testamur_tests::aws_emulation::{Emulator, Stack, StreamPoller, configuration, until};
use testamur_tests::{Program, python, tool};

use crate::completed;

const BASE_URL: &str = "https://certificates.example.org";

/// One for these tests alone: an emulator asks all queues and streams of all stacks in turn.
static EMULATOR: LazyLock<Emulator> = LazyLock::new(Emulator::start);

async fn deploy(name: &str) -> Stack {
    deploy_into(&EMULATOR, name).await
}

async fn deploy_into(emulator: &Emulator, name: &str) -> Stack {
    let stack =
        Stack::deploy(emulator, name, &[("MailDelaySeconds", "1"), ("BaseUrl", BASE_URL)]).await;
    stack.seed().await;
    stack
}

/// A learner of a test's own, by whose address its e-mails are told apart.
async fn learner(stack: &Stack, user: &str) -> String {
    let address = format!("{user}@{}.example.com", stack.name);
    stack.learner(user, &address).await;
    address
}

async fn finish(stack: &Stack, user: &str, enrollment: &str) {
    stack.enroll(user, "c-1", enrollment).await;
    stack.complete(user, enrollment, "2026-11-20T14:03:21Z").await;
}

async fn record(stack: &Stack, user: &str, enrollment: &str) -> Value {
    until(&format!("the record of {enrollment}"), async || {
        stack
            .certificates(user)
            .await
            .into_iter()
            .find(|record| record["enrollmentId"] == enrollment)
    })
    .await
}

/// Waits until nothing moves any more, seen twice: no schedule waits, and all queues are empty.
async fn at_rest(stack: &Stack) {
    for _ in 0..2 {
        until("the stack to come to rest", async || {
            if !stack.scheduled().await.is_empty() {
                return None;
            }
            for queue in ["CertificateQueue", "ScheduleQueue", "MailQueue", "BounceQueue"] {
                if !stack.messages(queue).await.is_empty() {
                    return None;
                }
            }
            Some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The local program with the id key of the stack, so that both make the same ids.
async fn same_locally(stack: &Stack) -> Program {
    let secrets = aws_sdk_secretsmanager::Client::new(&configuration(&stack.endpoint));
    let secret =
        secrets.get_secret_value().secret_id(stack.resource("IdKey")).send().await.unwrap();
    Program::new()
        .with("TESTAMUR_ID_KEY", secret.secret_string().unwrap())
        .with("TESTAMUR_BASE_URL", BASE_URL)
}

#[tokio::test]
async fn a_completed_course_becomes_the_same_certificate_as_on_one_machine_and_an_e_mail() {
    let stack = deploy("chain").await;
    let recorder = stack.recorder().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    let record = record(&stack, "u-ada", "e-1").await;
    let mail = until("the e-mail", async || {
        let url = record["pdfUrl"].as_str().unwrap();
        stack
            .mails_to("u-ada@example.com")
            .await
            .into_iter()
            .find(|mail| mail["BodyText"].to_string().contains(url))
    })
    .await;

    let program = same_locally(&stack).await;
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued, 1 e-mail");
    let local = program.json(&["show", "e-1"]).remove(0);
    for (name, value) in local.as_object().unwrap().iter().filter(|(name, _)| *name != "created") {
        assert_eq!(&record[name], value, "{name}");
    }
    for extension in ["pdf", "jpg", "social-card.jpg", "json"] {
        let path = program.certificate("e-1", extension);
        let key = format!("certificates/{}", path.file_name().unwrap().to_str().unwrap());
        let object = stack.object(&key).await.unwrap_or_else(|| panic!("no {key}"));
        assert!(object == std::fs::read(&path).unwrap(), "{key} differs from the local one");
    }
    let pdf = program.certificate("e-1", "pdf");
    tool("qpdf", &["--check".as_ref(), pdf.as_ref()]);
    let described = python("describe_jpg.py", &[program.certificate("e-1", "jpg").as_ref()]);
    assert_eq!(
        described,
        format!("JPEG 1684 1190 RGB 144 144\n{}\n", record["pdfUrl"].as_str().unwrap())
    );

    assert_eq!(mail["Subject"], "Your certificate for Analytical Engines");

    let generated =
        until("the news", async || recorder.details("CertificateGenerated").await.pop()).await;
    let names = ["certificateId", "userId", "courseId", "courseName", "userName", "issuedAt"];
    assert!(names.iter().all(|name| generated[name] == record[name]), "{generated} {record}");
    assert_eq!(generated["certificateUrl"], record["pdfUrl"]);
    for name in ["detect", "issue", "schedule-mail", "send-mail"] {
        let log = stack.log(name).await.join("\n");
        assert!(log.contains("\"request_id\""), "{name} logs nothing:\n{log}");
        assert!(
            !log.contains("Lovelace") && !log.contains("@example.com"),
            "{name} logs personal data:\n{log}"
        );
    }
}

#[tokio::test]
async fn the_same_change_twice_and_the_same_event_twice_are_one_certificate_and_one_e_mail() {
    let stack = deploy("twice").await;
    let address = learner(&stack, "u-twice").await;
    let recorder = stack.recorder().await;
    finish(&stack, "u-twice", "e-1").await;
    record(&stack, "u-twice", "e-1").await;
    // The stream gives everything again, to a function that publishes to the living stack.
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    stream.drain(&mut detect, 5).await;
    let detail = recorder.details("CourseCompleted").await.pop().unwrap().to_string();
    let entry =
        PutEventsRequestEntry::builder().event_bus_name(stack.resource("Bus")).source("testamur");
    let entry = entry.detail_type("CourseCompleted").detail(detail).build();
    stack.buses.put_events().entries(entry).send().await.unwrap();
    until("three CourseCompleted", async || {
        (recorder.details("CourseCompleted").await.len() == 3).then_some(())
    })
    .await;
    until("the e-mail", async || stack.mails_to(&address).await.pop()).await;

    // A later edit of a completed enrollment.
    stack.complete("u-twice", "e-1", "2026-12-24T00:00:00Z").await;
    finish(&stack, "u-twice", "e-2").await;
    record(&stack, "u-twice", "e-2").await;
    until("the second e-mail", async || (stack.mails_to(&address).await.len() == 2).then_some(()))
        .await;
    at_rest(&stack).await;
    let records = stack.certificates("u-twice").await;
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.iter().all(|record| record["issuedAt"] == "2026-11-20T14:03:21Z"));
    assert_eq!(stack.mails_to(&address).await.len(), 2);
    assert_eq!(stack.objects_below("certificates/").await.len(), 8);
}

#[tokio::test]
async fn a_bad_enrolment_harms_no_other_and_its_dead_letter_is_issued_once_repaired_and_sent_again()
{
    let stack = deploy("repair").await;
    finish(&stack, "u-nobody", "e-bad").await;
    finish(&stack, "u-ada", "e-good").await;
    record(&stack, "u-ada", "e-good").await;
    let letter =
        until("the dead letter", async || stack.messages("CertificateDeadLetters").await.pop())
            .await;
    let reason = &letter["MessageAttributes"]["reason"]["StringValue"];
    assert_eq!(reason, "unknown user u-nobody: add it to the directory, then retry");

    learner(&stack, "u-nobody").await;
    let (dead, queue) =
        (stack.resource("CertificateDeadLetters"), stack.resource("CertificateQueue"));
    let received = stack
        .queues
        .receive_message()
        .queue_url(dead)
        .message_attribute_names("All")
        .send()
        .await
        .unwrap();
    let message = received.messages.unwrap().remove(0);
    stack
        .queues
        .send_message()
        .queue_url(queue)
        .message_body(message.body.unwrap())
        .send()
        .await
        .unwrap();
    stack
        .queues
        .delete_message()
        .queue_url(dead)
        .receipt_handle(message.receipt_handle.unwrap())
        .send()
        .await
        .unwrap();
    record(&stack, "u-nobody", "e-bad").await;
    assert!(stack.messages("CertificateDeadLetters").await.is_empty());
}

#[tokio::test]
async fn a_bounce_suppresses_the_next_e_mail_and_not_the_next_certificate() {
    let stack = deploy("bounce").await;
    let address = learner(&stack, "u-gone").await;
    finish(&stack, "u-gone", "e-1").await;
    until("the e-mail", async || stack.mails_to(&address).await.pop()).await;
    // The emulator reports nothing by itself and lets nobody publish as SES, so this is what SES would say, under another name.
    let set = stack.environment("send-mail").await["TESTAMUR_CONFIGURATION_SET"].clone();
    let detail = json!({
        "eventType": "Bounce",
        "mail": { "messageId": "1", "tags": { "ses:configuration-set": [set] } },
        "bounce": { "bounceType": "Permanent", "bouncedRecipients": [{ "emailAddress": address }] },
    });
    let entry = PutEventsRequestEntry::builder().source("test.ses").detail_type("Email Bounced");
    stack
        .buses
        .put_events()
        .entries(entry.detail(detail.to_string()).build())
        .send()
        .await
        .unwrap();
    let hash = testamur_pipeline::model::address::AddressHash::of(&address);
    let key = format!("SUPPRESSION#{}", hash.as_str());
    until("the suppression", async || stack.item(&key, "SUPPRESSION").await).await;

    finish(&stack, "u-gone", "e-2").await;
    record(&stack, "u-gone", "e-2").await;
    until("the decision about the e-mail", async || {
        stack
            .log("send-mail")
            .await
            .iter()
            .any(|line| line.contains("MailSuppressed"))
            .then_some(())
    })
    .await;
    at_rest(&stack).await;
    assert_eq!(stack.mails_to(&address).await.len(), 1);
}

#[tokio::test]
async fn a_thousand_completions_at_once_are_a_thousand_certificates_and_e_mails() {
    const COUNT: usize = 1000;
    let emulator = Emulator::start();
    let stack = deploy_into(&emulator, "burst").await;
    let address = learner(&stack, "u-burst").await;
    let enrollments: Vec<_> = (0..COUNT).map(|number| format!("e-{number}")).collect();
    let finish_all =
        futures_util::future::join_all(enrollments.iter().map(|id| finish(&stack, "u-burst", id)));
    finish_all.await;
    let mut before = 0;
    // Each time something must have moved.
    while before < COUNT {
        before = until("more certificates", async || {
            let count = stack.objects_below("certificates/").await.len() / 4;
            (count > before).then_some(count)
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let mut mailed = 0;
    while mailed < COUNT {
        mailed = until("more e-mails", async || {
            let count = stack.mails_to(&address).await.len();
            (count > mailed).then_some(count)
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    at_rest(&stack).await;
    let objects = stack.objects_below("certificates/").await;
    assert_eq!(objects.len(), COUNT * 4);
    let mails = stack.mails_to(&address).await;
    assert_eq!(mails.len(), COUNT);
    let ids: BTreeSet<_> = objects.iter().map(|(key, _)| key.split('.').next().unwrap()).collect();
    assert_eq!(ids.len(), COUNT);
    for dead in
        ["CertificateDeadLetters", "ScheduleDeadLetters", "MailDeadLetters", "DetectDeadLetters"]
    {
        assert!(stack.messages(dead).await.is_empty(), "{dead}");
    }
}
