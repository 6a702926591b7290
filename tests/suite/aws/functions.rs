//! What all functions have in common: their example events and their configuration.

use testamur_tests::aws_emulation::{Function, InvocationOutcome, example_event};

use super::{dead_letters, paused_stack};

#[tokio::test]
async fn example_events_are_handled_by_their_functions() {
    let stack = paused_stack("examples").await;
    stack.seed_demo().await;
    let recorder = stack.record_events().await;
    for (name, queue) in [
        ("detect", "DetectDeadLetters"),
        ("issue", "CertificateDeadLetters"),
        ("schedule-mail", "ScheduleDeadLetters"),
        ("send-mail", "MailDeadLetters"),
        ("bounce", "BounceDeadLetters"),
    ] {
        let function = stack.function(name, &stack.endpoint).await;
        let mut function = function.with_variable("TESTAMUR_MAIL_DELAY", "86400");
        let outcome = function.invoke(&example_event(name, "e-example")).await;
        assert!(outcome.failures().is_empty(), "{name}: {outcome:?}");
        assert_eq!(dead_letters(&stack, queue).await, [], "{name}");
    }
    assert_eq!(recorder.details("CourseCompleted").await[0]["enrollmentId"], "e-example");
    assert_eq!(stack.certificates("u-nguyen").await.len(), 1);
    assert_eq!(stack.emails_to("tuyet@example.com").await.len(), 1);
}

#[tokio::test]
async fn a_missing_variable_is_reported_at_the_start() {
    let stack = paused_stack("unset").await;
    for (name, variable) in [
        ("detect", "TESTAMUR_BUS"),
        ("issue", "TESTAMUR_ID_KEY_SECRET"),
        ("schedule-mail", "TESTAMUR_SCHEDULE_ROLE"),
        ("send-mail", "TESTAMUR_MAIL_FROM"),
        ("bounce", "TESTAMUR_DEAD_LETTERS"),
    ] {
        let function = stack.function(name, &stack.endpoint).await.with_variable(variable, "");
        let error = start_error(function).await;
        let expected = format!("the environment variable {variable} is not set");
        assert!(error.contains(&expected), "{name}: {error}");
    }
}

#[tokio::test]
async fn an_invalid_variable_is_reported_at_the_start() {
    let stack = paused_stack("invalid").await;
    let send_mail = stack.function("send-mail", &stack.endpoint).await;
    let error = start_error(send_mail.with_variable("TESTAMUR_MAIL_FROM", "nobody")).await;
    assert!(error.contains("is not valid, use a form such as"), "{error}");
    let issue = stack.function("issue", &stack.endpoint).await;
    let error = start_error(issue.with_variable("TESTAMUR_JPEG", "tiny")).await;
    assert!(error.contains("TESTAMUR_JPEG"), "{error}");
    assert!(error.contains("expected fast or small"), "{error}");
    let issue = stack.function("issue", &stack.endpoint).await;
    let error = start_error(issue.with_variable("TESTAMUR_TIME_ZONE", "Kolkata")).await;
    assert!(error.contains("TESTAMUR_TIME_ZONE: unknown time zone"), "{error}");
    assert!(error.contains("use Asia/Kolkata"), "{error}");
}

/// Returns what a function reports if it can't start.
async fn start_error(mut function: Function) -> String {
    match function.start().await.unwrap_err() {
        InvocationOutcome::Error(error) => error.to_string(),
        _ => function.log().join("\n"),
    }
}
