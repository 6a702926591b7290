//! The function `detect`.

use std::time::Duration;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{Fault, Proxy, Requests, StreamPoller, example_event};

use super::{assert_log_has_no_personal_data, dead_letters, paused_stack};

#[tokio::test]
async fn a_completion_is_published_once_and_edits_never() {
    let stack = paused_stack("detect").await;
    let recorder = stack.record_events().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    // Some DynamoDB clients write an empty string where they mean no value.
    stack.complete("u-ada", "e-1", "").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    stack.complete("u-ada", "e-1", "2026-11-21T00:00:00Z").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let created_as_completed = json!({
        "pk": "USER#u-grace", "sk": "ENROLLMENT#e-2", "type": "Enrollment",
        "userId": "u-grace", "courseId": "c-2", "enrollmentId": "e-2",
        "completionDate": "2026-11-20T10:00:00+01:00",
        "locale": "fr", "details": { "hours": 12, "score": 0.5 }, "traceparent": trace,
    });
    stack.put_item(created_as_completed).await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    // Without the filter of the event source mapping, the function itself must ignore the edits.
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await.unfiltered();
    for batch in stream.deliver_all(&mut detect, 10).await {
        assert!(batch.outcome.failures().is_empty(), "{batch:?}");
    }

    let events = recorder.details("CourseCompleted").await;
    let [first, second] = &events[..] else { panic!("{events:?}") };
    assert_eq!(first["enrollmentId"], "e-1");
    assert_eq!(first["completedAt"], "2026-11-20T14:03:21Z");
    assert_eq!(second["completedAt"], "2026-11-20T10:00:00+01:00");
    assert_eq!(second["locale"], "fr");
    assert_eq!(second["details"], json!({ "hours": 12, "score": 0.5 }));
    assert_eq!(second["traceparent"], trace);
    assert_log_has_no_personal_data(&mut detect);
}

#[tokio::test]
async fn unpublished_events_are_reported_and_delivered_again() {
    let stack = paused_stack("partial").await;
    let recorder = stack.record_events().await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut detect = stack.function("detect", proxy.endpoint()).await;
    for number in 1..=3 {
        stack.enroll_and_complete("u-ada", &format!("e-{number}")).await;
    }
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    let failed = r#"{"ErrorCode":"ThrottlingException","ErrorMessage":"slower"}"#;
    let response =
        format!(r#"{{"FailedEntryCount":2,"Entries":[{{"EventId":"1"}},{failed},{failed}]}}"#);
    proxy.inject(Requests::nth(1).to("events"), Fault::CustomResponse(200, response));
    let batch = stream.deliver(&mut detect).await.unwrap();
    assert_eq!(batch.outcome.failures(), batch.sequence_numbers[1..], "the second and the third");
    assert_eq!(batch.completed, 1);

    proxy.inject(Requests::all().to("events"), Fault::InternalError);
    let batch = stream.deliver(&mut detect).await.unwrap();
    assert_eq!(batch.outcome.failures(), batch.sequence_numbers);
    assert_eq!((batch.sequence_numbers.len(), batch.completed), (2, 0));

    proxy.clear();
    assert_eq!(stream.deliver(&mut detect).await.unwrap().completed, 2);
    // The proxy responded to the first event, so it never reached the bus.
    assert_eq!(recorder.details("CourseCompleted").await.len(), 2);
}

#[tokio::test]
async fn an_event_that_the_bus_rejects_becomes_a_dead_letter() {
    let stack = paused_stack("rejected").await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut detect = stack.function("detect", proxy.endpoint()).await;
    stack.enroll_and_complete("u-ada", "e-1").await;
    let response =
        r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"no"}]}"#;
    proxy.inject(Requests::nth(1).to("events"), Fault::CustomResponse(200, response.to_owned()));
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    assert_eq!(stream.deliver(&mut detect).await.unwrap().completed, 1);
    let letters = dead_letters(&stack, "DetectDeadLetters").await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.code, "bad-event");
    assert_eq!(letter.reason, "can't publish this event: MalformedDetail");
}

#[tokio::test]
async fn a_malformed_enrollment_becomes_a_dead_letter_with_its_keys() {
    let stack = paused_stack("malformed").await;
    let recorder = stack.record_events().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "last Friday").await;
    let incomplete = json!({
        "pk": "USER#u-ada", "sk": "ENROLLMENT#e-2", "type": "Enrollment", "completionDate": "x",
    });
    stack.put_item(incomplete).await;
    stack.enroll("u-grace", "c-2", "e-3").await;
    stack.complete("u-grace", "e-3", "2026-11-20T14:03:21Z").await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    let batch = stream.deliver(&mut detect).await.unwrap();
    assert!(batch.outcome.failures().is_empty(), "{batch:?}");
    assert_eq!(batch.completed, 3);
    assert_eq!(recorder.details("CourseCompleted").await.len(), 1);

    let mut letters = dead_letters(&stack, "DetectDeadLetters").await;
    letters.sort_by_key(|letter| letter.body.contains("e-2"));
    let [date, missing] = &letters[..] else { panic!("{letters:?}") };
    let expected = "invalid CourseCompleted event: completionDate is not an RFC 3339 timestamp, e.g. \
         2026-11-23T09:30:00Z";
    assert_eq!((date.code.as_str(), date.reason.as_str()), ("bad-event", expected));
    assert_eq!(missing.reason, "invalid CourseCompleted event: userId: missing");
    let body: Value = serde_json::from_str(&date.body).unwrap();
    let keys = json!({ "pk": { "S": "USER#u-ada" }, "sk": { "S": "ENROLLMENT#e-1" } });
    assert_eq!(body["keys"], keys);

    // docs/operations.md: remove the completion date, then write it again.
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    stream.deliver_all(&mut detect, 5).await;
    assert_eq!(recorder.details("CourseCompleted").await.len(), 2);
}

#[tokio::test]
async fn all_records_are_reported_before_the_timeout() {
    let stack = paused_stack("stream-deadline").await;
    let recorder = stack.record_events().await;
    let proxy = Proxy::start(&stack.endpoint).await;
    let mut detect = stack.function("detect", proxy.endpoint()).await;
    detect.start().await.unwrap();
    proxy.inject(Requests::all(), Fault::SlowResponse(Duration::from_secs(60)));
    let event = example_event("detect", "e-1");
    let outcome = detect.invoke_with_timeout(&event, Duration::from_secs(5)).await;
    assert_eq!(outcome.failures(), ["111"]);
    proxy.clear();
    assert!(detect.invoke(&event).await.failures().is_empty());
    assert!(!recorder.details("CourseCompleted").await.is_empty());
}
