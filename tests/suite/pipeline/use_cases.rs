//! The decisions of the use cases that depend on no deployment.

use jiff::Timestamp;
use serde_json::{Map, Value};
use testamur_pipeline::detect::{Enrollment, detect_certificate, detect_completion};
use testamur_pipeline::feedback::{EmailEvent, FeedbackOutcome, process_feedback};
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::model::events;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::{Course, SuppressionReason, User};
use testamur_pipeline::testing::contract;
use testamur_pipeline::testing::memory::Memory;
use testamur_pipeline::{CertificateId, CertificateRecord, CourseCompleted, IdKey};

fn enrollment(completed: Option<&str>) -> Enrollment {
    Enrollment {
        user_id: "u-1".into(),
        course_id: "c-1".into(),
        enrollment_id: "e-1".into(),
        completion_date: completed.map(|text| text.parse().unwrap()),
        locale: Some("fr".into()),
        details: details(),
        traceparent: None,
    }
}

fn details() -> Map<String, Value> {
    Map::from_iter([("hours".to_owned(), 12.into())])
}

#[test]
fn a_completion_is_detected_once_when_its_date_appears() {
    let (open, done) = (enrollment(None), enrollment(Some("2026-11-20T14:03:21Z")));
    let moved = enrollment(Some("2026-11-21T00:00:00Z"));
    let event = CourseCompleted {
        user_id: "u-1".into(),
        course_id: "c-1".into(),
        enrollment_id: "e-1".into(),
        completed_at: "2026-11-20T14:03:21Z".parse().unwrap(),
        locale: Some("fr".into()),
        details: details(),
        traceparent: None,
    };
    assert_eq!(detect_completion(Some(&open), &done), Some(event.clone()));
    assert_eq!(detect_completion(None, &done), Some(event));
    assert_eq!(detect_completion(Some(&open), &open), None);
    assert_eq!(detect_completion(None, &open), None);
    assert_eq!(detect_completion(Some(&done), &moved), None);
    assert_eq!(detect_completion(Some(&done), &open), None);
}

#[test]
fn an_event_is_written_as_it_is_read() {
    for completed_at in ["2026-11-20T14:03:21Z", "2026-11-20T20:15:00.25-07:00"] {
        let text = format!(
            r#"{{"userId":"u-1","courseId":"c-1","enrollmentId":"e-1","completedAt":"{completed_at}"}}"#
        );
        let event: CourseCompleted = events::parse(&text).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
}

#[test]
fn the_certificate_id_is_a_standard_hmac_of_the_enrollment_id() {
    let key = IdKey::from_hex(&"0b".repeat(32)).unwrap();
    // python3 -c 'import hmac; print(hmac.new(bytes([11]*32), b"testamur certificate\0e-1",
    // "sha256").hexdigest()[:32])' with the version's and the variant's bits set as RFC 9562 says.
    assert_eq!(
        CertificateId::derive(&key, "e-1").to_string(),
        "229520cf-f31e-8123-8f1c-2f2177bde1c6"
    );
}

#[test]
fn a_key_is_64_hexadecimal_digits_and_never_printed() {
    assert!(IdKey::from_hex(&"0g".repeat(32)).is_none());
    assert!(IdKey::from_hex(&"0".repeat(63)).is_none());
    assert!(IdKey::from_hex(&"é".repeat(32)).is_none());
    assert_eq!(format!("{:?}", IdKey::new([7; 32])), "IdKey(..)");
}

#[tokio::test]
async fn memory_fulfills_the_contract_of_every_port() {
    let memory = Memory::default();
    let user = User {
        name: Name::Full("Ada Lovelace".into()),
        email: Some("ada@example.com".into()),
        locale: Some("en-GB".into()),
    };
    let course = Course {
        name: "Analytical Engines".into(),
        author: "Charles Babbage".into(),
        instructor: None,
        template: None,
        locale: None,
    };
    memory.state().users.insert("u-1".into(), user);
    memory.state().courses.insert("c-1".into(), course);
    contract::directory(&&memory).await;
    let read = async |key: &str| {
        memory
            .state()
            .objects
            .get(key)
            .map(|object| (object.bytes.clone(), Some(object.content_type.to_owned())))
    };
    contract::object_store(&&memory, read).await;
    let count_events = async |id: CertificateId| {
        let state = memory.state();
        Some(state.events.iter().filter(|event| event.certificate_id == id).count())
    };
    contract::certificate_store(&&memory, count_events).await;
    contract::delivery_log(&&memory, false).await;
    contract::suppression_list(&&memory).await;
}

#[test]
fn a_certificate_is_detected_when_its_revision_increases() {
    let first = contract::record("e-1");
    let again = CertificateRecord { revision: 2, ..first.clone() };
    assert_eq!(detect_certificate(None, &first), Some(first.certificate_generated_event()));
    assert_eq!(detect_certificate(Some(1), &again), Some(again.certificate_generated_event()));
    assert_eq!(detect_certificate(Some(1), &first), None);
}

#[tokio::test]
async fn feedback_suppresses_permanent_bounces_and_complaints_only() {
    let memory = Memory::default();
    let id = contract::record("e-1").certificate_id;
    let addresses = vec!["Ada <ada@example.com>".to_owned()];
    let process = async |event: EmailEvent| {
        process_feedback(&&memory, &event, Timestamp::UNIX_EPOCH).await.unwrap()
    };
    assert_eq!(
        process(EmailEvent::Sent { certificate_id: id, message_id: "1".into() }).await,
        FeedbackOutcome::Confirmed
    );
    assert_eq!(memory.state().deliveries[&id], None);
    let bounced = |permanent| EmailEvent::Bounced { permanent, addresses: addresses.clone() };
    assert_eq!(process(bounced(false)).await, FeedbackOutcome::Ignored);
    assert!(memory.state().suppressed.is_empty());
    assert_eq!(process(bounced(true)).await, FeedbackOutcome::Suppressed(1));
    assert_eq!(
        process(EmailEvent::Complained { addresses: addresses.clone() }).await,
        FeedbackOutcome::Suppressed(1)
    );
    let state = memory.state();
    assert_eq!(state.suppressed[&AddressHash::of("ada@example.com")], SuppressionReason::Bounce);
}

#[test]
fn a_malformed_trace_does_not_reject_an_event() {
    let event = |trace: &str| {
        let text = format!(
            r#"{{
                "userId": "u", "courseId": "c", "enrollmentId": "e",
                "completedAt": "2026-11-20T14:03:21Z", "traceparent": {trace}
            }}"#
        );
        events::parse::<CourseCompleted>(&text).unwrap().traceparent
    };
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert_eq!(event(&format!("{good:?}")).unwrap().to_string(), good);
    for bad in [
        "null",
        "7",
        "\"\"",
        "\"00-0-0-0\"",
        "[]",
        "\"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"",
    ] {
        assert_eq!(event(bad), None, "{bad}");
    }
}
