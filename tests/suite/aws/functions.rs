//! Each function as a process of its own: what it does with good and bad events, what it answers, and what it tells.

use std::time::Duration;

use serde_json::{Value, json};
use testamur_tests::aws_emulation::{
    Answer, Fault, Function, Moment, Proxy, Stack, StreamPoller, When, example_event, queue_event,
};

use super::{CERTIFICATE, batch, generated, pause_triggers};
use crate::completed;

fn envelope(detail: &Value) -> String {
    json!({ "version": "0", "detail-type": "CourseCompleted", "source": "testamur", "detail": detail }).to_string()
}

/// The reasons in a queue of dead letters: each message's code, reason and body.
async fn dead_letters(stack: &Stack, queue: &str) -> Vec<(String, String, String)> {
    let text = |message: &Value, name: &str| {
        let attribute = &message["MessageAttributes"][name];
        attribute["StringValue"]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {message}"))
            .to_owned()
    };
    let letter = |message: &Value| {
        (
            text(message, "code"),
            text(message, "reason"),
            message["Body"].as_str().unwrap().to_owned(),
        )
    };
    stack.messages(queue).await.iter().map(letter).collect()
}

/// Every line is JSON, and none holds what a learner typed. The function is ended, so that all it said is read.
fn assert_discreet(function: &mut Function) {
    function.kill();
    for line in function.log() {
        let parsed: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(parsed.is_object(), "{line}");
        for secret in ["Ada", "Lovelace", "Grace", "Hopper", "@example.com", "Analytical"] {
            assert!(!line.contains(secret), "{secret} is in {line}");
        }
    }
}

/// The values of a metric in the log of a function that has ended.
fn metric(function: &Function, name: &str) -> Vec<f64> {
    let lines =
        function.log().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let named = |line: Value| {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array()?.clone();
        metrics.iter().any(|metric| metric["Name"] == name).then(|| line[name].as_f64().unwrap())
    };
    lines.filter_map(named).collect()
}

#[tokio::test]
async fn the_example_events_are_events_of_their_functions() {
    let stack = pause_triggers("examples").await;
    stack.seed_demo().await;
    let recorder = stack.recorder().await;
    for (name, dead) in [
        ("detect", "DetectDeadLetters"),
        ("issue", "CertificateDeadLetters"),
        ("schedule-mail", "ScheduleDeadLetters"),
        ("send-mail", "MailDeadLetters"),
        ("bounce", "BounceDeadLetters"),
    ] {
        let mut function =
            stack.function(name, &stack.endpoint).await.with("TESTAMUR_MAIL_DELAY", "86400");
        assert!(
            function.invoke(&example_event(name, "e-example")).await.failures().is_empty(),
            "{name}"
        );
        assert!(
            stack.messages(dead).await.is_empty(),
            "{name}: {:?}",
            dead_letters(&stack, dead).await
        );
    }
    assert_eq!(recorder.details("CourseCompleted").await[0]["enrollmentId"], "e-example");
    assert_eq!(stack.certificates("u-nguyen").await.len(), 1);
    assert_eq!(stack.mails_to("tuyet@example.com").await.len(), 1);
}

