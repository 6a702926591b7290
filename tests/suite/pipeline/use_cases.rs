//! The use cases over memory: what they decide, apart from any deployment.

use jiff::Timestamp;
use serde_json::{Map, Value};
use testamur_pipeline::detect::{Enrollment, announce, detect};
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
fn a_completion_is_detected_when_its_date_appears_and_never_again() {
    let (open, done) = (enrollment(None), enrollment(Some("2026-11-20T14:03:21Z")));
    let moved = enrollment(Some("2026-11-21T00:00:00Z"));
    let event = CourseCompleted {
        user_id: "u-1".into(),
        course_id: "c-1".into(),
        enrollment_id: "e-1".into(),
        completed_at: "2026-11-20T14:03:21Z".parse::<Timestamp>().unwrap(),
        locale: Some("fr".into()),
        details: details(),
        traceparent: None,
    };
    assert_eq!(detect(Some(&open), Some(&done)), Some(event.clone()));
    assert_eq!(detect(None, Some(&done)), Some(event));
    assert_eq!(detect(Some(&open), Some(&open)), None);
    assert_eq!(detect(Some(&done), Some(&moved)), None);
    assert_eq!(detect(Some(&done), Some(&open)), None);
    assert_eq!(detect(Some(&done), None), None);
    assert_eq!(detect(None, None), None);
}

#[test]
fn an_event_is_written_as_it_is_read() {
    let text = r#"{"userId":"u-1","courseId":"c-1","enrollmentId":"e-1","completedAt":"2026-11-20T14:03:21Z"}"#;
    let event: CourseCompleted = events::parse(text).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), text);
}

#[test]
fn the_id_of_an_enrolment_is_what_another_implementation_of_the_hash_makes_it() {
    let key = IdKey::from_hex(&"0b".repeat(32)).unwrap();
    // python3 -c 'import hmac; print(hmac.new(bytes([11]*32), b"testamur certificate\0e-1", "sha256").hexdigest()[:32])'
    // with the version's and the variant's bits set as RFC 9562 says.
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
async fn memory_keeps_the_contract_of_every_port() {
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
    contract::objects(&&memory, read).await;
    let announced = async |id: CertificateId| {
        Some(
            memory
                .state()
                .announced
                .iter()
                .filter(|event| event.certificate_id == id.to_string())
                .count(),
        )
    };
    contract::records(&&memory, announced).await;
    contract::deliveries(&&memory, false).await;
    contract::suppressions(&&memory).await;
}

#[test]
fn a_certificate_is_announced_when_it_appears_and_when_it_is_issued_again() {
    let first = contract::record("e-1");
    let again = CertificateRecord { revision: 2, ..first.clone() };
    assert_eq!(announce(None, &first), Some(first.certificate_generated_event()));
    assert_eq!(announce(Some(1), &again), Some(again.certificate_generated_event()));
    assert_eq!(announce(Some(1), &first), None);
}

#[tokio::test]
async fn feedback_confirms_and_suppresses_for_good_only_what_is_for_good() {
    let memory = Memory::default();
    let id = contract::record("e-1").certificate_id;
    let addresses = vec!["Ada <ada@example.com>".to_owned()];
    let heeds = async |feedback: EmailEvent| {
        process_feedback(&&memory, &feedback, Timestamp::UNIX_EPOCH).await.unwrap()
    };
    assert_eq!(
        heeds(EmailEvent::Sent { certificate_id: id, message_id: "1".into() }).await,
        FeedbackOutcome::Confirmed
    );
    assert_eq!(memory.state().deliveries[&id], None);
    let bounced = |permanent| EmailEvent::Bounced { permanent, addresses: addresses.clone() };
    assert_eq!(heeds(bounced(false)).await, FeedbackOutcome::Ignored);
    assert!(memory.state().suppressed.is_empty());
    assert_eq!(heeds(bounced(true)).await, FeedbackOutcome::Suppressed(1));
    assert_eq!(
        heeds(EmailEvent::Complained { addresses: addresses.clone() }).await,
        FeedbackOutcome::Suppressed(1)
    );
    let state = memory.state();
    assert_eq!(state.suppressed[&AddressHash::of("ada@example.com")], SuppressionReason::Bounce);
}

#[test]
fn a_malformed_trace_is_none_and_no_reason_to_reject_an_event() {
    let event = |trace: &str| {
        let text = format!(
            r#"{{"userId":"u","courseId":"c","enrollmentId":"e","completedAt":"2026-11-20T14:03:21Z","traceparent":{trace}}}"#
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
