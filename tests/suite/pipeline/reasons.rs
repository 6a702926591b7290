//! The reasons of failures: what they name, and that they never repeat a learner's value.

use jiff::Timestamp;
use serde_json::{Value, json};
use testamur_pipeline::disposition::RETRIES_EXHAUSTED;
use testamur_pipeline::error::chain;
use testamur_pipeline::mail::{MailComposer, MailTemplateError};
use testamur_pipeline::model::events;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::User;
use testamur_pipeline::testing::contract;
use testamur_pipeline::{
    CertificateGenerated, CourseCompleted, Disposition, Error, Rejection, TransientError,
};

const SECRET: &str = "Ada Lovelace ada@example.com";

/// Values of every JSON type that hold the secret where they can.
fn wrong_values() -> [Value; 6] {
    [json!(SECRET), json!([SECRET]), json!({ SECRET: SECRET }), json!(true), json!(7), json!(1e300)]
}

#[test]
fn a_rejected_event_never_repeats_a_value() {
    let completed = json!({
        "userId": "u", "courseId": "c", "enrollmentId": "e", "completedAt": "2026-11-20T14:03:21Z",
        "locale": "en", "details": {},
    });
    let generated = serde_json::to_value(contract::record("e").certificate_generated_event());
    let check = |event: &Value, field: &str, parse: fn(&str) -> Option<Rejection>| {
        for value in wrong_values() {
            let mut event = event.clone();
            event[field] = value;
            let Some(rejection) = parse(&event.to_string()) else { continue };
            let reason = chain(&rejection);
            assert!(reason.contains(field), "{field} is not in {reason}");
            assert!(!reason.contains("Ada") && !reason.contains("e300"), "{reason}");
        }
    };
    for field in completed.as_object().unwrap().keys() {
        check(&completed, field, |text| events::parse::<CourseCompleted>(text).err());
    }
    let generated = generated.unwrap();
    for field in generated.as_object().unwrap().keys() {
        check(&generated, field, |text| events::parse::<CertificateGenerated>(text).err());
    }
}

#[test]
fn a_malformed_certificate_id_is_a_malformed_event() {
    let mut event =
        serde_json::to_value(contract::record("e").certificate_generated_event()).unwrap();
    event["certificateId"] = json!("no-certificate");
    let rejection = events::parse::<CertificateGenerated>(&event.to_string()).unwrap_err();
    assert_eq!(rejection.code(), "bad-event");
}

#[test]
fn an_error_prints_its_cause_exactly_once() {
    let error = Error::from(TransientError::new("can't write a", "can't write a"));
    assert_eq!(chain(&error), "can't write a: can't write a");
    let source = std::io::Error::other("disk full");
    let error = Error::from(TransientError::new("can't write a", source));
    assert_eq!(
        (error.to_string(), chain(&error).as_str()),
        ("can't write a".to_owned(), "can't write a: disk full")
    );
}

#[test]
fn retries_end_with_the_last_attempt() {
    let failure = || Err::<(), _>(Error::from(TransientError::new("can't read", "no answer")));
    let reason = "can't read: no answer".to_owned();
    for attempt in [1, 2] {
        let retry = Disposition::Retry { reason: reason.clone() };
        assert_eq!(Disposition::of(failure(), attempt, 3), retry);
    }
    let dead_letter = Disposition::DeadLetter { code: RETRIES_EXHAUSTED, reason };
    assert_eq!(Disposition::of(failure(), 3, 3), dead_letter);
    assert_eq!(Disposition::of(Ok::<_, Error>(7), 3, 3), Disposition::Done(7));
}

/// Composes a message with a mail template whose body is given.
fn compose(body: &str, email: &str) -> Rejection {
    let folder = tempfile::tempdir().unwrap();
    for (part, text) in [("subject.txt", "s"), ("body.txt", body), ("body.html", "b")] {
        std::fs::write(folder.path().join(part), text).unwrap();
    }
    let composer = MailComposer::load("Testamur <mail@example.com>", folder.path()).unwrap();
    let user = User { name: Name::Full("Ada".into()), email: Some(email.into()), locale: None };
    let event = contract::record("e").certificate_generated_event();
    composer.compose(&event, &user, None, Timestamp::UNIX_EPOCH).unwrap_err()
}

#[test]
fn a_failure_to_compose_an_e_mail_names_the_place_and_no_value() {
    let address = compose("b", "not an address");
    assert_eq!(
        chain(&address),
        "the e-mail address of user u-1 is not valid (has no @): \
         correct it, then retry"
    );
    let template = compose("a\n{{ nobody }}", "ada@example.com");
    assert_eq!(
        chain(&template),
        "can't render the mail template: undefined value in body.txt, line 2"
    );
    for body in ["{{ userName + 1 }}", "{{ userName|int }}", "{{ userName.a.b }}"] {
        let reason = chain(&compose(body, "ada@example.com"));
        assert!(!reason.contains("Ada"), "{reason}");
    }
}

#[test]
fn a_broken_mail_template_fails_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let load = |from: &str| MailComposer::load(from, folder.path()).err().unwrap();
    let sender = load("nobody");
    assert!(matches!(sender, MailTemplateError::Sender { .. }));
    assert!(chain(&sender).starts_with("sender \"nobody\" is not valid"), "{}", chain(&sender));
    let missing = load("mail@example.com");
    assert!(matches!(missing, MailTemplateError::Read { .. }));
    assert!(chain(&missing).contains("subject.txt: No such file"), "{}", chain(&missing));
    std::fs::write(folder.path().join("subject.txt"), "{{").unwrap();
    let syntax = load("mail@example.com");
    assert!(matches!(syntax, MailTemplateError::Syntax { .. }));
    assert!(chain(&syntax).contains("subject.txt: syntax error"), "{}", chain(&syntax));
}