#[tokio::test]
async fn issue_handles_each_message_of_a_batch_by_itself() {
    let stack = pause_triggers("issue").await;
    let mut issue = stack.function("issue", &stack.endpoint).await;
    let bodies = [
        envelope(&completed("u-ada", "c-1", "e-1")),
        envelope(&completed("u-nobody", "c-1", "e-2")),
        "not an event: Ada Lovelace".to_owned(),
        completed("u-grace", "c-2", "e-3").to_string(),
        envelope(&completed("u-ada", "c-1", "e-1")),
    ];
    let answer = issue.invoke(&batch(&bodies)).await;
    assert!(answer.failures().is_empty(), "{answer:?}");

    let certificates =
        [stack.certificates("u-ada").await, stack.certificates("u-grace").await].concat();
    assert_eq!(certificates.len(), 2, "{certificates:?}");
    for record in &certificates {
        let (id, digest) =
            (record["certificateId"].as_str().unwrap(), record["contentHash"].as_str().unwrap());
        let mut keys: Vec<_> =
            stack.objects_below(&format!("certificates/{id}")).await.into_iter().collect();
        keys.sort();
        let expected = ["jpg", "json", "pdf", "social-card.jpg"]
            .map(|kind| format!("certificates/{id}-{digest}.{kind}"));
        assert_eq!(keys.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), expected);
    }

    let mut letters = dead_letters(&stack, "CertificateDeadLetters").await;
    letters.sort();
    let [malformed, unknown] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((malformed.0.as_str(), malformed.2.as_str()), ("bad-event", bodies[2].as_str()));
    assert_eq!(
        malformed.1,
        "not a CourseCompleted event: not JSON: expected ident at line 1 column 2"
    );
    assert_eq!((unknown.0.as_str(), unknown.2.as_str()), ("unknown-user", bodies[1].as_str()));
    assert_eq!(unknown.1, "unknown user u-nobody: add it to the directory, then retry");

    assert_discreet(&mut issue);
    assert_eq!(metric(&issue, "Issued").len() + metric(&issue, "Duplicate").len(), 3);
    assert_eq!(metric(&issue, "Rejected"), [1.0, 1.0]);
    assert_eq!(metric(&issue, "ColdStart").len(), 1);
    assert!(
        metric(&issue, "RenderMs").iter().all(|time| *time > 0.0)
            && metric(&issue, "LatencyMs").len() == 2
    );
    let told = issue.log().join("\n");
    for id in [
        "e-1",
        "e-2",
        "e-3",
        certificates[0]["certificateId"].as_str().unwrap(),
        "\"request_id\":",
        "m-2",
    ] {
        assert!(told.contains(id), "{id} is not in\n{told}");
    }
}

