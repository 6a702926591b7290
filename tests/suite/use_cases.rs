//! The use cases over memory: what they decide, apart from any deployment.

use jiff::Timestamp;
use serde_json::{Map, Value};
use testamur_pipeline::detect::{Enrollment, detect};
use testamur_pipeline::{CertificateId, CourseCompleted, IdKey, events};

fn enrollment(completed: Option<&str>) -> Enrollment {
    Enrollment {
        user_id: "u-1".into(),
        course_id: "c-1".into(),
        enrollment_id: "e-1".into(),
        completion_date: completed.map(|text| text.parse().unwrap()),
        locale: Some("fr".into()),
        details: details(),
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
    assert_eq!(CertificateId::derive(&key, "e-1").to_string(), "229520cf-f31e-8123-8f1c-2f2177bde1c6");
}

#[test]
fn a_key_is_64_hexadecimal_digits_and_never_printed() {
    assert!(IdKey::from_hex(&"0g".repeat(32)).is_none());
    assert!(IdKey::from_hex(&"0".repeat(63)).is_none());
    assert!(IdKey::from_hex(&"é".repeat(32)).is_none());
    assert_eq!(format!("{:?}", IdKey::new([7; 32])), "IdKey(..)");
}
