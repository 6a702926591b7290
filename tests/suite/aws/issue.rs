//! The function `issue`.

use std::time::Duration;

use serde_json::{Value, json};
use testamur_pipeline::{CertificateId, IdKey};
use testamur_tests::aws_emulation::{
    Fault, InvocationOutcome, Proxy, QueueMessage, Requests, queue_event,
};

use super::{assert_log_has_no_personal_data, batch, dead_letters, metric, paused_stack};
use crate::completed;

#[tokio::test]
async fn each_message_of_a_batch_is_handled_independently() {
    let stack = paused_stack("issue").await;
    let mut issue = stack.function("issue", &stack.endpoint).await;
    let bodies = [
        envelope(&completed("u-ada", "c-1", "e-1")),
        envelope(&completed("u-nobody", "c-1", "e-2")),
        "not an event: Ada Lovelace".to_owned(),
        completed("u-grace", "c-2", "e-3").to_string(),
        envelope(&completed("u-ada", "c-1", "e-1")),
    ];
    let outcome = issue.invoke(&batch(&bodies)).await;
    assert!(outcome.failures().is_empty(), "{outcome:?}");

    let certificates =
        [stack.certificates("u-ada").await, stack.certificates("u-grace").await].concat();
    assert_eq!(certificates.len(), 2, "{certificates:?}");
    for record in &certificates {
        let id = record["certificateId"].as_str().unwrap();
        let content_hash = record["contentHash"].as_str().unwrap();
        let objects = stack.list_objects(&format!("certificates/{id}")).await;
        let keys: Vec<_> = objects.iter().map(|object| object.key.as_str()).collect();
        let expected = ["jpg", "json", "pdf", "social-card.jpg"]
            .map(|extension| format!("certificates/{id}-{content_hash}.{extension}"));
        assert_eq!(keys, expected);
    }

    let mut letters = dead_letters(&stack, "CertificateDeadLetters").await;
    letters.sort_by(|a, b| a.code.cmp(&b.code));
    let [malformed, unknown] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(malformed.code, "bad-event");
    assert_eq!(malformed.body, bodies[2]);
    assert_eq!(
        malformed.reason,
        "invalid CourseCompleted event: not JSON: expected ident at line 1 column 2"
    );
    assert_eq!(unknown.code, "unknown-user");
    assert_eq!(unknown.body, bodies[1]);
    assert_eq!(unknown.reason, "unknown user u-nobody: add it to the directory, then retry");

    assert_log_has_no_personal_data(&mut issue);
    let log = issue.log().join("\n");
    for id in ["e-1", "e-2", "e-3", "m-2", "\"request_id\":"] {
        assert!(log.contains(id), "{id} is not in\n{log}");
    }
    for record in &certificates {
        assert!(log.contains(record["certificateId"].as_str().unwrap()), "{log}");
    }

    assert_eq!(metric(&issue, "Issued"), [1.0, 1.0]);
    assert_eq!(metric(&issue, "AlreadyIssued"), [1.0]);
    assert_eq!(metric(&issue, "DeadLetters"), [1.0, 1.0]);
    assert_eq!(metric(&issue, "ColdStart").len(), 1);
    assert_eq!(metric(&issue, "LatencyMs").len(), 2);
    // The two messages about e-1 may be laid out at the same time.
    let layout_times = metric(&issue, "LayoutMs");
    assert!((2..=3).contains(&layout_times.len()), "{layout_times:?}");
    assert!(layout_times.iter().all(|time| *time > 0.0), "{layout_times:?}");
}

#[tokio::test]
async fn an_event_in_utc_has_the_date_of_the_stack() {
    let stack = paused_stack("zone").await;
    let issue = stack.function("issue", &stack.endpoint).await;
    let mut issue = issue.with_variable("TESTAMUR_TIME_ZONE", "America/Los_Angeles");
    let event = |id: &str, time: &str| {
        let mut event = completed("u-ada", "c-1", id);
        event["completedAt"] = time.into();
        envelope(&event)
    };
    let in_utc = event("e-1", "2020-07-04T03:15:00Z");
    let elsewhere = event("e-2", "2020-07-04T05:15:00+02:00");
    let outcome = issue.invoke(&batch(&[in_utc.clone(), elsewhere])).await;
    assert!(outcome.failures().is_empty(), "{outcome:?}");
    let certificates = stack.certificates("u-ada").await;
    assert_eq!(certificates.len(), 2, "{certificates:?}");
    for record in &certificates {
        let day = if record["enrollmentId"] == "e-1" { "2020-07-03" } else { "2020-07-04" };
        assert_eq!(record["issuedOn"], day, "{record}");
        assert_eq!(record["issuedAt"], "2020-07-04T03:15:00Z");
    }
    // A certificate that is issued stays as it is.
    let mut moved = stack.function("issue", &stack.endpoint).await;
    let outcome = moved.invoke(&batch(&[in_utc])).await;
    assert!(outcome.failures().is_empty(), "{outcome:?}");
    assert_eq!(stack.certificates("u-ada").await, certificates);
}