#[tokio::test]
async fn what_can_t_be_done_now_is_given_back_and_the_last_time_goes_to_the_dead_letters_with_its_reason()
 {
    let stack = pause_triggers("retries").await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let mut issue = stack.function("issue", proxy.endpoint()).await;
    issue.start().await.unwrap();
    proxy.inject(When::always().of("s3"), Fault::Broken);
    let receives: u32 = stack.environment("issue").await["TESTAMUR_MAX_RECEIVES"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let body = completed("u-ada", "c-1", "e-1").to_string();
    let event = |count: u32| queue_event("queue", [("m-1", count, body.clone())]);
    for count in [1, receives - 1] {
        assert_eq!(issue.invoke(&event(count)).await.failures(), ["m-1"], "receive {count}");
    }
    assert!(stack.messages("CertificateDeadLetters").await.is_empty());
    assert!(issue.invoke(&event(receives)).await.failures().is_empty());
    let letters = dead_letters(&stack, "CertificateDeadLetters").await;
    let [(code, reason, kept)] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((code.as_str(), kept), ("unavailable", &body));
    assert!(
        reason.starts_with("can't store certificates/") && reason.contains("InternalError"),
        "{reason}"
    );

    // Not even the dead letters answer: the message stays in its queue.
    proxy.inject(When::always().of("sqs"), Fault::Broken);
    let unknown =
        queue_event("queue", [("m-2", 1, completed("u-nobody", "c-1", "e-2").to_string())]);
    assert_eq!(issue.invoke(&unknown).await.failures(), ["m-2"]);

    // Repaired and sent again, it is issued.
    proxy.clear();
    assert!(issue.invoke(&event(1)).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 1);
    assert_discreet(&mut issue);
}

#[tokio::test]
async fn near_its_deadline_a_function_answers_which_messages_are_left() {
    let stack = pause_triggers("deadline").await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let mut issue = stack.function("issue", proxy.endpoint()).await;
    issue.start().await.unwrap();
    // One of ten is held up where it stores its first object; the others are done, one of them as a dead letter.
    let mut bodies: Vec<_> = (0..9)
        .map(|number| completed("u-ada", "c-1", &format!("e-{number}")).to_string())
        .collect();
    bodies.push("{}".to_owned());
    proxy.inject(When::at(1).of("s3"), Fault::Slow(Duration::from_secs(60)));
    let answer = issue.invoke_within(&batch(&bodies), Duration::from_secs(14)).await;
    let failures = answer.failures();
    assert!(failures.len() <= 1, "the SDK tries again after five seconds: {failures:?}");
    assert_eq!(dead_letters(&stack, "CertificateDeadLetters").await.len(), 1);

    // Nothing answers any more, and no message is begun when there is no time for it.
    proxy.inject(When::always(), Fault::Slow(Duration::from_secs(60)));
    let answer = issue.invoke_within(&batch(&bodies[..2]), Duration::from_secs(12)).await;
    assert_eq!(sorted(&answer), ["m-1", "m-2"]);
    let answer = issue.invoke_within(&batch(&bodies[..2]), Duration::from_secs(4)).await;
    assert_eq!(sorted(&answer), ["m-1", "m-2"]);
    proxy.clear();
    assert!(issue.invoke(&batch(&bodies[..9])).await.failures().is_empty());
    assert_eq!(stack.certificates("u-ada").await.len(), 9);
    issue.kill();
    assert!(
        issue
            .log()
            .iter()
            .any(|line| line.contains("out of time: the function's deadline is near"))
    );
}

fn sorted(answer: &Answer) -> Vec<&str> {
    let mut failures = answer.failures();
    failures.sort_unstable();
    failures
}

#[tokio::test]
async fn near_its_deadline_detect_gives_all_changes_back() {
    let stack = pause_triggers("stream-deadline").await;
    let recorder = stack.recorder().await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let mut detect = stack.function("detect", proxy.endpoint()).await;
    detect.start().await.unwrap();
    proxy.inject(When::always(), Fault::Slow(Duration::from_secs(60)));
    let event = example_event("detect", "e-1");
    assert_eq!(detect.invoke_within(&event, Duration::from_secs(5)).await.failures(), ["111"]);
    proxy.clear();
    assert!(detect.invoke(&event).await.failures().is_empty());
    assert!(!recorder.details("CourseCompleted").await.is_empty());
}

#[tokio::test]
async fn a_function_that_is_not_set_up_says_what_is_missing_and_no_secret() {
    let stack = pause_triggers("unset").await;
    let error = async |mut function: Function| match function.start().await.unwrap_err() {
        Answer::Failed(error) => error.to_string(),
        _ => function.log().join("\n"),
    };
    for (name, variable) in [
        ("detect", "TESTAMUR_BUS"),
        ("issue", "TESTAMUR_ID_KEY_SECRET"),
        ("schedule-mail", "TESTAMUR_SCHEDULE_ROLE"),
        ("send-mail", "TESTAMUR_MAIL_FROM"),
        ("bounce", "TESTAMUR_DEAD_LETTERS"),
    ] {
        let told = error(stack.function(name, &stack.endpoint).await.with(variable, "")).await;
        assert!(
            told.contains(&format!("the environment variable {variable} is not set")),
            "{name}: {told}"
        );
    }
    let function =
        stack.function("send-mail", &stack.endpoint).await.with("TESTAMUR_MAIL_FROM", "nobody");
    let told = error(function).await;
    assert!(told.contains("can't send this e-mail: the sender"), "{told}");
    let function = stack.function("issue", &stack.endpoint).await.with("TESTAMUR_JPEG", "tiny");
    let told = error(function).await;
    assert!(told.contains("TESTAMUR_JPEG") && told.contains("expected fast or small"), "{told}");
}

#[tokio::test]
async fn detect_publishes_a_completion_once_and_later_edits_never() {
    let stack = pause_triggers("detect").await;
    let recorder = stack.recorder().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    // Some clients write nothing as an empty text.
    stack.complete("u-ada", "e-1", "").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    stack.complete("u-ada", "e-1", "2026-11-21T00:00:00Z").await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let born_complete = json!({
        "pk": "USER#u-grace", "sk": "ENROLLMENT#e-2", "type": "Enrollment",
        "userId": "u-grace", "courseId": "c-2", "enrollmentId": "e-2", "completionDate": "2026-11-20T10:00:00+01:00",
        "locale": "fr", "details": { "hours": 12, "score": 0.5 }, "traceparent": trace,
    });
    stack.put(born_complete).await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    // Without the mapping's filter, so that the function itself has to tell news from edits.
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await.unfiltered();
    for turn in stream.drain(&mut detect, 10).await {
        assert!(turn.answer.failures().is_empty(), "{turn:?}");
    }
    let events = recorder.details("CourseCompleted").await;
    let [first, second] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (&first["enrollmentId"], &first["completedAt"]),
        (&json!("e-1"), &json!("2026-11-20T14:03:21Z"))
    );
    assert_eq!(second["completedAt"], "2026-11-20T09:00:00Z");
    assert_eq!(
        (&second["locale"], &second["details"]),
        (&json!("fr"), &json!({ "hours": 12, "score": 0.5 }))
    );
    assert_eq!(second["traceparent"], trace);
    assert_discreet(&mut detect);
}

#[tokio::test]
async fn detect_reports_what_the_bus_did_not_take_and_the_stream_gives_it_again() {
    let stack = pause_triggers("partial").await;
    let recorder = stack.recorder().await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let mut detect = stack.function("detect", proxy.endpoint()).await;
    for number in 1..=3 {
        stack.enroll("u-ada", "c-1", &format!("e-{number}")).await;
        stack.complete("u-ada", &format!("e-{number}"), "2026-11-20T14:03:21Z").await;
    }
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    let failed = r#"{"ErrorCode":"ThrottlingException","ErrorMessage":"slower"}"#;
    let answer =
        format!(r#"{{"FailedEntryCount":2,"Entries":[{{"EventId":"1"}},{failed},{failed}]}}"#);
    proxy.inject(When::at(1).of("events"), Fault::Answered(200, answer));
    let turn = stream.turn(&mut detect).await.unwrap();
    assert_eq!(turn.answer.failures(), turn.handed[1..], "the second and the third");
    assert_eq!(turn.done, 1);
    proxy.inject(When::always().of("events"), Fault::Broken);
    let turn = stream.turn(&mut detect).await.unwrap();
    assert_eq!((turn.handed.len(), turn.answer.failures().len(), turn.done), (2, 2, 0));
    proxy.clear();
    assert_eq!(stream.turn(&mut detect).await.unwrap().done, 2);
    assert_eq!(
        recorder.details("CourseCompleted").await.len(),
        2,
        "the first was answered for by the proxy"
    );

    let refused =
        r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"no"}]}"#;
    stack.enroll("u-ada", "c-1", "e-4").await;
    stack.complete("u-ada", "e-4", "2026-11-20T14:03:21Z").await;
    proxy.inject(When::at(1).of("events"), Fault::Answered(200, refused.to_owned()));
    assert_eq!(stream.turn(&mut detect).await.unwrap().done, 1, "no repetition mends it");
    let letters = dead_letters(&stack, "DetectDeadLetters").await;
    let [(code, reason, _)] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(
        (code.as_str(), reason.as_str()),
        ("bad-event", "can't publish this event: MalformedDetail")
    );
}

#[tokio::test]
async fn an_enrolment_that_can_t_be_read_is_a_dead_letter_with_its_keys_and_stops_no_other() {
    let stack = pause_triggers("poison").await;
    let recorder = stack.recorder().await;
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "last Friday").await;
    stack.put(json!({ "pk": "USER#u-ada", "sk": "ENROLLMENT#e-2", "type": "Enrollment", "completionDate": "x" })).await;
    stack.enroll("u-grace", "c-2", "e-3").await;
    stack.complete("u-grace", "e-3", "2026-11-20T14:03:21Z").await;
    let mut detect = stack.function("detect", &stack.endpoint).await;
    let mut stream = StreamPoller::new(&stack.endpoint, &stack.stream().await).await;
    let turn = stream.turn(&mut detect).await.unwrap();
    assert_eq!((turn.answer.failures().len(), turn.done), (0, 3));
    assert_eq!(recorder.details("CourseCompleted").await.len(), 1);
    let mut letters = dead_letters(&stack, "DetectDeadLetters").await;
    letters.sort_by_key(|letter| letter.2.contains("e-2"));
    let [date, missing] = &letters[..] else { panic!("{letters:?}") };
    let expected =
        "not a CourseCompleted event: its completionDate is no time such as 2026-11-23T09:30:00Z";
    assert_eq!((date.0.as_str(), date.1.as_str()), ("bad-event", expected));
    assert_eq!(missing.1, "not a CourseCompleted event: its image: missing field `userId`");
    let body: Value = serde_json::from_str(&date.2).unwrap();
    assert_eq!(
        body["keys"],
        json!({ "pk": { "S": "USER#u-ada" }, "sk": { "S": "ENROLLMENT#e-1" } })
    );

    // Repaired as the manual says: without the date, then with it.
    stack.enroll("u-ada", "c-1", "e-1").await;
    stack.complete("u-ada", "e-1", "2026-11-20T14:03:21Z").await;
    stream.drain(&mut detect, 5).await;
    assert_eq!(recorder.details("CourseCompleted").await.len(), 2);
}