#[tokio::test]
async fn a_retryable_error_becomes_a_dead_letter_at_the_last_receive() {
    let stack = paused_stack("retries").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut issue = stack.function("issue", proxy.endpoint()).await;
    issue.start().await.unwrap();
    proxy.inject(Requests::all().to("s3"), Fault::InternalError);
    let max_receives = stack.environment("issue").await["TESTAMUR_MAX_RECEIVES"].clone();
    let max_receives: u32 = max_receives.as_str().unwrap().parse().unwrap();
    let body = completed("u-ada", "c-1", "e-1").to_string();
    let receive = |count| queue_event([QueueMessage::new("m-1", body.clone()).received(count)]);
    for count in [1, max_receives - 1] {
        assert_eq!(issue.invoke(&receive(count)).await.failures(), ["m-1"], "receive {count}");
    }
    assert_eq!(dead_letters(&stack, "CertificateDeadLetters").await, []);
    assert!(issue.invoke(&receive(max_receives)).await.failures().is_empty());
    let letters = dead_letters(&stack, "CertificateDeadLetters").await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.code, "retries-exhausted");
    assert_eq!(letter.body, body);
    assert!(letter.reason.starts_with("can't store certificates/"), "{letter:?}");
    assert!(letter.reason.contains("InternalError"), "{letter:?}");

    // The dead letter can be redriven.
    proxy.clear();
    assert!(issue.invoke(&receive(1)).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 1);
    assert_log_has_no_personal_data(&mut issue);
}

#[tokio::test]
async fn a_message_is_retried_if_its_dead_letter_cannot_be_stored() {
    let stack = paused_stack("no-dead-letters").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut issue = stack.function("issue", proxy.endpoint()).await;
    issue.start().await.unwrap();
    proxy.inject(Requests::all().to("sqs"), Fault::InternalError);
    let unknown_user = batch(&[completed("u-nobody", "c-1", "e-2").to_string()]);
    assert_eq!(issue.invoke(&unknown_user).await.failures(), ["m-1"]);
    proxy.clear();
    assert!(issue.invoke(&unknown_user).await.failures().is_empty());
    assert_eq!(dead_letters(&stack, "CertificateDeadLetters").await.len(), 1);
}

#[tokio::test]
async fn unfinished_messages_are_reported_before_the_timeout() {
    let stack = paused_stack("deadline").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut issue = stack.function("issue", proxy.endpoint()).await;
    issue.start().await.unwrap();
    let mut bodies: Vec<_> = (1..10)
        .map(|number| completed("u-ada", "c-1", &format!("e-{number}")).to_string())
        .collect();
    bodies.push("{}".to_owned());

    // One of ten certificates can't be stored in time. The others are issued; the last message
    // becomes a dead letter.
    let id_key = IdKey::from_hex(&stack.id_key().await).unwrap();
    let slow = CertificateId::derive(&id_key, "e-1");
    let its_objects = format!("PUT /{}/certificates/{slow}", stack.resource("Bucket"));
    let minute = Duration::from_secs(60);
    proxy.inject(Requests::all().to("s3").action(&its_objects), Fault::SlowResponse(minute));
    let outcome = issue.invoke_with_timeout(&batch(&bodies), Duration::from_secs(17)).await;
    assert_eq!(outcome.failures(), ["m-1"]);
    assert_eq!(stack.certificates("u-ada").await.len(), 8);
    assert_eq!(dead_letters(&stack, "CertificateDeadLetters").await.len(), 1);

    // AWS does not respond at all. With the shorter timeout no message is started.
    proxy.inject(Requests::all(), Fault::SlowResponse(minute));
    for timeout in [12, 4].map(Duration::from_secs) {
        let outcome = issue.invoke_with_timeout(&batch(&bodies[..2]), timeout).await;
        assert_eq!(sorted_failures(&outcome), ["m-1", "m-2"], "{timeout:?}");
    }

    proxy.clear();
    assert!(issue.invoke(&batch(&bodies[..9])).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 9);
    issue.kill();
    let reason = "out of time: the function's deadline is near";
    assert!(issue.log().iter().any(|line| line.contains(reason)));
}

fn sorted_failures(outcome: &InvocationOutcome) -> Vec<&str> {
    let mut failures = outcome.failures();
    failures.sort_unstable();
    failures
}

fn envelope(detail: &Value) -> String {
    json!({
        "version": "0",
        "detail-type": "CourseCompleted",
        "source": "testamur",
        "detail": detail,
    })
    .to_string()
}