#[tokio::test]
async fn an_e_mail_is_scheduled_once_under_the_name_of_its_certificate() {
    let stack = pause_triggers("schedule").await;
    let mut schedule =
        stack.function("schedule-mail", &stack.endpoint).await.with("TESTAMUR_MAIL_DELAY", "86400");
    let bodies = [generated(CERTIFICATE), generated(CERTIFICATE), generated("no-certificate")];
    assert!(schedule.invoke(&batch(&bodies)).await.failures().is_empty());
    let ours =
        async || stack.scheduled().await.into_iter().filter(|name| name == CERTIFICATE).count();
    assert_eq!(ours().await, 1);
    let letters = dead_letters(&stack, "ScheduleDeadLetters").await;
    let expected = "can't send this e-mail: \"no-certificate\" is no certificate id";
    assert_eq!(
        letters,
        [("bad-mail".to_owned(), expected.to_owned(), generated("no-certificate"))]
    );
    let group = stack.resource("Schedules");
    let kept =
        stack.schedules.get_schedule().name(CERTIFICATE).group_name(group).send().await.unwrap();
    let target = kept.target.unwrap();
    let input: Value = serde_json::from_str(&target.input.unwrap()).unwrap();
    assert_eq!(input, serde_json::from_str::<Value>(&generated(CERTIFICATE)).unwrap());
    assert!(target.dead_letter_config.is_some());
    assert_discreet(&mut schedule);
}

#[tokio::test]
async fn an_e_mail_is_sent_once_and_to_no_suppressed_address() {
    let stack = pause_triggers("mail").await;
    let address = "once@example.com";
    stack.learner("u-ada", address).await;
    let mut send = stack.function("send-mail", &stack.endpoint).await;
    let event = batch(&[generated(CERTIFICATE), generated(CERTIFICATE)]);
    let failures = send.invoke(&event).await.failures().len();
    assert!(failures <= 1, "two deliveries at the same time: one waits or is done");
    assert!(send.invoke(&event).await.failures().is_empty());
    let mails = stack.mails_to(address).await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail["Subject"], "Your certificate for Analytical Engines");
    let note = stack.item(&format!("CERTIFICATE#{CERTIFICATE}"), "MAIL").await.unwrap();
    assert_eq!((&note["state"], &note["messageId"]), (&json!("sent"), &mail["MessageId"]));
    let mut bounce = stack.function("bounce", &stack.endpoint).await;
    let report = |kind: &str, body: Value| {
        let mut detail = json!({ "eventType": kind, "mail": { "messageId": "1", "tags": {} } });
        detail.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        json!({ "detail-type": "Email Bounced", "source": "aws.ses", "detail": detail }).to_string()
    };
    let bounced = |kind: &str| {
        let recipients = json!([{ "emailAddress": "Once@Example.com" }]);
        report(
            "Bounce",
            json!({ "bounce": { "bounceType": kind, "bouncedRecipients": recipients } }),
        )
    };
    let other = "0d9c8f1e-5a7b-8c3d-9e2f-000000000001";
    let opened = report("Open", json!({ "open": {} }));
    assert!(bounce.invoke(&batch(&[bounced("Transient"), opened])).await.failures().is_empty());
    assert!(send.invoke(&batch(&[generated(other)])).await.failures().is_empty());
    assert_eq!(stack.mails_to(address).await.len(), 2, "nothing for good has happened yet");
    assert!(
        bounce
            .invoke(&batch(&[bounced("Permanent"), bounced("Permanent")]))
            .await
            .failures()
            .is_empty()
    );
    let third = "0d9c8f1e-5a7b-8c3d-9e2f-000000000002";
    assert!(send.invoke(&batch(&[generated(third)])).await.failures().is_empty());
    assert_eq!(stack.mails_to(address).await.len(), 2, "a suppressed address");

    let broken = report("Bounce", json!({ "bounce": "once@example.com" }));
    assert!(bounce.invoke(&batch(&[broken])).await.failures().is_empty());
    let letters = dead_letters(&stack, "BounceDeadLetters").await;
    assert_eq!(letters[0].0, "bad-event");
    assert!(
        letters[0]
            .1
            .starts_with("not a SES feedback event: not the format of a report at line 1 column"),
        "{letters:?}"
    );
    assert_discreet(&mut send);
    assert_discreet(&mut bounce);
    assert_eq!(
        (metric(&send, "MailSent"), metric(&send, "MailSuppressed")),
        (vec![1.0, 1.0], vec![1.0])
    );
}

/// What SES reports of a message it has taken.
fn sent(certificate_id: &str) -> String {
    let mail = json!({ "messageId": "from-ses", "tags": { "certificate": [certificate_id] } });
    json!({ "source": "aws.ses", "detail": { "eventType": "Send", "mail": mail, "send": {} } })
        .to_string()
}

#[tokio::test]
async fn after_a_crash_between_ses_and_the_note_ses_is_believed_before_a_second_e_mail_is_sent() {
    let stack = pause_triggers("crash").await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let address = "crash@example.com";
    stack.learner("u-ada", address).await;
    let mut send = stack.function("send-mail", proxy.endpoint()).await;
    let mut bounce = stack.function("bounce", &stack.endpoint).await;
    let event = batch(&[generated(CERTIFICATE)]);
    send.start().await.unwrap();
    let mut held = proxy.hold(When::at(1).of("ses"), Moment::After);
    let invocation = send.begin(&event, Duration::from_secs(30)).await.unwrap();
    held.reached().await;
    send.kill();
    assert_eq!(invocation.answer().await, Answer::Died);
    drop(held);
    proxy.clear();
    assert_eq!(stack.mails_to(address).await.len(), 1, "SES has it");

    assert_eq!(
        send.invoke(&event).await.failures(),
        ["m-1"],
        "nobody knows yet, so nothing is sent"
    );
    send.kill();
    assert!(
        send.log().iter().any(|line| line.contains("an earlier attempt may still be confirmed"))
    );
    assert!(bounce.invoke(&batch(&[sent(CERTIFICATE)])).await.failures().is_empty());
    assert!(send.invoke(&event).await.failures().is_empty());
    assert_eq!(stack.mails_to(address).await.len(), 1, "SES's report was believed");
    let note = stack.item(&format!("CERTIFICATE#{CERTIFICATE}"), "MAIL").await.unwrap();
    assert_eq!((&note["state"], &note["messageId"]), (&json!("sent"), &json!("from-ses")));
}

#[tokio::test]
async fn without_a_report_the_same_e_mail_is_sent_again_and_a_refusal_lets_the_next_attempt_begin_at_once()
 {
    let stack = pause_triggers("lease").await;
    let proxy = Proxy::before(&stack.endpoint).await;
    let address = "lease@example.com";
    stack.learner("u-ada", address).await;
    let mut send = stack.function("send-mail", proxy.endpoint()).await;
    let event = batch(&[generated(CERTIFICATE)]);
    send.start().await.unwrap();
    proxy.inject(When::at(1).of("ses"), Fault::Throttled);
    assert_eq!(send.invoke(&event).await.failures(), ["m-1"]);
    proxy.inject(When::at(1).of("ses"), Fault::CutBefore);
    assert_eq!(
        send.invoke(&event).await.failures(),
        ["m-1"],
        "the turn was given back, and now SES can't be understood"
    );
    assert_eq!(
        send.invoke(&event).await.failures(),
        ["m-1"],
        "so nothing is sent for five minutes"
    );
    assert!(stack.mails_to(address).await.is_empty());
    // Which are over.
    stack
        .put(json!({
            "pk": format!("CERTIFICATE#{CERTIFICATE}"), "sk": "MAIL", "type": "Mail", "state": "pending", "pendingUntil": 0,
        }))
        .await;
    assert!(send.invoke(&event).await.failures().is_empty());
    assert_eq!(stack.mails_to(address).await.len(), 1);

    let refused =
        r#"{"__type":"MessageRejected","message":"Address u-ada@example.com is not verified"}"#;
    let other = generated("0d9c8f1e-5a7b-8c3d-9e2f-000000000001");
    proxy.inject(When::at(1).of("ses"), Fault::Answered(400, refused.to_owned()));
    assert!(send.invoke(&batch(std::slice::from_ref(&other))).await.failures().is_empty());
    let letters = dead_letters(&stack, "MailDeadLetters").await;
    let expected = "can't send this e-mail: SES refuses it: MessageRejected";
    assert_eq!(letters, [("bad-mail".to_owned(), expected.to_owned(), other.clone())]);
    assert!(send.invoke(&batch(&[other])).await.failures().is_empty());
    assert_eq!(stack.mails_to(address).await.len(), 2, "repaired and sent again");
    assert_discreet(&mut send);
}
